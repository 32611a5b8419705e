/*-------------------------------------------------------------------------
 *
 * bulk_best_row.c
 *		The bulk pass that picks the best row of each subscriber: of the CRM
 *		table, and of the device table.
 *
 * A record of the scan is a subscriber and its row (packed_row.h), by number
 * of the scanning process's dictionary or as it is.  Before the merge the
 * dictionaries are ranked, so that the better of two rows is the one with the
 * lower rank.  Results are
 *		from the scan, the landing rows, counted by row
 *		from the merge, named subscribers, one by one (those that the caller
 *			asked for), and all others, counted by row and label
 * A label is a text that the caller gives to subscribers, to count them by.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "landing/bulk_best_row.h"
#include "landing/bulk_pass.h"
#include "base/base.h"
#include "landing/row_dictionary.h"

/* a row, from a dictionary or a record */
typedef struct RankedRow
{
	const char *packed;
	uint32		length;
	uint32		rank;			/* 1 on; 0: not of a dictionary */
} RankedRow;

/* a subscriber of the partition being merged */
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
#define SH_KEY_TYPE BulkKey
#define SH_KEY key
#define SH_HASH_KEY(table, key) ((uint32) bulk_key_hash(&(key)))
#define SH_EQUAL(table, a, b) bulk_key_equal(&(a), &(b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* subscribers with the same row and label, in this process */
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

#define SEED_FILES			"seed"
#define DICTIONARY_FILES	"dictionary"

/* ---- scan ---- */

static char *
pack_row(const uint8 *ranks, int nranks, const PackedColumn *columns, Size *length)
{
	char	   *packed;

	*length = packed_row_size(nranks, columns);
	packed = palloc(*length);
	packed_row_write(packed, ranks, nranks, columns);
	return packed;
}

static char *
pack_crm_row(const PackedColumn *columns, void *argument, Size *length)
{
	uint8		ranks[CRM_RANKS];

	crm_ranks(ranks, columns, (PlausibleAges *) argument);
	return pack_row(ranks, CRM_RANKS, columns, length);
}

static char *
pack_device_row(const PackedColumn *columns, void *argument, Size *length)
{
	uint8		ranks[DEVICE_RANKS];

	device_ranks(ranks, columns);
	return pack_row(ranks, DEVICE_RANKS, columns, length);
}

static void
start_crm_scan(BulkPass *pass)
{
	BestRowState *state = pass->state;

	state->dictionary = dictionary_make(pass->shared->dictionary_memory, pack_crm_row,
										pass->shared->settings);
}

static void
start_device_scan(BulkPass *pass)
{
	BestRowState *state = pass->state;

	state->dictionary = dictionary_make(pass->shared->dictionary_memory, pack_device_row, NULL);
}

/* one row of the result */
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
 * One landing row, counted in the dictionary, or by a result of its own where
 * it is in none, or is refused.
 */
static void
scan_row(BulkPass *pass, const Datum *values, const bool *nulls)
{
	BestRowState *state = pass->state;
	char	   *packed = NULL;
	Size		packed_length = 0;
	uint32		number = dictionary_find(state->dictionary, values + 1, nulls + 1, &packed, &packed_length);
	DictionaryRow *row = number == ROW_INLINE ? NULL : dictionary_row(state->dictionary, number);
	BulkKey		key;
	bool		respelled = false;
	bool		accepted = false;
	int			partition;

	if (!nulls[0])
	{
		text	   *msisdn = DatumGetTextPP(values[0]);

		accepted = bulk_key_read_text(&key, VARDATA_ANY(msisdn), VARSIZE_ANY_EXHDR(msisdn), &respelled);
	}
	if (row != NULL && accepted)
	{
		row->rows++;
		row->respelled += respelled;
	}
	else
	{
		BestRowResult result = {.rows = 1,.refused = !accepted,.respelled = respelled};

		if (!accepted)
			result.place = pass->place;
		if (row != NULL)
			put_result(pass, NULL, row->packed, row->packed_length, &result);
		else
			put_result(pass, NULL, packed, packed_length, &result);
	}
	if (!accepted)
		return;

	partition = bulk_key_partition(&key, pass->shared->npartitions);
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
	BulkWriter *writer = bulk_writer_open(&pass->shared->files, DICTIONARY_FILES, pass->process, 1);

	dictionary_write(state->dictionary, writer);
	bulk_writer_close(writer);
	for (uint32 i = 0; i < dictionary_size(state->dictionary); i++)
	{
		DictionaryRow *row = dictionary_row(state->dictionary, i);
		BestRowResult result = {.rows = row->rows,.respelled = row->respelled};

		put_result(pass, NULL, row->packed, row->packed_length, &result);
	}
}

