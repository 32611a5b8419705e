/*-------------------------------------------------------------------------
 *
 * week_job.c
 *		The bulk passes that add up revenue by subscriber and week, or sessions
 *		by subscriber (docs/rules.md, sections 1.4 and 1.5).  Exact duplicates
 *		count once, unless they are to be added, and refused rows are given with
 *		their reason.
 *
 * A record of the scan is a subscriber, a period and an amount, which is an
 * exact amount or a number of sessions.  The merge sorts the records of a
 * partition, so that duplicates are neighbors, and so are the rows of a week.
 *
 * A refused row of revenue has a record, too, if its subscriber can be read.
 * The weeks of the subscriber's refused rows are a result, because their
 * revenue is not complete.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/base.h"
#include "landing/bulk_key.h"
#include "landing/clean.h"
#include "landing/week_job.h"
#include "profile/profile.h"

PGDLLEXPORT void leakage_revenue_week_worker(dsm_segment *segment, shm_toc *toc);
PGDLLEXPORT void leakage_usage_week_worker(dsm_segment *segment, shm_toc *toc);

/* a record of the scan, after its key */
typedef struct WeekRecord
{
	int128		amount;
	int32		period;
	int32		refused;
	int32		reserved[2];
} WeekRecord;

/* the same in a merge */
typedef struct WeekRow
{
	int128		amount;
	int32		period;
	uint32		subscriber;		/* number in the partition */
	int32		refused;
	int32		reserved;
} WeekRow;

/* a subscriber of the partition that is merged */
typedef struct WeekSubscriber
{
	BulkKey		key;
	uint32		number;			/* in the order of appearance */
	char		status;
} WeekSubscriber;

#define SH_PREFIX week_subscriber
#define SH_ELEMENT_TYPE WeekSubscriber
#include "landing/bulk_key_hash.h"

