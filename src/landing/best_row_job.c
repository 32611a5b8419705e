/*-------------------------------------------------------------------------
 *
 * best_row_job.c
 *		The bulk pass that picks the best row of each subscriber: of the CRM
 *		table, or of the device table.
 *
 * A record of the scan is a subscriber and its row (packed_row.h): either the
 * row's number in the dictionary of the scanning process, or the row itself.
 * Before the merge the dictionaries are ranked, so that the better of two rows
 * is the one of lower rank.  Results are
 *		from the scan, the landing rows, counted by row
 *		from the merge, the subscribers that the caller asked for by name, one
 *			by one; and all others, counted by row and label
 * A label is a text that the caller gives to subscribers, to count them by.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "landing/best_row_job.h"
#include "landing/row_dictionary.h"

PGDLLEXPORT void leakage_best_crm_row_worker(dsm_segment *segment, shm_toc *toc);
PGDLLEXPORT void leakage_best_device_row_worker(dsm_segment *segment, shm_toc *toc);

/* a record of the leader's, after its key: what the caller says of a subscriber */
typedef struct SeedRow
{
	uint32		label;			/* 0: none */
	uint32		named;
} SeedRow;

/* a row, from a dictionary or a record */
typedef struct RankedRow
{
	const char *packed;
	uint32		length;
	uint32		rank;			/* from 1 on; 0: not in a dictionary */
} RankedRow;

/* a subscriber of the partition that is merged */
typedef struct Subscriber
{
	BulkKey		key;
	const RankedRow *best;		/* NULL: no row */
	int64		rows;
	uint32		label;
	bool		named;
	char		status;
} Subscriber;

#define SH_PREFIX subscriber
#define SH_ELEMENT_TYPE Subscriber
#include "landing/bulk_key_hash.h"

/* subscribers with the same row and label, counted by one process */
typedef struct CountKey
{
	uint32		rank;
	uint32		label;
} CountKey;

typedef struct Count
{
	CountKey	key;
	int64		subscribers;
	int64		duplicates;
	char		status;
} Count;

#define SH_PREFIX count
#define SH_ELEMENT_TYPE Count
#define SH_KEY_TYPE CountKey
#define SH_KEY key
#define SH_HASH_KEY(table, key) ((key).rank * 0x9E3779B1U ^ (key).label * 0x85EBCA6BU)
#define SH_EQUAL(table, a, b) ((a).rank == (b).rank && (a).label == (b).label)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct BestRowState
{
	/* scan */
	RowDictionary *dictionary;

	/* merge */
	RankedRow  *ranked;			/* by rank, from 1 on */
	uint32		nranked;
	uint32	  **rank_of;		/* by scanning process and number */
	count_hash *counts;
} BestRowState;

/* ---- scan ---- */

static void
start_scan(BulkPass *pass, const PackedRowKind *kind)
{
	BestRowState *state = pass->state;

	state->dictionary = dictionary_make((Size) work_mem * 1024 / 4, kind, pass->settings);
}

static void
start_crm_scan(BulkPass *pass)
{
	start_scan(pass, &packed_crm);
}

static void
start_device_scan(BulkPass *pass)
{
	start_scan(pass, &packed_device);
}

/* "key" is NULL for a result that counts many */
static void
put_result(BulkPass *pass, const BulkKey *key, const char *packed, Size packed_length, BestRowResult *result)
{
	result->named = (key != NULL);
	result->packed_length = packed_length;
	bulk_write(pass->results, 0, result, sizeof(*result));
	if (key != NULL)
		bulk_key_write(pass->results, 0, key, NULL, 0);
	bulk_write(pass->results, 0, packed, packed_length);
}

/*
 * Count one landing row: in the dictionary, or by a result of its own where
 * the dictionary does not have it, or where it is refused.
 */
static void
count_row(BulkPass *pass, DictionaryRow *row, const char *packed, Size packed_length,
		  bool accepted, bool respelled)
{
	BestRowResult result = {.rows = 1,.refused = !accepted,.respelled = respelled};

	if (row != NULL && accepted)
	{
		row->rows++;
		row->respelled += respelled;
		return;
	}
	if (!accepted)
		result.place = pass->place;
	put_result(pass, NULL, packed, packed_length, &result);
}

static void
scan_row(BulkPass *pass, const StoredValue *values)
{
	BestRowState *state = pass->state;
	DictionaryRow *row = NULL;
	char	   *packed = NULL;
	Size		packed_length = 0;
	uint32		number = dictionary_find(state->dictionary, values + 1, &packed, &packed_length);
	BulkKey		key;
	bool		respelled;
	bool		accepted = bulk_key_read(&key, landing_value(values[0]), &respelled) == NULL;
	int			partition;

	if (number != ROW_INLINE)
		row = dictionary_row(state->dictionary, number);
	if (row != NULL)
		count_row(pass, row, row->packed, row->packed_length, accepted, respelled);
	else
		count_row(pass, NULL, packed, packed_length, accepted, respelled);
	if (!accepted)
		return;

	partition = bulk_key_partition(&key, pass->npartitions);
	bulk_key_write(pass->records, partition, &key, &number, sizeof(number));
	if (row == NULL)
	{
		uint32		length = packed_length;

		bulk_write(pass->records, partition, &length, sizeof(length));
		bulk_write(pass->records, partition, packed, packed_length);
	}
}

