/*-------------------------------------------------------------------------
 *
 * week_ops.c
 *		The bulk passes over weeks for SQL: _leakage.weekly_sums,
 *		_leakage.usage_sums.
 *
 * Plain SQL can compute the same, and does where a pass cannot run
 * (sql/extension/69_stage.sql).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/base_fmgr.h"
#include "landing/bulk_result.h"
#include "landing/clean_week_ops.h"
#include "landing/week_job.h"
#include "profile/profile.h"

PG_FUNCTION_INFO_V1(leakage_weekly_sums);
PG_FUNCTION_INFO_V1(leakage_usage_sums);

#define WEEK_COLUMNS	16
#define USAGE_COLUMNS	7

/*
 * Mark a period as incomplete, in a profile that is NULL until there is a mark.
 * "rows" is how often.
 */
static void
mark_period(LeakageProfile **marks, int32 period, uint32 rows)
{
	ProfilePeriod mark = {.period = period,.expected_rows = rows};

	if (*marks == NULL)
		*marks = profile_make(PROFILE_FIRST_CAPACITY);
	*marks = profile_add(*marks, &mark);
}

/* the weeks with refused rows; returns the number of these */
static int64
mark_refused(LeakageProfile **marks, const char *bytes, uint32 nrefused)
{
	int64		rows = 0;

	for (uint32 i = 0; i < nrefused; i++)
	{
		WeekRefused refused;

		memcpy(&refused, bytes + sizeof(WeekRefused) * i, sizeof(refused));
		mark_period(marks, refused.period, refused.rows);
		rows += refused.rows;
	}
	return rows;
}

/*
 * A subscriber's weeks, and marks at those below zero.  Of too many the latest
 * are kept, as in the aggregate leakage_profile.
 */
static LeakageProfile *
profile_of_weeks(const char *bytes, uint32 nweeks, LeakageProfile **marks)
{
	uint32		first = nweeks > PROFILE_MAX_PERIODS ? nweeks - PROFILE_MAX_PERIODS : 0;
	LeakageProfile *profile = profile_make(nweeks - first);

	if (first > 0)
		profile->flags |= PROFILE_TRUNCATED;
	for (uint32 i = first; i < nweeks; i++)
	{
		WeekSum		sum;
		ProfilePeriod row = {.actual_rows = 1};

		memcpy(&sum, bytes + sizeof(WeekSum) * i, sizeof(sum));
		row.period = sum.period;
		row.actual = sum.revenue;
		profile = profile_add(profile, &row);
		if (sum.below_zero)
			mark_period(marks, sum.period, 1);
	}
	return profile_canonical(profile);
}

/* the first two columns: the subscriber, and the reason of refusal */
static void
read_subscriber(BulkReader *reader, const WeekResult *result, Datum *values, bool *nulls)
{
	nulls[0] = (result->kind != WEEK_SUBSCRIBER);
	nulls[1] = (result->kind != WEEK_REFUSED);
	if (result->kind == WEEK_SUBSCRIBER)
		values[0] = result_key(reader);
	else if (result->kind == WEEK_REFUSED)
		values[1] = result_bytes(reader, result->length);
}

/*
 * msisdn, fault, weeks, incomplete, refused_rows, rows, duplicate_rows, added_weeks, amount, duplicate_amount,
 * revenue, credits, below_zero, weeks_below_zero, part, place
 */