static inline int
compare_rows(const WeekRow *a, const WeekRow *b)
{
	if (a->subscriber != b->subscriber)
		return a->subscriber < b->subscriber ? -1 : 1;
	if (a->refused != b->refused)
		return a->refused - b->refused;
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

/* counts over all rows of this process's scan, refused ones included */
typedef struct WeekState
{
	int64		rows;
	int128		amount;
	int128		credits;
} WeekState;

/* ---- scan ---- */

static void
add_amount(int128 *sum, int128 amount)
{
	if (!exact_amount_add(sum, amount))
		landing_unreadable("Amounts add up to more than 128 bits hold.");
}

static void
put_counts(BulkPass *pass, WeekResult *result, const char *reason)
{
	result->length = strlen(reason);
	bulk_write(pass->results, 0, result, sizeof(*result));
	bulk_write(pass->results, 0, reason, result->length);
}

/*
 * Count a row of the scan, and write its record if no column is refused, or if
 * refused rows are kept.  The first reason in the order of the columns is the
 * one given.
 */
static void
take_row(BulkPass *pass, const StoredValue *values, int128 amount, const char *amount_fault,
		 bool keep_refused)
{
	WeekState  *state = pass->state;
	const WeekSettings *settings = pass->settings;
	BulkKey		key;
	WeekRecord	record = {.amount = amount};
	int32		week;
	const char *id_fault = bulk_key_read(&key, landing_value(values[0]), NULL);
	const char *week_fault = clean_week(landing_trim(landing_value(values[1])), settings->format, &week);

	state->rows++;
	add_amount(&state->amount, amount);
	add_amount(&state->credits, Min(amount, 0));
	if (id_fault != NULL || week_fault != NULL || amount_fault != NULL)
	{
		WeekResult	result = {
			.kind = WEEK_REFUSED,
			.rows = 1,
			.amount = amount,
			.credits = Min(amount, 0),
			.place = pass->place
		};

		put_counts(pass, &result,
				   id_fault != NULL ? id_fault : week_fault != NULL ? week_fault : amount_fault);
		if (id_fault != NULL || !keep_refused)
			return;
		record.refused = true;
		record.amount = 0;
	}
	record.period = week_fault == NULL ? week_to_period(week, settings->format) : PROFILE_UNKNOWN_PERIOD;
	bulk_key_write(pass->records, bulk_record_place(pass, &key), &key, &record, sizeof(record));
}

static void
scan_revenue(BulkPass *pass, const StoredValue *values)
{
	Trimmed		value = landing_trim(landing_value(values[2]));
	Decimal		number;
	const WeekSettings *settings = pass->settings;
	const char *fault = clean_amount(value, &number);

	if (fault != NULL)
	{
		take_row(pass, values, 0, fault, true);
		return;
	}
	if (!number.exact)
		landing_unreadable(psprintf("An amount has more than %d decimal places: \"%s\".", EXACT_PLACES,
									pnstrdup(value.data, Min(value.len, 60))));
	if (number.negative && !settings->net_credits)
		fault = "amount_negative";
	take_row(pass, values, number.value, fault, true);
}

static void
scan_usage(BulkPass *pass, const StoredValue *values)
{
	int64		sessions = 0;
	const char *fault = clean_count(landing_trim(landing_value(values[2])), &sessions);

	take_row(pass, values, fault == NULL ? sessions : 0, fault, false);
}

static void
end_scan(BulkPass *pass)
{
	WeekState  *state = pass->state;
	WeekResult	result = {
		.kind = WEEK_ALL,
		.rows = state->rows,
		.amount = state->amount,
		.credits = state->credits
	};

	put_counts(pass, &result, "");
}

/* ---- merge ---- */

/*
 * Read the records of a partition, and number its subscribers.
 */
static WeekRow *
read_partition(BulkPass *pass, int partition, BulkKey **keys, Size *nrows)
{
	int			nprocesses = bulk_scanners(pass);
	week_subscriber_hash *subscribers = week_subscriber_create(CurrentMemoryContext, 256, NULL);
	int64		bytes;
	BulkReader *readers = bulk_open_records(pass, 0, partition, &bytes);
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
				bulk_key_keep(&subscriber->key);
				subscriber->number = nsubscribers++;
			}
			memcpy(&record, bulk_read_rest(reader, sizeof(record)), sizeof(record));
			row->subscriber = subscriber->number;
			row->refused = record.refused;
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

/* is a sorted row equal to the one before it, and so left out? */
static inline bool
is_duplicate(const WeekSettings *settings, const WeekRow *rows, Size i)
{
	return i > 0 && !settings->add_duplicates &&
		rows[i].period == rows[i - 1].period && rows[i].amount == rows[i - 1].amount;
}

/*
 * Add up the sorted rows of one subscriber.
 */
static WeekResult
add_up(const WeekSettings *settings, const WeekRow *rows, Size nrows)
{
	WeekResult	result = {.kind = WEEK_SUBSCRIBER};
	Size		week_rows = 0;

	for (Size i = 0; i < nrows; i++)
	{
		bool		new_week = (i == 0 || rows[i].period != rows[i - 1].period);

		add_amount(&result.credits, Min(rows[i].amount, 0));
		if (is_duplicate(settings, rows, i))
		{
			result.duplicate_rows++;
			add_amount(&result.duplicate_amount, rows[i].amount);
			continue;
		}
		week_rows = new_week ? 1 : week_rows + 1;
		result.added_weeks += (week_rows == 2);
		result.rows++;
		add_amount(&result.amount, rows[i].amount);
	}
	return result;
}

/*
 * The revenue of each week, every amount rounded by itself.  A week in which
 * the credits exceed the rest has none.
 */
static uint32
add_up_weeks(const WeekSettings *settings, const WeekRow *rows, Size nrows,
			 WeekSum *sums, WeekResult *result)
{
	uint32		nweeks = 0;

	for (Size i = 0; i < nrows; i++)
	{
		bool		new_week = (i == 0 || rows[i].period != rows[i - 1].period);
		int64		micro = exact_amount_to_micro(rows[i].amount);

		if (is_duplicate(settings, rows, i))
			continue;
		if (new_week)
			sums[nweeks++] = (WeekSum){.period = rows[i].period};
		sums[nweeks - 1].revenue += micro;	/* both below 2^60 */
		if (sums[nweeks - 1].revenue >= MONEY_LIMIT || sums[nweeks - 1].revenue <= -MONEY_LIMIT)
			landing_unreadable("The amounts of a subscriber and week add up to 10^12 or more.");
	}
	for (uint32 i = 0; i < nweeks; i++)
	{
		if (sums[i].revenue < 0)
		{
			result->below_zero += sums[i].revenue;
			result->weeks_below_zero++;
			sums[i].revenue = 0;
			sums[i].below_zero = true;
		}
		result->revenue += sums[i].revenue;
	}
	return nweeks;
}

/*
 * How many refused rows each period has.
 */
static uint32
count_refused(const WeekRow *rows, Size nrows, WeekRefused *refused)
{
	uint32		nrefused = 0;

	for (Size i = 0; i < nrows; i++)
	{
		if (i == 0 || rows[i].period != rows[i - 1].period)
			refused[nrefused++] = (WeekRefused){.period = rows[i].period};
		refused[nrefused - 1].rows++;
	}
	return nrefused;
}

/*
 * Put the sums of each subscriber of a partition that has an accepted row.
 * "with_weeks" says whether the amounts are revenue.
 */
static void
merge_weeks(BulkPass *pass, int partition, bool with_weeks)
{
	const WeekSettings *settings = pass->settings;
	BulkKey    *keys;
	Size		nrows;
	WeekRow    *rows = read_partition(pass, partition, &keys, &nrows);
	WeekSum    *sums = NULL;
	WeekRefused *refused = NULL;
	Size		capacity = 0;
	Size		accepted;
	Size		next;

	sort_week_rows(rows, nrows);
	for (Size first = 0; first < nrows; first = next)
	{
		WeekResult	result;

		CHECK_FOR_INTERRUPTS();
		for (next = first + 1; next < nrows && rows[next].subscriber == rows[first].subscriber; next++)
			continue;
		for (accepted = next; accepted > first && rows[accepted - 1].refused; accepted--)
			continue;
		if (accepted == first)
			continue;
		result = add_up(settings, rows + first, accepted - first);
		if (with_weeks)
		{
			if (next - first > capacity)
			{
				capacity = 2 * (next - first);
				sums = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(WeekSum) * capacity);
				refused = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(WeekRefused) * capacity);
			}
			result.length = add_up_weeks(settings, rows + first, accepted - first, sums, &result);
			result.nrefused = count_refused(rows + accepted, next - accepted, refused);
		}
		bulk_write(pass->results, 0, &result, sizeof(result));
		bulk_key_write(pass->results, 0, &keys[rows[first].subscriber], NULL, 0);
		if (with_weeks)
		{
			bulk_write(pass->results, 0, sums, sizeof(WeekSum) * result.length);
			bulk_write(pass->results, 0, refused, sizeof(WeekRefused) * result.nrefused);
		}
	}
}

