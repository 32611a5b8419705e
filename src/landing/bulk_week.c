/*-------------------------------------------------------------------------
 *
 * bulk_week.c
 *		The bulk pass that adds up revenue by subscriber and week (docs/rules.md,
 *		section 1.4): exact duplicates once, what is refused counted by reason.
 *
 * A record of the scan is a subscriber, a period and an exact amount.  The
 * merge sorts a partition's records, so that duplicates and weeks adjoin.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "landing/bulk_week.h"
#include "landing/clean.h"
#include "base/base_fmgr.h"

/* a record of the scan, behind its key */
typedef struct WeekRecord
{
	int128		amount;
	int32		period;
	int32		reserved[3];
} WeekRecord;

/* the same in a merge */
typedef struct WeekRow
{
	int128		amount;
	int32		period;
	uint32		subscriber;		/* number in the partition */
	int64		reserved;
} WeekRow;

/* a subscriber of the partition being merged */
typedef struct WeekSubscriber
{
	BulkKey		key;
	uint32		number;
	char		status;
} WeekSubscriber;

#define SH_PREFIX week_subscriber
#define SH_ELEMENT_TYPE WeekSubscriber
#define SH_KEY_TYPE BulkKey
#define SH_KEY key
#define SH_HASH_KEY(table, key) ((uint32) bulk_key_hash(&(key)))
#define SH_EQUAL(table, a, b) bulk_key_equal(&(a), &(b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

static inline int
compare_rows(const WeekRow *a, const WeekRow *b)
{
	if (a->subscriber != b->subscriber)
		return a->subscriber < b->subscriber ? -1 : 1;
	if (a->period != b->period)
		return a->period < b->period ? -1 : 1;
	return (a->amount > b->amount) - (a->amount < b->amount);
}

#define ST_SORT sort_week_rows
#define ST_ELEMENT_TYPE WeekRow
#define ST_COMPARE(a, b) compare_rows(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* all rows of this process's scan */
typedef struct WeekState
{
	int64		rows;
	int128		amount;
} WeekState;

/* ---- scan ---- */

static void
add_amount(int128 *sum, int128 amount)
{
	if (!exact_amount_add(sum, amount))
		bulk_not_possible("Amounts add up to more than 128 bits hold.");
}

/* rows that the scan counted */
static void
put_count(BulkPass *pass, WeekResult *result, const char *reason)
{
	result->length = strlen(reason);
	bulk_write(pass->results, 0, result, sizeof(*result));
	bulk_write(pass->results, 0, reason, result->length);
}

static void
scan_row(BulkPass *pass, const Datum *values, const bool *nulls)
{
	WeekState  *state = pass->state;
	const WeekSettings *settings = (const WeekSettings *) pass->shared->settings;
	Trimmed		amount_text = trimmed_datum(values[2], nulls[2]);
	BulkKey		key;
	WeekRecord	record = {0};
	int32		week;
	bool		respelled;
	Decimal		amount;
	bool		accepted = false;
	const char *week_fault = clean_week(trimmed_datum(values[1], nulls[1]), settings->yyyyww, &week);
	const char *amount_fault = clean_amount(amount_text, &amount);

	if (!nulls[0])
	{
		text	   *msisdn = DatumGetTextPP(values[0]);

		accepted = bulk_key_read_text(&key, VARDATA_ANY(msisdn), VARSIZE_ANY_EXHDR(msisdn), &respelled);
	}
	if (amount_fault == NULL)
	{
		if (!amount.exact)
			bulk_not_possible(psprintf("An amount has more than %d decimal places: \"%s\".", EXACT_PLACES,
									   pnstrdup(amount_text.data, Min(amount_text.len, 60))));
		record.amount = amount.value;
		if (amount.negative)
			amount_fault = "amount_negative";
	}
	state->rows++;
	add_amount(&state->amount, record.amount);

	if (!accepted || week_fault != NULL || amount_fault != NULL)
	{
		WeekResult	result = {.kind = WEEK_REFUSED,.rows = 1,.amount = record.amount,.place = pass->place};

		put_count(pass, &result,
				  !accepted ? clean_id_fault(trimmed_datum(values[0], nulls[0])) :
				  week_fault != NULL ? week_fault : amount_fault);
		return;
	}
	record.period = clean_week_period(week, settings->yyyyww);
	bulk_key_write(pass->records, bulk_key_partition(&key, pass->shared->npartitions),
				   &key, &record, sizeof(record));
}

static void
end_scan(BulkPass *pass)
{
	WeekState  *state = pass->state;
	WeekResult	result = {.kind = WEEK_ALL,.rows = state->rows,.amount = state->amount};

	put_count(pass, &result, "");
}

/* ---- merge ---- */

/*
 * Read the records of a partition; the subscribers get numbers as they come.
 */
