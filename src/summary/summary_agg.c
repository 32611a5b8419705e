/*-------------------------------------------------------------------------
 *
 * summary_agg.c
 *		The aggregates revenue_summary and rollup: thin wrappers around
 *		summary_state.c.
 *
 * Invariants
 *	- the state of the aggregates is a revenue_summary in a working form; what
 *	  leaves them is packed.
 *	- an argument is written to only if it is the state of a running aggregate,
 *	  and in a working form.  The same pointer is returned as long as there is
 *	  room, which tells the executor not to copy it.  Called by themselves, the
 *	  functions leave their arguments alone and return a packed value.
 *	- final functions only read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/base_fmgr.h"
#include "summary/summary_state.h"

#define GETARG_SUMMARY(n)	((RevenueSummary *) PG_DETOAST_DATUM(PG_GETARG_DATUM(n)))

PG_FUNCTION_INFO_V1(revenue_summary_accum_numeric);
PG_FUNCTION_INFO_V1(revenue_summary_accum_float8);
PG_FUNCTION_INFO_V1(revenue_summary_inverse_numeric);
PG_FUNCTION_INFO_V1(revenue_summary_inverse_float8);
PG_FUNCTION_INFO_V1(revenue_summary_combine);
PG_FUNCTION_INFO_V1(revenue_summary_rollup_accum);
PG_FUNCTION_INFO_V1(revenue_summary_rollup_inverse);
PG_FUNCTION_INFO_V1(revenue_summary_final);
PG_FUNCTION_INFO_V1(revenue_summary_rollup_final);

/*
 * Add an amount to argument 0.
 */
static inline Datum
accumulate(FunctionCallInfo fcinfo, int64 amount)
{
	RevenueSummary *state = GETARG_SUMMARY(0);

	if (AggCheckCallContext(fcinfo, NULL))
		return PointerGetDatum(summary_add(state, amount));
	return PointerGetDatum(summary_pack(summary_add(summary_working(state, 1), amount)));
}

/*
 * Take an amount away from argument 0.
 */
static inline Datum
discard(FunctionCallInfo fcinfo, int64 amount)
{
	RevenueSummary *state = GETARG_SUMMARY(0);

	if (AggCheckCallContext(fcinfo, NULL))
		return PointerGetDatum(summary_remove(state, amount));
	return PointerGetDatum(summary_pack_rest(summary_remove(summary_working(state, 0), amount)));
}

Datum
revenue_summary_accum_numeric(PG_FUNCTION_ARGS)
{
	return accumulate(fcinfo, money_from_numeric(PG_GETARG_NUMERIC(1), "amount"));
}

Datum
revenue_summary_accum_float8(PG_FUNCTION_ARGS)
{
	return accumulate(fcinfo, money_from_float8(PG_GETARG_FLOAT8(1), "amount"));
}

Datum
revenue_summary_inverse_numeric(PG_FUNCTION_ARGS)
{
	return discard(fcinfo, money_from_numeric(PG_GETARG_NUMERIC(1), "amount"));
}

Datum
revenue_summary_inverse_float8(PG_FUNCTION_ARGS)
{
	return discard(fcinfo, money_from_float8(PG_GETARG_FLOAT8(1), "amount"));
}

/*
 * Argument 1 merged into argument 0.
 */
static Datum
merge(FunctionCallInfo fcinfo)
{
	RevenueSummary *state = GETARG_SUMMARY(0);
	RevenueSummary *other = GETARG_SUMMARY(1);
	bool		in_aggregate = AggCheckCallContext(fcinfo, NULL) != 0;

	if (other->count == 0)
		return PointerGetDatum(in_aggregate ? state : summary_pack(state));
	if (state->count == 0)
		return PointerGetDatum(in_aggregate ? other : summary_pack(other));
	if (in_aggregate)
		return PointerGetDatum(summary_merge(state, other));
	return PointerGetDatum(summary_pack(summary_merge(summary_working(state, other->count), other)));
}

/*
 * Combine two partial states, either of which may be missing.  The executor
 * copies what is not the state that it passed.
 */
Datum
revenue_summary_combine(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
	{
		RevenueSummary *state = GETARG_SUMMARY(PG_ARGISNULL(0) ? 1 : 0);

		if (AggCheckCallContext(fcinfo, NULL))
			PG_RETURN_POINTER(state);
		PG_RETURN_POINTER(summary_pack(state));
	}
	return merge(fcinfo);
}

Datum
revenue_summary_rollup_accum(PG_FUNCTION_ARGS)
{
	return merge(fcinfo);
}

Datum
revenue_summary_rollup_inverse(PG_FUNCTION_ARGS)
{
	RevenueSummary *state = GETARG_SUMMARY(0);
	RevenueSummary *other = GETARG_SUMMARY(1);

	if (AggCheckCallContext(fcinfo, NULL))
		PG_RETURN_POINTER(summary_subtract(state, other));
	PG_RETURN_POINTER(summary_pack_rest(summary_subtract(summary_working(state, 0), other)));
}

/*
 * Result of revenue_summary: NULL if there was no amount.
 */
Datum
revenue_summary_final(PG_FUNCTION_ARGS)
{
	RevenueSummary *state = GETARG_SUMMARY(0);

	if (state->count == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(summary_pack(state));
}

/*
 * Result of rollup: NULL only if there was no summary.
 */
Datum
revenue_summary_rollup_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(summary_pack(GETARG_SUMMARY(0)));
}
