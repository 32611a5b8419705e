/*-------------------------------------------------------------------------
 *
 * best_row_job.c
 *		The bulk passes that pick the best row of each subscriber.
 *
 * A record of the scan is a subscriber and its row (packed_row.h): either the
 * row's number in the dictionary of the scanning process, or the row itself.
 * The merge compares rows by rank (row_ranking.h).  The leader's own records
 * are the subscribers that it wants by name.  Results are
 *		from the scan, the landing rows, counted by row
 *		from the merge, the subscribers asked for by name, one by one; and all
 *			others, counted by row and region
 *
 * The attribute table is a second source of the pass over CRM, so that its
 * best row meets that of the CRM where both are at hand.  Its two columns have
 * a dictionary each: they have few texts, but many combinations.  Its rows are
 * counted by region only.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "landing/best_row_job.h"
#include "landing/row_dictionary.h"
#include "landing/row_ranking.h"

PGDLLEXPORT void leakage_best_crm_row_worker(dsm_segment *segment, shm_toc *toc);
PGDLLEXPORT void leakage_best_device_row_worker(dsm_segment *segment, shm_toc *toc);

/* a record of SOURCE_ROWS, after its key; the row follows where it is ROW_INLINE */
typedef struct RowRecord
{
	uint32		row;
} RowRecord;

/* a record of SOURCE_ATTRIBUTES, likewise */
typedef struct AttributeRecord
{
	uint32		region;
	uint32		date;
} AttributeRecord;

/* a subscriber of the partition that is merged */
typedef struct Subscriber
{
	BulkKey		key;
	const RankedRow *best;		/* NULL: no row */
	const RankedRow *region;	/* of the best attribute row; NULL: no such row */
	const RankedRow *date;
	uint32		rows;
	uint32		attribute_rows;
	bool		named;
	char		status;
} Subscriber;

#define SH_PREFIX subscriber
#define SH_ELEMENT_TYPE Subscriber
#include "landing/bulk_key_hash.h"