static void
merge_revenue(BulkPass *pass, int partition)
{
	merge_weeks(pass, partition, true);
}

static void
merge_usage(BulkPass *pass, int partition)
{
	merge_weeks(pass, partition, false);
}

static const char *const revenue_columns[] = {"msisdn", "week_number", "revenue_usd", NULL};
static const char *const usage_columns[] = {"msisdn", "week_number", "sessions", NULL};

const BulkJob revenue_week_job = {
	.worker = "leakage_revenue_week_worker",
	.nsources = 1,
	.sources = {{revenue_columns, scan_revenue}},
	.state_size = sizeof(WeekState),
	.end_scan = end_scan,
	.merge_partition = merge_revenue
};

const BulkJob usage_week_job = {
	.worker = "leakage_usage_week_worker",
	.nsources = 1,
	.sources = {{usage_columns, scan_usage}},
	.state_size = sizeof(WeekState),
	.end_scan = end_scan,
	.merge_partition = merge_usage
};

void
leakage_revenue_week_worker(dsm_segment *segment, shm_toc *toc)
{
	bulk_worker_main(&revenue_week_job, toc);
}

void
leakage_usage_week_worker(dsm_segment *segment, shm_toc *toc)
{
	bulk_worker_main(&usage_week_job, toc);
}
