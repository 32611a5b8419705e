/*-------------------------------------------------------------------------
 *
 * week_ops.c
 *		The bulk pass over weeks for SQL: leakage_weekly_sums.
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

#define WEEK_COLUMNS	11

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

		memcpy(&sum, bytes + sizeof(WeekSum) * i, sizeof(sum));
		profile = profile_add(profile, sum.period, true, sum.revenue, false, 0);
	}
	return profile_canonical(profile);
}

/* msisdn, fault, weeks, rows, duplicate_rows, added_weeks, amount, duplicate_amount, revenue, part, place */
static void
put_weeks(ResultSink *sink, BulkReader *reader)
{
	const char *bytes;

	while ((bytes = bulk_read(reader, sizeof(WeekResult))) != NULL)
	{
		WeekResult	result;
		Datum		values[WEEK_COLUMNS] = {0};
		bool		nulls[WEEK_COLUMNS] = {false};

		result_start_row(sink);
		memcpy(&result, bytes, sizeof(result));
		nulls[0] = nulls[2] = (result.kind != WEEK_SUBSCRIBER);
		nulls[1] = (result.kind != WEEK_REFUSED);
		if (result.kind == WEEK_SUBSCRIBER)
		{
			values[0] = result_key(reader);
			bytes = bulk_read_rest(reader, sizeof(WeekSum) * result.length);
			values[2] = PointerGetDatum(profile_of_weeks(bytes, result.length));
		}
		else if (result.kind == WEEK_REFUSED)
			values[1] = result_bytes(reader, result.length);
		values[3] = Int64GetDatum(result.rows);
		values[4] = Int64GetDatum(result.duplicate_rows);
		values[5] = Int64GetDatum(result.added_weeks);
		values[6] = NumericGetDatum(exact_amount_to_numeric(result.amount, EXACT_PLACES));
		values[7] = NumericGetDatum(exact_amount_to_numeric(result.duplicate_amount, EXACT_PLACES));
		values[8] = NumericGetDatum(money_sum_to_numeric(result.revenue));
		result_place(&result.place, &values[9], &nulls[9]);
		result_end_row(sink, values, nulls);
	}
}

/*
 * leakage_weekly_sums(landing regclass, yyyyww boolean)
 */
Datum
leakage_weekly_sums(PG_FUNCTION_ARGS)
{
	WeekSettings settings = {0};
	List	   *landing;
	ResultSink	sink;
	BulkRun    *run;
	BulkReader *results;

	require_argument(fcinfo, 0, "landing", "leakage_weekly_sums");
	require_argument(fcinfo, 1, "yyyyww", "leakage_weekly_sums");
	settings.yyyyww = PG_GETARG_BOOL(1);

	landing = landing_open(PG_GETARG_OID(0), week_job.columns);
	result_begin(&sink, fcinfo);
	run = bulk_begin(&week_job, landing, &settings, sizeof(settings));
	bulk_execute(run);
	while ((results = bulk_next_results(run)) != NULL)
		put_weeks(&sink, results);
	bulk_end(run);
	landing_close(landing);
	return (Datum) 0;
}
