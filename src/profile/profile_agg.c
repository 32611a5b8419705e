/*-------------------------------------------------------------------------
 *
 * profile_agg.c
 *		The aggregates leakage_profile and rollup, and what reads a profile:
 *		thin wrappers around profile_state.c.
 *
 * Invariants
 *	- the state of the aggregates is a leakage_profile, with room to spare;
 *	  what leaves them is canonical.
 *	- an argument is written to only if it is the state of an aggregate that
 *	  is running.  As long as there is room the same pointer is returned, which
 *	  tells the executor not to copy it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "base/base_fmgr.h"
#include "profile/profile_io.h"

static LeakageProfile *get_state(FunctionCallInfo fcinfo, bool in_aggregate);
static Datum return_state(LeakageProfile *state, bool in_aggregate);

PG_FUNCTION_INFO_V1(leakage_profile_transition);
PG_FUNCTION_INFO_V1(leakage_profile_moving_transition);
PG_FUNCTION_INFO_V1(leakage_profile_moving_inverse);
PG_FUNCTION_INFO_V1(leakage_profile_moving_final);
PG_FUNCTION_INFO_V1(leakage_profile_combine);
PG_FUNCTION_INFO_V1(leakage_profile_final);
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
 * Arguments 1 to 3 of a transition: period, actual, expected.
 * False if the row is to be ignored.
 */
bool
profile_get_row(FunctionCallInfo fcinfo, ProfileRow *row)
{
	if (PG_ARGISNULL(1) || (PG_ARGISNULL(2) && PG_ARGISNULL(3)))
		return false;

	row->period = PG_GETARG_INT32(1);
	row->has_actual = !PG_ARGISNULL(2);
	row->has_expected = !PG_ARGISNULL(3);
	row->actual = row->has_actual ?
		money_from_numeric(PG_GETARG_NUMERIC(2), "actual amount") : 0;
	row->expected = row->has_expected ?
		money_from_numeric(PG_GETARG_NUMERIC(3), "expected amount") : 0;

	if (row->expected < 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("expected amount %s of period %d is negative",
						DatumGetCString(DirectFunctionCall1(numeric_out,
															PG_GETARG_DATUM(3))),
						row->period)));
	return true;
}

/*
 * Argument 0, the state, ready to be written to.
 */
static LeakageProfile *
get_state(FunctionCallInfo fcinfo, bool in_aggregate)
{
	LeakageProfile *state;

	if (PG_ARGISNULL(0))
		return profile_make(PROFILE_FIRST_CAPACITY);
	state = PG_GETARG_LEAKAGE_PROFILE(0);
	return in_aggregate ? state : profile_copy(state);
}

/*
 * What a transition gives back; outside an aggregate it is a value like any.
 */
static Datum
return_state(LeakageProfile *state, bool in_aggregate)
{
	return PointerGetDatum(in_aggregate ? state : profile_canonical(state));
}

/*
 * Add a row to the state.  NULL until there is one.
 */
Datum
leakage_profile_transition(PG_FUNCTION_ARGS)
{
	bool		in_aggregate = AggCheckCallContext(fcinfo, NULL) != 0;
	LeakageProfile *state;
	ProfileRow	row;

	if (!profile_get_row(fcinfo, &row))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}

	state = get_state(fcinfo, in_aggregate);
	state = profile_add(state, row.period, row.has_actual, row.actual,
						row.has_expected, row.expected);
	return return_state(state, in_aggregate);
}

/*
 * The same for a moving frame, whose state must not be NULL once a row was
 * seen, even if it is ignored: it is a profile without periods then.
 */
Datum
leakage_profile_moving_transition(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo, "leakage_profile");
	LeakageProfile *before = PG_ARGISNULL(0) ? NULL : (LeakageProfile *) PG_GETARG_POINTER(0);
	LeakageProfile *state = before;
	ProfileRow	row;
	bool		counts = profile_get_row(fcinfo, &row);
	MemoryContext old = MemoryContextSwitchTo(context);

	if (state == NULL)
		state = before = profile_make(PROFILE_FIRST_CAPACITY);
	if (counts)
		state = profile_add(state, row.period, row.has_actual, row.actual,
							row.has_expected, row.expected);
	if (state != before)
		pfree(before);
	MemoryContextSwitchTo(old);
	PG_RETURN_POINTER(state);
}

/*
 * Take a row out of the state of a moving frame.  NULL where that cannot be
 * done exactly, which has the executor start over.
 */