/* subscribers with the same row and region, counted by one process */
typedef struct CountKey
{
	uint32		row;			/* rank */
	uint32		region;			/* rank; 0: no attribute row */
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
#define SH_HASH_KEY(table, key) ((key).row * 0x9E3779B1U ^ (key).region * 0x85EBCA6BU)
#define SH_EQUAL(table, a, b) ((a).row == (b).row && (a).region == (b).region)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct BestRowState
{
	/* scan */
	RowDictionary *rows;
	RowDictionary *regions;		/* of the attribute table, as are the dates */
	RowDictionary *dates;
	int64		undated;

	/* merge */
	RowRanking	row_ranking;
	count_hash *counts;
	RowRanking	region_ranking;
	RowRanking	date_ranking;
	BestRowResult attributes;	/* counts over all subscribers */
} BestRowState;

/* "key" is NULL for a result that counts many; the others for what it does not have */
static void
put_result(BulkPass *pass, BestRowResult *result, const BulkKey *key,
		   const RankedRow *row, const RankedRow *region, const RankedRow *date)
{
	result->named = (key != NULL);
	result->packed_length = row == NULL ? 0 : row->length;
	result->region_length = region == NULL ? 0 : region->length;
	result->date_length = date == NULL ? 0 : date->length;
	bulk_write(pass->results, 0, result, sizeof(*result));
	if (key != NULL)
		bulk_key_write(pass->results, 0, key, NULL, 0);
	if (row != NULL)
		bulk_write(pass->results, 0, row->packed, row->length);
	if (region != NULL)
		bulk_write(pass->results, 0, region->packed, region->length);
	if (date != NULL)
		bulk_write(pass->results, 0, date->packed, date->length);
}

/* ---- scan ---- */

static void
start_crm_scan(BulkPass *pass)
{
	BestRowState *state = pass->state;
	Size		memory = (Size) work_mem * 1024;

	state->rows = dictionary_make(memory / 4, &packed_crm, pass->settings);
	state->regions = dictionary_make(memory / 8, &packed_region, NULL);
	state->dates = dictionary_make(memory / 8, &packed_date, NULL);
}

static void
start_device_scan(BulkPass *pass)
{
	BestRowState *state = pass->state;

	state->rows = dictionary_make((Size) work_mem * 1024 / 4, &packed_device, NULL);
}

/* landing rows that the scan counts, by row or by region */
static void
put_scanned(BulkPass *pass, BestRowResult *result, const char *packed, uint32 length)
{
	RankedRow	row = {.packed = packed,.length = length};

	if (result->source == SOURCE_ROWS)
		put_result(pass, result, NULL, &row, NULL, NULL);
	else
		put_result(pass, result, NULL, NULL, &row, NULL);
}

/*
 * Count one landing row: in the dictionary, or by a result of its own where
 * the dictionary does not have it, or where it is refused.
 */
static void
count_row(BulkPass *pass, const FoundRow *found, bool accepted, bool respelled)
{
	BestRowResult result = {.rows = 1,.refused = !accepted,.respelled = respelled,.source = pass->source};

	if (found->row != NULL && accepted)
	{
		found->row->rows++;
		found->row->respelled += respelled;
		return;
	}
	if (!accepted)
		result.place = pass->place;
	if (found->row != NULL)
		put_scanned(pass, &result, found->row->packed, found->row->packed_length);
	else
		put_scanned(pass, &result, found->packed, found->packed_length);
}

static void
scan_row(BulkPass *pass, const StoredValue *values)
{
	BestRowState *state = pass->state;
	FoundRow	found = dictionary_find(state->rows, values + 1);
	RowRecord	record = {.row = found.number};
	BulkKey		key;
	bool		respelled;
	bool		accepted = bulk_key_read(&key, landing_value(values[0]), &respelled) == NULL;
	int			place;

	count_row(pass, &found, accepted, respelled);
	if (!accepted)
		return;
	place = bulk_record_place(pass, &key);
	bulk_key_write(pass->records, place, &key, &record, sizeof(record));
	found_row_write(pass->records, place, &found);
}

static void
scan_attribute(BulkPass *pass, const StoredValue *values)
{
	BestRowState *state = pass->state;
	FoundRow	region = dictionary_find(state->regions, &values[1]);
	FoundRow	date = dictionary_find(state->dates, &values[2]);
	AttributeRecord record = {.region = region.number,.date = date.number};
	BulkKey		key;
	bool		accepted = bulk_key_read(&key, landing_value(values[0]), NULL) == NULL;
	int			place;

	state->undated += date.rank;
	count_row(pass, &region, accepted, false);
	if (!accepted)
		return;
	place = bulk_record_place(pass, &key);
	bulk_key_write(pass->records, place, &key, &record, sizeof(record));
	found_row_write(pass->records, place, &region);
	found_row_write(pass->records, place, &date);
}

static void
put_dictionary(BulkPass *pass, RowDictionary *dictionary, int source)
{
	for (uint32 i = 0; i < dictionary_size(dictionary); i++)
	{
		DictionaryRow *row = dictionary_row(dictionary, i);
		BestRowResult result = {.rows = row->rows,.respelled = row->respelled,.source = source};

		put_scanned(pass, &result, row->packed, row->packed_length);
	}
}

static void
end_scan(BulkPass *pass)
{
	BestRowState *state = pass->state;
	BulkWriter *notes = bulk_notes_create(pass);

	dictionary_write(state->rows, notes);
	put_dictionary(pass, state->rows, SOURCE_ROWS);
	if (bulk_has_source(pass, SOURCE_ATTRIBUTES))
	{
		BestRowResult result = {.undated = state->undated,.source = SOURCE_ATTRIBUTES};

		dictionary_write(state->regions, notes);
		dictionary_write(state->dates, notes);
		put_dictionary(pass, state->regions, SOURCE_ATTRIBUTES);
		put_result(pass, &result, NULL, NULL, NULL, NULL);
	}
	bulk_writer_close(notes);
}

/* ---- merge ---- */

static void
start_merge(BulkPass *pass)
{
	BestRowState *state = pass->state;
	int			nprocesses = bulk_scanners(pass);
	BulkReader *notes = palloc(sizeof(BulkReader) * nprocesses);

	for (int i = 0; i < nprocesses; i++)
		bulk_notes_open(pass, i, &notes[i]);
	ranking_read(&state->row_ranking, notes, nprocesses);
	if (bulk_has_source(pass, SOURCE_ATTRIBUTES))
	{
		ranking_read(&state->region_ranking, notes, nprocesses);
		ranking_read(&state->date_ranking, notes, nprocesses);
	}
	for (int i = 0; i < nprocesses; i++)
		bulk_reader_close(&notes[i]);
	state->counts = count_create(CurrentMemoryContext, 1024, NULL);
	state->attributes.source = SOURCE_ATTRIBUTES;
}

static Subscriber *
find_subscriber(subscriber_hash *subscribers, const BulkKey *key)
{
	bool		found;
	Subscriber *subscriber = subscriber_insert(subscribers, *key, &found);

	if (!found)
	{
		bulk_key_keep(&subscriber->key);
		subscriber->best = subscriber->region = subscriber->date = NULL;
		subscriber->rows = subscriber->attribute_rows = 0;
		subscriber->named = false;
	}
	return subscriber;
}

static void
count_one(uint32 *rows)
{
	if (++*rows == 0)
		landing_unreadable("A subscriber has more than 4294967295 rows.");
}

static void
read_seeds(BulkPass *pass, subscriber_hash *subscribers, int partition)
{
	BulkReader	reader;
	BulkKey		key;

	if (!bulk_seeds_open(pass, partition, &reader))
		return;
	while (bulk_key_next(&reader, &key))
		find_subscriber(subscribers, &key)->named = true;
	bulk_reader_close(&reader);
}

/* the row that a record of this process names, or has in it */
static inline const RankedRow *
read_row(const RowRanking *ranking, int process, uint32 number, BulkReader *reader)
{
	return number == ROW_INLINE ?
		ranking_read_inline(reader) :
		&ranking->rows[ranking->rank_of[process][number]];
}

static void
read_rows(BulkPass *pass, subscriber_hash *subscribers, BulkReader *reader, int process)
{
	BestRowState *state = pass->state;
	BulkKey		key;

	while (bulk_key_next(reader, &key))
	{
		Subscriber *subscriber = find_subscriber(subscribers, &key);
		RowRecord	record;
		const RankedRow *row;

		CHECK_FOR_INTERRUPTS();
		memcpy(&record, bulk_read_rest(reader, sizeof(record)), sizeof(record));
		row = read_row(&state->row_ranking, process, record.row, reader);
		count_one(&subscriber->rows);
		if (subscriber->best == NULL || ranking_compare(row, subscriber->best) < 0)
			subscriber->best = row;
	}
}

/*
 * Of attribute rows the better one is the one with a region, then with a date,
 * then the first by region and date.
 */
static bool
is_better_attribute(const Subscriber *subscriber, const RankedRow *region, const RankedRow *date)
{
	int			order;

	if (subscriber->region == NULL)
		return true;
	order = region->packed[0] - subscriber->region->packed[0];
	if (order == 0)
		order = date->packed[0] - subscriber->date->packed[0];
	if (order == 0)
		order = ranking_compare(region, subscriber->region);
	if (order == 0)
		order = ranking_compare(date, subscriber->date);
	return order < 0;
}

static void
read_attributes(BulkPass *pass, subscriber_hash *subscribers, BulkReader *reader, int process)
{
	BestRowState *state = pass->state;
	BulkKey		key;

	while (bulk_key_next(reader, &key))
	{
		Subscriber *subscriber = find_subscriber(subscribers, &key);
		AttributeRecord record;
		const RankedRow *region;
		const RankedRow *date;

		CHECK_FOR_INTERRUPTS();
		memcpy(&record, bulk_read_rest(reader, sizeof(record)), sizeof(record));
		region = read_row(&state->region_ranking, process, record.region, reader);
		date = read_row(&state->date_ranking, process, record.date, reader);
		count_one(&subscriber->attribute_rows);
		if (is_better_attribute(subscriber, region, date))
		{
			subscriber->region = region;
			subscriber->date = date;
		}
	}
}

/* read what all processes wrote of a source */
static void
read_source(BulkPass *pass, subscriber_hash *subscribers, BulkReader *readers, int source)
{
	for (int i = 0; i < bulk_scanners(pass); i++)
	{
		if (source == SOURCE_ROWS)
			read_rows(pass, subscribers, &readers[i], i);
		else
			read_attributes(pass, subscribers, &readers[i], i);
		bulk_reader_close(&readers[i]);
	}
}

/*
 * A hash table with room for one subscriber per record, so that it does not
 * have to grow, within the memory that a partition is meant for.
 */
static subscriber_hash *
make_subscribers(int64 bytes)
{
	int64		records = bytes / (1 + PACKED_KEY_BYTES + sizeof(RowRecord)) + 1;
	int64		most = (int64) work_mem * 1024 / 2 / sizeof(Subscriber);

	return subscriber_create(CurrentMemoryContext, Min(records, most), NULL);
}

/*
 * Put or count one subscriber.  Only ranked rows can be counted together.
 */
static void
finish_subscriber(BulkPass *pass, const Subscriber *subscriber)
{
	BestRowState *state = pass->state;
	const RankedRow *region = subscriber->region;

	if (subscriber->attribute_rows > 0)
	{
		state->attributes.subscribers++;
		state->attributes.duplicates += subscriber->attribute_rows - 1;
	}
	if (subscriber->best == NULL)
		return;
	if (!subscriber->named && subscriber->best->rank > 0 && (region == NULL || region->rank > 0))
	{
		CountKey	key = {subscriber->best->rank, region == NULL ? 0 : region->rank};
		bool		found;
		Count	   *count = count_insert(state->counts, key, &found);

		if (!found)
			count->subscribers = count->duplicates = 0;
		count->subscribers++;
		count->duplicates += subscriber->rows - 1;
	}
	else
	{
		BestRowResult result = {.subscribers = 1,.duplicates = subscriber->rows - 1};

		if (subscriber->named)
			put_result(pass, &result, &subscriber->key, subscriber->best, region, subscriber->date);
		else
			put_result(pass, &result, NULL, subscriber->best, region, NULL);
	}
}

static void
merge_partition(BulkPass *pass, int partition)
{
	int64		bytes;
	BulkReader *rows = bulk_open_records(pass, SOURCE_ROWS, partition, &bytes);
	subscriber_hash *subscribers = make_subscribers(bytes);
	subscriber_iterator iterator;
	Subscriber *subscriber;

	read_seeds(pass, subscribers, partition);
	read_source(pass, subscribers, rows, SOURCE_ROWS);
	if (bulk_has_source(pass, SOURCE_ATTRIBUTES))
		read_source(pass, subscribers, bulk_open_records(pass, SOURCE_ATTRIBUTES, partition, &bytes),
					SOURCE_ATTRIBUTES);

	subscriber_start_iterate(subscribers, &iterator);
	while ((subscriber = subscriber_iterate(subscribers, &iterator)) != NULL)
		finish_subscriber(pass, subscriber);
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
		BestRowResult result = {.subscribers = count->subscribers,.duplicates = count->duplicates};

		put_result(pass, &result, NULL, &state->row_ranking.rows[count->key.row],
				   count->key.region == 0 ? NULL : &state->region_ranking.rows[count->key.region], NULL);
	}
	if (bulk_has_source(pass, SOURCE_ATTRIBUTES))
		put_result(pass, &state->attributes, NULL, NULL, NULL, NULL);
}

static const char *const crm_columns[] = {
	"msisdn", "gender", "year_of_birth", "system_status", "mobile_type", "value_segment", NULL
};

static const char *const attribute_columns[] = {"msisdn", "region", "activated_on", NULL};

static const char *const device_columns[] = {
	"msisdn", "imei_tac", "brand_name", "model_name", "os_name", "os_vendor", NULL
};

const BulkJob best_crm_row_job = {
	.worker = "leakage_best_crm_row_worker",
	.nsources = 2,
	.sources = {{crm_columns, scan_row}, {attribute_columns, scan_attribute}},
	.state_size = sizeof(BestRowState),
	.start_scan = start_crm_scan,
	.end_scan = end_scan,
	.start_merge = start_merge,
	.merge_partition = merge_partition,
	.end_merge = end_merge
};

const BulkJob best_device_row_job = {
	.worker = "leakage_best_device_row_worker",
	.nsources = 1,
	.sources = {{device_columns, scan_row}},
	.state_size = sizeof(BestRowState),
	.start_scan = start_device_scan,
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
