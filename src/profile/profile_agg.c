/*-------------------------------------------------------------------------
 *
 * profile_agg.c
 *		Support functions of the aggregates leakage_profile and rollup: thin
 *		wrappers around profile_state.c.
 *
 * Invariants
 *	- the state of the aggregates is a leakage_profile, with room to spare; the
 *	  result is canonical.  The state of a moving frame is internal, because it
 *	  may have no period, and a value of the type must have one.
 *	- an argument is written to only if it is the state of a running aggregate.
 *	  As long as there is room, the same pointer is returned, which tells the
 *	  executor not to copy it.  Outside an aggregate the functions do not change
 *	  their arguments.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/base_fmgr.h"
#include "profile/profile_io.h"

PG_FUNCTION_INFO_V1(leakage_profile_transition);
PG_FUNCTION_INFO_V1(leakage_profile_moving_transition);
PG_FUNCTION_INFO_V1(leakage_profile_moving_inverse);
PG_FUNCTION_INFO_V1(leakage_profile_moving_final);
PG_FUNCTION_INFO_V1(leakage_profile_combine);
PG_FUNCTION_INFO_V1(leakage_profile_final);

bool
profile_get_row(FunctionCallInfo fcinfo, ProfilePeriod *row)
{
	memset(row, 0, sizeof(*row));
	if (PG_ARGISNULL(1) || (PG_ARGISNULL(2) && PG_ARGISNULL(3)))
		return false;

	row->period = PG_GETARG_INT32(1);
	if (!PG_ARGISNULL(2))
	{
		row->actual_rows = 1;
		row->actual = money_from_numeric(PG_GETARG_NUMERIC(2), "actual amount");
	}
	if (!PG_ARGISNULL(3))
	{
		row->expected_rows = 1;
		row->expected = money_from_numeric(PG_GETARG_NUMERIC(3), "expected amount");
	}
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
 * What a transition returns.  Outside an aggregate it is a value like any
 * other.
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
	ProfilePeriod row;

	if (!profile_get_row(fcinfo, &row))
		PG_RETURN_STATE(PG_GETARG_STATE(0));

	state = get_state(fcinfo, in_aggregate);
	state = profile_add(state, &row);
	return return_state(state, in_aggregate);
}

/*
 * The same for a moving frame.  Its state must not be NULL after the first row,
 * even if that is ignored.  It is a profile without periods then.
 */
Datum
leakage_profile_moving_transition(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo, "leakage_profile");
	LeakageProfile *before = PG_GETARG_STATE(0);
	LeakageProfile *state = before;
	ProfilePeriod row;
	bool		counts = profile_get_row(fcinfo, &row);
	MemoryContext old = MemoryContextSwitchTo(context);

	if (state == NULL)
		state = before = profile_make(PROFILE_FIRST_CAPACITY);
	if (counts)
		state = profile_add(state, &row);
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
	ProfilePeriod row;

	(void) aggregate_context(fcinfo, "leakage_profile");
	state = PG_GETARG_STATE(0);
	if (state == NULL)
		PG_RETURN_NULL();		/* the executor never asks */
	if (profile_get_row(fcinfo, &row) && !profile_remove(state, &row))
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
	state = PG_GETARG_STATE(0);
	if (state == NULL || state->nperiods == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(profile_canonical(state));
}

/*
 * Add one profile to another: the combine function of both aggregates, and
 * the transition of rollup.
 *
 * The second argument may have a short header, even if it is the state of a
 * parallel worker.  If it becomes the state, it is detoasted.
 */
Datum
leakage_profile_combine(PG_FUNCTION_ARGS)
{
	bool		in_aggregate = AggCheckCallContext(fcinfo, NULL) != 0;
	LeakageProfile *state;

	if (PG_ARGISNULL(1))
		PG_RETURN_STATE(PG_GETARG_STATE(0));
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(PG_GETARG_LEAKAGE_PROFILE(1));

	state = get_state(fcinfo, in_aggregate);
	state = profile_absorb(state, PG_GETARG_LEAKAGE_PROFILE(1));
	return return_state(state, in_aggregate);
}

/*
 * The result of the aggregates: a canonical copy.  The state does not change.
 */
Datum
leakage_profile_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(profile_canonical(PG_GETARG_LEAKAGE_PROFILE(0)));
}
