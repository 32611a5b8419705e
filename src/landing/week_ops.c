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
#include "landing/week_job.h"
#include "profile/profile.h"

PG_FUNCTION_INFO_V1(leakage_weekly_sums);
PG_FUNCTION_INFO_V1(leakage_usage_sums);

#define WEEK_COLUMNS	13
#define USAGE_COLUMNS	7

/*
 * A subscriber's weeks.  Of too many the latest are kept, as in the aggregate
 * leakage_profile.
 */
static LeakageProfile *
profile_of_weeks(const char *bytes, uint32 nweeks)
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
	}
	return profile_canonical(profile);
}

/*
 * The periods of refused rows, each counted as a row without an amount of
 * which nothing is expected.
 */
static LeakageProfile *
profile_of_refused(const char *bytes, uint32 nrefused, int64 *rows)
{
	uint32		first = nrefused > PROFILE_MAX_PERIODS ? nrefused - PROFILE_MAX_PERIODS : 0;
	LeakageProfile *profile = profile_make(nrefused - first);

	if (first > 0)
		profile->flags |= PROFILE_TRUNCATED;
	*rows = 0;
	for (uint32 i = 0; i < nrefused; i++)
	{
		WeekRefused refused;
		ProfilePeriod row = {0};

		memcpy(&refused, bytes + sizeof(WeekRefused) * i, sizeof(refused));
		*rows += refused.rows;
		row.period = refused.period;
		row.expected_rows = refused.rows;
		if (i >= first)
			profile = profile_add(profile, &row);
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

/* msisdn, fault, weeks, incomplete, refused_rows, rows, duplicate_rows, added_weeks, amount, duplicate_amount, revenue, part, place */
static void
put_weeks(ResultSink *sink, BulkReader *reader)
{
	const char *bytes;

	while ((bytes = bulk_read(reader, sizeof(WeekResult))) != NULL)
	{
		WeekResult	result;
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
			values[2] = PointerGetDatum(profile_of_weeks(bytes, result.length));
		}
		nulls[3] = (result.nrefused == 0);
		if (result.nrefused > 0)
		{
			bytes = bulk_read_rest(reader, sizeof(WeekRefused) * result.nrefused);
			values[3] = PointerGetDatum(profile_of_refused(bytes, result.nrefused, &refused_rows));
		}
		values[4] = Int64GetDatum(refused_rows);
		values[5] = Int64GetDatum(result.rows);
		values[6] = Int64GetDatum(result.duplicate_rows);
		values[7] = Int64GetDatum(result.added_weeks);
		values[8] = NumericGetDatum(exact_amount_to_numeric(result.amount, EXACT_PLACES));
		values[9] = NumericGetDatum(exact_amount_to_numeric(result.duplicate_amount, EXACT_PLACES));
		values[10] = NumericGetDatum(money_sum_to_numeric(result.revenue));
		result_place(&result.place, &values[11], &nulls[11]);
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

/* arguments 0 and 1 are "landing" and "yyyyww" */
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
	require_argument(fcinfo, 1, "yyyyww", function);
	landing = PG_GETARG_OID(0);
	settings.yyyyww = PG_GETARG_BOOL(1);

	run = bulk_begin(job, &landing, &settings, sizeof(settings));
	result_begin(&sink, fcinfo);
	bulk_execute(run);
	while ((results = bulk_next_results(run)) != NULL)
		put(&sink, results);
	bulk_end(run);
}

/*
 * _leakage.weekly_sums(landing regclass, yyyyww boolean)
 */
Datum
leakage_weekly_sums(PG_FUNCTION_ARGS)
{
	run_weeks(fcinfo, "weekly_sums", &revenue_week_job, put_weeks);
	return (Datum) 0;
}

/*
 * _leakage.usage_sums(landing regclass, yyyyww boolean)
 */
Datum
leakage_usage_sums(PG_FUNCTION_ARGS)
{
	run_weeks(fcinfo, "usage_sums", &usage_week_job, put_usage);
	return (Datum) 0;
}