static void
put_weeks(ResultSink *sink, BulkReader *reader)
{
	const char *bytes;

	while ((bytes = bulk_read(reader, sizeof(WeekResult))) != NULL)
	{
		WeekResult	result;
		LeakageProfile *marks = NULL;
		int64		refused_rows = 0;
		Datum		values[WEEK_COLUMNS] = {0};
		bool		nulls[WEEK_COLUMNS] = {false};

		result_start_row(sink);
		memcpy(&result, bytes, sizeof(result));
		read_subscriber(reader, &result, values, nulls);
		nulls[2] = (result.kind != WEEK_SUBSCRIBER);
		if (result.kind == WEEK_SUBSCRIBER)
		{
			bytes = bulk_read_rest(reader, sizeof(WeekSum) * result.length);
			values[2] = PointerGetDatum(profile_of_weeks(bytes, result.length, &marks));
			bytes = bulk_read_rest(reader, sizeof(WeekRefused) * result.nrefused);
			refused_rows = mark_refused(&marks, bytes, result.nrefused);
		}
		nulls[3] = (marks == NULL);
		if (marks != NULL)
			values[3] = PointerGetDatum(profile_canonical(marks));
		values[4] = Int64GetDatum(refused_rows);
		values[5] = Int64GetDatum(result.rows);
		values[6] = Int64GetDatum(result.duplicate_rows);
		values[7] = Int64GetDatum(result.added_weeks);
		values[8] = NumericGetDatum(exact_amount_to_numeric(result.amount, EXACT_PLACES));
		values[9] = NumericGetDatum(exact_amount_to_numeric(result.duplicate_amount, EXACT_PLACES));
		values[10] = NumericGetDatum(money_sum_to_numeric(result.revenue));
		values[11] = NumericGetDatum(exact_amount_to_numeric(result.credits, EXACT_PLACES));
		values[12] = NumericGetDatum(money_sum_to_numeric(result.below_zero));
		values[13] = Int64GetDatum(result.weeks_below_zero);
		result_place(&result.place, &values[14], &nulls[14]);
		result_end_row(sink, values, nulls);
	}
}

/* msisdn, fault, usage, rows, duplicate_rows, part, place */
static void
put_usage(ResultSink *sink, BulkReader *reader)
{
	const char *bytes;

	while ((bytes = bulk_read(reader, sizeof(WeekResult))) != NULL)
	{
		WeekResult	result;
		Datum		values[USAGE_COLUMNS] = {0};
		bool		nulls[USAGE_COLUMNS] = {false};

		result_start_row(sink);
		memcpy(&result, bytes, sizeof(result));
		read_subscriber(reader, &result, values, nulls);
		nulls[2] = (result.kind != WEEK_SUBSCRIBER);
		if (result.kind == WEEK_SUBSCRIBER && result.amount > PG_INT64_MAX)
			landing_unreadable("The sessions of a subscriber add up to more than 64 bits hold.");
		values[2] = NumericGetDatum(int64_to_numeric((int64) result.amount));
		values[3] = Int64GetDatum(result.rows);
		values[4] = Int64GetDatum(result.duplicate_rows);
		result_place(&result.place, &values[5], &nulls[5]);
		result_end_row(sink, values, nulls);
	}
}

/* arguments 0 to 2 are "landing", "week_format" and "add_duplicates"; the last is "net_credits", for revenue only */
static void
run_weeks(FunctionCallInfo fcinfo, const char *function, const BulkJob *job,
		  void (*put) (ResultSink *sink, BulkReader *reader))
{
	WeekSettings settings = {0};
	Oid			landing;
	ResultSink	sink;
	BulkRun    *run;
	BulkReader *results;

	require_argument(fcinfo, 0, "landing", function);
	require_argument(fcinfo, 1, "week_format", function);
	require_argument(fcinfo, 2, "add_duplicates", function);
	if (job == &revenue_week_job)
	{
		require_argument(fcinfo, 3, "net_credits", function);
		settings.net_credits = PG_GETARG_BOOL(3);
	}
	landing = PG_GETARG_OID(0);
	settings.format = week_format_argument(fcinfo, 1);
	settings.add_duplicates = PG_GETARG_BOOL(2);

	run = bulk_begin(job, &landing, &settings, sizeof(settings));
	result_begin(&sink, fcinfo);
	bulk_execute(run);
	while ((results = bulk_next_results(run)) != NULL)
		put(&sink, results);
	bulk_end(run);
}

/*
 * _leakage.weekly_sums(landing regclass, week_format text, add_duplicates boolean, net_credits boolean)
 */
Datum
leakage_weekly_sums(PG_FUNCTION_ARGS)
{
	run_weeks(fcinfo, "weekly_sums", &revenue_week_job, put_weeks);
	return (Datum) 0;
}

/*
 * _leakage.usage_sums(landing regclass, week_format text, add_duplicates boolean)
 */
Datum
leakage_usage_sums(PG_FUNCTION_ARGS)
{
	run_weeks(fcinfo, "usage_sums", &usage_week_job, put_usage);
	return (Datum) 0;
}