static WeekRow *
read_partition(BulkPass *pass, int partition, BulkKey **keys, Size *nrows)
{
	int			nprocesses = pg_atomic_read_u32(&pass->shared->scanners);
	week_subscriber_hash *subscribers = week_subscriber_create(CurrentMemoryContext, 256, NULL);
	int64		bytes;
	BulkReader *readers = bulk_open_records(pass, partition, &bytes);
	Size		capacity;
	WeekRow    *rows;
	week_subscriber_iterator iterator;
	WeekSubscriber *subscriber;
	uint32		nsubscribers = 0;

	capacity = bytes / (1 + sizeof(uint32) + 1 + sizeof(WeekRecord)) + 1;
	rows = MemoryContextAllocHuge(CurrentMemoryContext, capacity * sizeof(WeekRow));
	*nrows = 0;
	for (int i = 0; i < nprocesses; i++)
	{
		BulkReader *reader = &readers[i];
		BulkKey		key;

		while (bulk_key_next(reader, &key))
		{
			WeekRow    *row = &rows[(*nrows)++];
			WeekRecord	record;
			bool		found;

			CHECK_FOR_INTERRUPTS();
			subscriber = week_subscriber_insert(subscribers, key, &found);
			if (!found)
			{
				subscriber->number = nsubscribers++;
				if (key.text != NULL)
				{
					char	   *text = palloc(key.length);

					memcpy(text, key.text, key.length);
					subscriber->key.text = text;
				}
			}
			memcpy(&record, bulk_read_rest(reader, sizeof(record)), sizeof(record));
			row->subscriber = subscriber->number;
			row->period = record.period;
			row->amount = record.amount;
		}
		bulk_reader_close(reader);
	}

	*keys = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(BulkKey) * ((Size) nsubscribers + 1));
	week_subscriber_start_iterate(subscribers, &iterator);
	while ((subscriber = week_subscriber_iterate(subscribers, &iterator)) != NULL)
		(*keys)[subscriber->number] = subscriber->key;
	return rows;
}

/*
 * The rows of one subscriber, sorted: each distinct amount of a week once.
 */
static void
put_subscriber(BulkPass *pass, const BulkKey *key, const WeekRow *rows, Size nrows, WeekSum *sums)
{
	WeekResult	result = {0};
	Size		week_rows = 0;

	result.kind = WEEK_SUBSCRIBER;
	for (Size i = 0; i < nrows; i++)
	{
		bool		new_week = (i == 0 || rows[i].period != rows[i - 1].period);
		WeekSum    *sum;
		int64		micro;

		if (!new_week && rows[i].amount == rows[i - 1].amount)
		{
			result.duplicate_rows++;
			add_amount(&result.duplicate_amount, rows[i].amount);
			continue;
		}
		if (new_week)
		{
			sums[result.length].period = rows[i].period;
			sums[result.length].revenue = 0;
			sums[result.length].reserved = 0;
			result.length++;
			week_rows = 0;
		}
		week_rows++;
		result.added_weeks += (week_rows == 2);
		result.rows++;
		add_amount(&result.amount, rows[i].amount);
		micro = exact_amount_to_micro(rows[i].amount);
		sum = &sums[result.length - 1];
		sum->revenue += micro;	/* both below 2^60 */
		result.revenue += micro;
		if (sum->revenue >= MONEY_LIMIT)
			bulk_not_possible("The amounts of a subscriber and week add up to 10^12 or more.");
	}
	bulk_write(pass->results, 0, &result, sizeof(result));
	bulk_key_write(pass->results, 0, key, NULL, 0);
	bulk_write(pass->results, 0, sums, sizeof(WeekSum) * result.length);
}

static void
merge_partition(BulkPass *pass, int partition)
{
	BulkKey    *keys;
	Size		nrows;
	WeekRow    *rows = read_partition(pass, partition, &keys, &nrows);
	WeekSum    *sums = NULL;
	Size		capacity = 0;
	Size		next;

	sort_week_rows(rows, nrows);
	for (Size first = 0; first < nrows; first = next)
	{
		CHECK_FOR_INTERRUPTS();
		for (next = first + 1; next < nrows && rows[next].subscriber == rows[first].subscriber; next++)
			continue;
		if (next - first > capacity)
		{
			capacity = 2 * (next - first);
			sums = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(WeekSum) * capacity);
		}
		put_subscriber(pass, &keys[rows[first].subscriber], rows + first, next - first, sums);
	}
}

static const char *const revenue_columns[] = {"msisdn", "week_number", "revenue_usd", NULL};

const BulkJob week_job = {
	.column_names = revenue_columns,
	.state_size = sizeof(WeekState),
	.scan_row = scan_row,
	.end_scan = end_scan,
	.merge_partition = merge_partition
};