/*
 * The leader's own records: a subscriber that is to be named, or has a label.
 */
void
best_row_seed(BulkWriter *writer, const BulkKey *key, bool named, uint32 label)
{
	SeedRow		seed = {.label = label,.named = named};

	bulk_key_write(writer, bulk_key_partition(key, writer->npartitions), key, &seed, sizeof(seed));
}

BulkWriter *
best_row_seed_writer(BulkShared *shared)
{
	return bulk_writer_open(&shared->files, SEED_FILES, 0, shared->npartitions);
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
 * Read all processes' dictionaries, and rank their rows; rows that differ in
 * how they were stored only share a rank.
 */
static void
start_merge(BulkPass *pass)
{
	BestRowState *state = pass->state;
	int			nprocesses = pg_atomic_read_u32(&pass->shared->scanners);
	UnrankedRow *rows = palloc(sizeof(UnrankedRow) * 1024);
	uint32		nrows = 0;
	uint32		capacity = 1024;

	state->rank_of = palloc(sizeof(uint32 *) * nprocesses);
	for (int i = 0; i < nprocesses; i++)
	{
		BulkReader	reader;
		uint32		number = 0;

		bulk_reader_open(&reader, &pass->shared->files, DICTIONARY_FILES, i, 1, 0);
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

/* find a subscriber, or make one; its text, if it is one, is copied then */
static Subscriber *
find_subscriber(subscriber_hash *subscribers, const BulkKey *key)
{
	bool		found;
	Subscriber *subscriber = subscriber_insert(subscribers, *key, &found);

	if (!found)
	{
		subscriber->best = NULL;
		subscriber->rows = 0;
		subscriber->label = 0;
		subscriber->named = false;
		if (key->text != NULL)
		{
			char	   *text = palloc(key->length + 1);

			memcpy(text, key->text, key->length);
			subscriber->key.text = text;
		}
	}
	return subscriber;
}

static void
read_seeds(BulkPass *pass, subscriber_hash *subscribers, int partition)
{
	BulkReader	reader;
	BulkKey		key;

	bulk_reader_open(&reader, &pass->shared->files, SEED_FILES, 0, pass->shared->npartitions, partition);
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

/* a row that its record brings with it */
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
 * A hash table with room for a subscriber a record of so many bytes, so that
 * it does not have to grow; within the memory that a partition is meant for.
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
	int			nprocesses = pg_atomic_read_u32(&pass->shared->scanners);
	int64		bytes;
	BulkReader *readers = bulk_open_records(pass, partition, &bytes);
	subscriber_hash *subscribers = make_subscribers(bytes);
	subscriber_iterator iterator;
	Subscriber *subscriber;

	if (pass->shared->seeded)
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

/* the counts of this process */
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
	.column_names = crm_columns,
	.state_size = sizeof(BestRowState),
	.start_scan = start_crm_scan,
	.scan_row = scan_row,
	.end_scan = end_scan,
	.start_merge = start_merge,
	.merge_partition = merge_partition,
	.end_merge = end_merge
};

const BulkJob best_device_row_job = {
	.column_names = device_columns,
	.state_size = sizeof(BestRowState),
	.start_scan = start_device_scan,
	.scan_row = scan_row,
	.end_scan = end_scan,
	.start_merge = start_merge,
	.merge_partition = merge_partition,
	.end_merge = end_merge
};