static void
end_scan(BulkPass *pass)
{
	BestRowState *state = pass->state;
	BulkWriter *notes = bulk_notes_create(pass);

	dictionary_write(state->dictionary, notes);
	bulk_writer_close(notes);
	for (uint32 i = 0; i < dictionary_size(state->dictionary); i++)
	{
		DictionaryRow *row = dictionary_row(state->dictionary, i);
		BestRowResult result = {.rows = row->rows,.respelled = row->respelled};

		put_result(pass, NULL, row->packed, row->packed_length, &result);
	}
}

void
best_row_seed(BulkWriter *seeds, const BulkKey *key, bool named, uint32 label)
{
	SeedRow		seed = {.label = label,.named = named};

	bulk_key_write(seeds, bulk_key_partition(key, seeds->npartitions), key, &seed, sizeof(seed));
}

/* ---- merge ---- */

typedef struct UnrankedRow
{
	DictionaryRow row;
	int			process;
	uint32		number;
} UnrankedRow;

static int
compare_unranked(const void *a, const void *b)
{
	const DictionaryRow *x = &((const UnrankedRow *) a)->row;
	const DictionaryRow *y = &((const UnrankedRow *) b)->row;

	return packed_row_compare(x->packed, x->packed_length, y->packed, y->packed_length);
}

/*
 * Read the dictionaries of all processes, and rank their rows.  Rows that only
 * differ in how they were stored share a rank.
 */
static void
start_merge(BulkPass *pass)
{
	BestRowState *state = pass->state;
	int			nprocesses = bulk_scanners(pass);
	UnrankedRow *rows = palloc(sizeof(UnrankedRow) * 1024);
	uint32		nrows = 0;
	uint32		capacity = 1024;

	state->rank_of = palloc(sizeof(uint32 *) * nprocesses);
	for (int i = 0; i < nprocesses; i++)
	{
		BulkReader	reader;
		uint32		number = 0;

		bulk_notes_open(pass, i, &reader);
		for (;;)
		{
			if (nrows == capacity)
			{
				capacity *= 2;
				rows = repalloc_huge(rows, sizeof(UnrankedRow) * capacity);
			}
			if (!dictionary_read_row(&reader, &rows[nrows].row))
				break;
			rows[nrows].process = i;
			rows[nrows].number = number++;
			nrows++;
		}
		bulk_reader_close(&reader);
		state->rank_of[i] = palloc(sizeof(uint32) * Max(number, 1));
	}

	qsort(rows, nrows, sizeof(UnrankedRow), compare_unranked);
	state->ranked = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(RankedRow) * (nrows + 1));
	for (uint32 i = 0; i < nrows; i++)
	{
		RankedRow  *ranked = &state->ranked[state->nranked];

		if (i == 0 || compare_unranked(&rows[i - 1], &rows[i]) != 0)
		{
			ranked = &state->ranked[++state->nranked];
			memset(ranked, 0, sizeof(*ranked));
			ranked->packed = rows[i].row.packed;
			ranked->length = rows[i].row.packed_length;
			ranked->rank = state->nranked;
		}
		state->rank_of[rows[i].process][rows[i].number] = state->nranked;
	}
	pfree(rows);
	state->counts = count_create(CurrentMemoryContext, 1024, NULL);
}

static bool
is_better(const RankedRow *a, const RankedRow *b)
{
	if (b == NULL)
		return true;
	if (a->rank > 0 && b->rank > 0)
		return a->rank < b->rank;
	return packed_row_compare(a->packed, a->length, b->packed, b->length) < 0;
}

static Subscriber *
find_subscriber(subscriber_hash *subscribers, const BulkKey *key)
{
	bool		found;
	Subscriber *subscriber = subscriber_insert(subscribers, *key, &found);

	if (!found)
	{
		bulk_key_keep(&subscriber->key);
		subscriber->best = NULL;
		subscriber->rows = 0;
		subscriber->label = 0;
		subscriber->named = false;
	}
	return subscriber;
}

static void
read_seeds(BulkPass *pass, subscriber_hash *subscribers, int partition)
{
	BulkReader	reader;
	BulkKey		key;

	if (!bulk_seeds_open(pass, partition, &reader))
		return;
	while (bulk_key_next(&reader, &key))
	{
		Subscriber *subscriber = find_subscriber(subscribers, &key);
		SeedRow		seed;

		memcpy(&seed, bulk_read_rest(&reader, sizeof(seed)), sizeof(seed));
		subscriber->named |= seed.named;
		if (seed.label > 0)
			subscriber->label = seed.label;
	}
	bulk_reader_close(&reader);
}

