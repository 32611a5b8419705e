/*-------------------------------------------------------------------------
 *
 * profile_ops.c
 *		Operators of leakage_profile, and the functions that read one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/tuplestore.h"

#include "base/base_fmgr.h"
#include "profile/profile_io.h"

PG_FUNCTION_INFO_V1(leakage_profile_eq);
PG_FUNCTION_INFO_V1(leakage_profile_ne);
PG_FUNCTION_INFO_V1(leakage_profile_periods);
PG_FUNCTION_INFO_V1(leakage_profile_actual_total);
PG_FUNCTION_INFO_V1(leakage_profile_expected_total);
PG_FUNCTION_INFO_V1(leakage_profile_active_periods);
PG_FUNCTION_INFO_V1(leakage_profile_missing_periods);
PG_FUNCTION_INFO_V1(leakage_profile_first_period);
PG_FUNCTION_INFO_V1(leakage_profile_last_period);
PG_FUNCTION_INFO_V1(leakage_profile_is_truncated);

/*
 * Operators = and <>: the same contents?
 */
Datum
leakage_profile_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(profile_equal(PG_GETARG_LEAKAGE_PROFILE(0),
								 PG_GETARG_LEAKAGE_PROFILE(1)));
}

Datum
leakage_profile_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!profile_equal(PG_GETARG_LEAKAGE_PROFILE(0),
								  PG_GETARG_LEAKAGE_PROFILE(1)));
}

/*
 * One row for each period: period, actual, expected, present.
 */
Datum
leakage_profile_periods(PG_FUNCTION_ARGS)
{
	LeakageProfile *profile = PG_GETARG_LEAKAGE_PROFILE(0);
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (uint32 i = 0; i < profile->nperiods; i++)
	{
		const ProfilePeriod *p = &profile->periods[i];
		Datum		values[4];
		bool		nulls[4] = {false, false, false, false};

		values[0] = Int32GetDatum(p->period);
		values[1] = NumericGetDatum(money_to_numeric(p->actual));
		values[2] = NumericGetDatum(money_to_numeric(p->expected));
		values[3] = BoolGetDatum(period_kind(p) != MISSING_PERIOD);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * The sum of the actual or of the expected amounts.
 */
static Datum
total(FunctionCallInfo fcinfo, bool expected)
{
	LeakageProfile *profile = PG_GETARG_LEAKAGE_PROFILE(0);
	int128		sum = 0;

	for (uint32 i = 0; i < profile->nperiods; i++)
		sum += expected ? profile->periods[i].expected : profile->periods[i].actual;
	PG_RETURN_NUMERIC(money_sum_to_numeric(sum));
}

Datum
leakage_profile_actual_total(PG_FUNCTION_ARGS)
{
	return total(fcinfo, false);
}

Datum
leakage_profile_expected_total(PG_FUNCTION_ARGS)
{
	return total(fcinfo, true);
}

/*
 * How many periods from slot first to slot last have no actual amount.
 */
static int32
count_missing(const LeakageProfile *profile, uint32 first, uint32 last)
{
	int32		missing = 0;

	for (uint32 i = first; i <= last; i++)
		missing += period_kind(&profile->periods[i]) == MISSING_PERIOD;
	return missing;
}

/*
 * The number of periods with an actual amount.
 */
Datum
leakage_profile_active_periods(PG_FUNCTION_ARGS)
{
	LeakageProfile *profile = PG_GETARG_LEAKAGE_PROFILE(0);

	PG_RETURN_INT32((int32) profile->nperiods - count_missing(profile, 0, profile->nperiods - 1));
}

/*
 * The number of periods without an actual amount between the first and the last
 * that have one.  A gap in the period numbers does not count: only the maker of
 * the profile knows which periods there are.
 */
Datum
leakage_profile_missing_periods(PG_FUNCTION_ARGS)
{
	LeakageProfile *profile = PG_GETARG_LEAKAGE_PROFILE(0);
	uint32		first;
	uint32		last;

	if (!profile_span(profile, &first, &last))
		PG_RETURN_INT32(0);
	PG_RETURN_INT32(count_missing(profile, first, last));
}

/*
 * The first or the last period with an actual amount; NULL where none has one.
 */
static Datum
end_of_span(FunctionCallInfo fcinfo, bool at_end)
{
	LeakageProfile *profile = PG_GETARG_LEAKAGE_PROFILE(0);
	uint32		first;
	uint32		last;

	if (!profile_span(profile, &first, &last))
		PG_RETURN_NULL();
	PG_RETURN_INT32(profile->periods[at_end ? last : first].period);
}

Datum
leakage_profile_first_period(PG_FUNCTION_ARGS)
{
	return end_of_span(fcinfo, false);
}

Datum
leakage_profile_last_period(PG_FUNCTION_ARGS)
{
	return end_of_span(fcinfo, true);
}

/*
 * Did the profile have to drop its oldest periods?
 */
Datum
leakage_profile_is_truncated(PG_FUNCTION_ARGS)
{
	LeakageProfile *profile = PG_GETARG_LEAKAGE_PROFILE(0);

	PG_RETURN_BOOL((profile->flags & PROFILE_TRUNCATED) != 0);
}