Datum
leakage_profile_moving_inverse(PG_FUNCTION_ARGS)
{
	LeakageProfile *state;
	ProfileRow	row;

	(void) aggregate_context(fcinfo, "leakage_profile");
	/* the executor never asks for it without a state */
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();

	state = (LeakageProfile *) PG_GETARG_POINTER(0);
	if (profile_get_row(fcinfo, &row) &&
		!profile_remove(state, row.period, row.has_actual, row.actual,
						row.has_expected, row.expected))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/*
 * The result of a moving frame: NULL where no row in it counts.
 */
Datum
leakage_profile_moving_final(PG_FUNCTION_ARGS)
{
	LeakageProfile *state;

	(void) aggregate_context(fcinfo, "leakage_profile");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (LeakageProfile *) PG_GETARG_POINTER(0);
	if (state->nperiods == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(profile_canonical(state));
}

/*
 * Add one profile to another: the combine function of both aggregates, and
 * the transition of rollup.
 *
 * The second argument, even the state of a parallel worker, may have a short
 * header; where it becomes the state the detoasted form does.
 */
Datum
leakage_profile_combine(PG_FUNCTION_ARGS)
{
	bool		in_aggregate = AggCheckCallContext(fcinfo, NULL) != 0;
	LeakageProfile *state;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(PG_GETARG_LEAKAGE_PROFILE(1));

	state = get_state(fcinfo, in_aggregate);
	state = profile_absorb(state, PG_GETARG_LEAKAGE_PROFILE(1));
	return return_state(state, in_aggregate);
}

/*
 * The result of the aggregates: a canonical copy, the state stays as it is.
 */
Datum
leakage_profile_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(profile_canonical(PG_GETARG_LEAKAGE_PROFILE(0)));
}

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
 * One row a period: period, actual, expected, present.
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
		values[3] = BoolGetDatum(p->actual_rows > 0);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * The sum of the actual amounts.
 */
Datum
leakage_profile_actual_total(PG_FUNCTION_ARGS)
{
	LeakageProfile *profile = PG_GETARG_LEAKAGE_PROFILE(0);
	int128		total = 0;

	for (uint32 i = 0; i < profile->nperiods; i++)
		total += profile->periods[i].actual;
	PG_RETURN_NUMERIC(money_sum_to_numeric(total));
}

/*
 * The sum of the expected amounts.
 */
Datum
leakage_profile_expected_total(PG_FUNCTION_ARGS)
{
	LeakageProfile *profile = PG_GETARG_LEAKAGE_PROFILE(0);
	int128		total = 0;

	for (uint32 i = 0; i < profile->nperiods; i++)
		total += profile->periods[i].expected;
	PG_RETURN_NUMERIC(money_sum_to_numeric(total));
}

/*
 * The number of periods with an actual row.
 */
Datum
leakage_profile_active_periods(PG_FUNCTION_ARGS)
{
	LeakageProfile *profile = PG_GETARG_LEAKAGE_PROFILE(0);
	int32		active = 0;

	for (uint32 i = 0; i < profile->nperiods; i++)
		active += (profile->periods[i].actual_rows > 0);
	PG_RETURN_INT32(active);
}

/*
 * The number of periods without an actual row between the first and the last
 * that have one.  A gap in the period numbers is none: which periods there
 * are, only who made the profile knows.
 */
Datum
leakage_profile_missing_periods(PG_FUNCTION_ARGS)
{
	LeakageProfile *profile = PG_GETARG_LEAKAGE_PROFILE(0);
	int32		missing = 0;
	int32		since_active = 0;
	bool		active = false;

	for (uint32 i = 0; i < profile->nperiods; i++)
	{
		if (profile->periods[i].actual_rows > 0)
		{
			if (active)
				missing += since_active;
			active = true;
			since_active = 0;
		}
		else
			since_active++;
	}
	PG_RETURN_INT32(missing);
}

/*
 * The first and the last period with an actual row; NULL where none has.
 */
Datum
leakage_profile_first_period(PG_FUNCTION_ARGS)
{
	LeakageProfile *profile = PG_GETARG_LEAKAGE_PROFILE(0);

	for (uint32 i = 0; i < profile->nperiods; i++)
	{
		if (profile->periods[i].actual_rows > 0)
			PG_RETURN_INT32(profile->periods[i].period);
	}
	PG_RETURN_NULL();
}

Datum
leakage_profile_last_period(PG_FUNCTION_ARGS)
{
	LeakageProfile *profile = PG_GETARG_LEAKAGE_PROFILE(0);

	for (uint32 i = profile->nperiods; i > 0; i--)
	{
		if (profile->periods[i - 1].actual_rows > 0)
			PG_RETURN_INT32(profile->periods[i - 1].period);
	}
	PG_RETURN_NULL();
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