/* a row that is in its record */
static RankedRow *
read_inline_row(BulkReader *reader)
{
	RankedRow  *row = palloc0(sizeof(RankedRow));
	char	   *packed;

	memcpy(&row->length, bulk_read_rest(reader, sizeof(row->length)), sizeof(row->length));
	packed = palloc(row->length);
	memcpy(packed, bulk_read_rest(reader, row->length), row->length);
	row->packed = packed;
	return row;
}

static void
read_rows(BulkPass *pass, subscriber_hash *subscribers, BulkReader *reader, const uint32 *rank_of)
{
	BestRowState *state = pass->state;
	BulkKey		key;

	while (bulk_key_next(reader, &key))
	{
		Subscriber *subscriber = find_subscriber(subscribers, &key);
		const RankedRow *row;
		uint32		number;

		CHECK_FOR_INTERRUPTS();
		memcpy(&number, bulk_read_rest(reader, sizeof(number)), sizeof(number));
		row = number == ROW_INLINE ?
			read_inline_row(reader) :
			&state->ranked[rank_of[number]];
		subscriber->rows++;
		if (is_better(row, subscriber->best))
			subscriber->best = row;
	}
	bulk_reader_close(reader);
}

/*
 * A hash table with room for one subscriber per record, so that it does not
 * have to grow, within the memory that a partition is meant for.
 */
static subscriber_hash *
make_subscribers(int64 bytes)
{
	int64		records = bytes / (1 + PACKED_KEY_BYTES + sizeof(uint32)) + 1;
	int64		most = (int64) work_mem * 1024 / 2 / sizeof(Subscriber);

	return subscriber_create(CurrentMemoryContext, Min(records, most), NULL);
}

static void
merge_partition(BulkPass *pass, int partition)
{
	BestRowState *state = pass->state;
	int			nprocesses = bulk_scanners(pass);
	int64		bytes;
	BulkReader *readers = bulk_open_records(pass, partition, &bytes);
	subscriber_hash *subscribers = make_subscribers(bytes);
	subscriber_iterator iterator;
	Subscriber *subscriber;

	read_seeds(pass, subscribers, partition);
	for (int i = 0; i < nprocesses; i++)
		read_rows(pass, subscribers, &readers[i], state->rank_of[i]);

	subscriber_start_iterate(subscribers, &iterator);
	while ((subscriber = subscriber_iterate(subscribers, &iterator)) != NULL)
	{
		const RankedRow *best = subscriber->best;
		BestRowResult result = {0};

		if (best == NULL)
			continue;
		result.subscribers = 1;
		result.duplicates = subscriber->rows - 1;
		result.label = subscriber->label;
		if (subscriber->named)
			put_result(pass, &subscriber->key, best->packed, best->length, &result);
		else if (best->rank == 0)
			put_result(pass, NULL, best->packed, best->length, &result);
		else
		{
			CountKey	key = {best->rank, subscriber->label};
			bool		found;
			Count	   *count = count_insert(state->counts, key, &found);

			if (!found)
				count->subscribers = count->duplicates = 0;
			count->subscribers++;
			count->duplicates += result.duplicates;
		}
	}
}

static void
end_merge(BulkPass *pass)
{
	BestRowState *state = pass->state;
	count_iterator iterator;
	Count	   *count;

	count_start_iterate(state->counts, &iterator);
	while ((count = count_iterate(state->counts, &iterator)) != NULL)
	{
		const RankedRow *row = &state->ranked[count->key.rank];
		BestRowResult result = {0};

		result.subscribers = count->subscribers;
		result.duplicates = count->duplicates;
		result.label = count->key.label;
		put_result(pass, NULL, row->packed, row->length, &result);
	}
}

static const char *const crm_columns[] = {
	"msisdn", "gender", "year_of_birth", "system_status", "mobile_type", "value_segment", NULL
};

static const char *const device_columns[] = {
	"msisdn", "imei_tac", "brand_name", "model_name", "os_name", "os_vendor", NULL
};

const BulkJob best_crm_row_job = {
	.worker = "leakage_best_crm_row_worker",
	.columns = crm_columns,
	.state_size = sizeof(BestRowState),
	.start_scan = start_crm_scan,
	.scan_row = scan_row,
	.end_scan = end_scan,
	.start_merge = start_merge,
	.merge_partition = merge_partition,
	.end_merge = end_merge
};

const BulkJob best_device_row_job = {
	.worker = "leakage_best_device_row_worker",
	.columns = device_columns,
	.state_size = sizeof(BestRowState),
	.start_scan = start_device_scan,
	.scan_row = scan_row,
	.end_scan = end_scan,
	.start_merge = start_merge,
	.merge_partition = merge_partition,
	.end_merge = end_merge
};

void
leakage_best_crm_row_worker(dsm_segment *segment, shm_toc *toc)
{
	bulk_worker_main(&best_crm_row_job, toc);
}

void
leakage_best_device_row_worker(dsm_segment *segment, shm_toc *toc)
{
	bulk_worker_main(&best_device_row_job, toc);
}
