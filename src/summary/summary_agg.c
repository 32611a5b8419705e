/*-------------------------------------------------------------------------
 *
 * summary_agg.c
 *		Support functions of the aggregates revenue_summary and rollup: thin
 *		wrappers around summary_update_state.c.
 *
 * Invariants
 *	- the state of the aggregates is a revenue_summary in a working form; the
 *	  result is packed.  The state of a moving frame is internal, because taking
 *	  out rows that never came in could leave what is not a value of the type.
 *	- an argument is written to only if it is the state of a running aggregate,
 *	  and in a working form.  As long as there is room, the same pointer is
 *	  returned, which tells the executor not to copy it.  Outside an aggregate
 *	  the functions do not change their arguments, and return a packed value.
 *	- final functions only read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/base_fmgr.h"
#include "summary/summary_io.h"

/* the state of a moving frame */
typedef struct MovingSummary
{
	RevenueSummary *summary;	/* in a working form */
	int64		rows;			/* in the frame, not counting NULLs */
} MovingSummary;

PG_FUNCTION_INFO_V1(revenue_summary_accum_numeric);
PG_FUNCTION_INFO_V1(revenue_summary_accum_float8);
PG_FUNCTION_INFO_V1(revenue_summary_combine);
PG_FUNCTION_INFO_V1(revenue_summary_rollup_accum);
PG_FUNCTION_INFO_V1(revenue_summary_final);
PG_FUNCTION_INFO_V1(revenue_summary_rollup_final);
PG_FUNCTION_INFO_V1(revenue_summary_moving_accum_numeric);
PG_FUNCTION_INFO_V1(revenue_summary_moving_accum_float8);
PG_FUNCTION_INFO_V1(revenue_summary_inverse_numeric);
PG_FUNCTION_INFO_V1(revenue_summary_inverse_float8);
PG_FUNCTION_INFO_V1(revenue_summary_rollup_moving_accum);
PG_FUNCTION_INFO_V1(revenue_summary_rollup_inverse);
PG_FUNCTION_INFO_V1(revenue_summary_moving_final);

static inline int64
numeric_amount(Datum amount)
{
	return money_from_numeric(DatumGetNumeric(amount), "amount");
}

static inline int64
float8_amount(Datum amount)
{
	return money_from_float8(DatumGetFloat8(amount), "amount");
}

/*
 * Add an amount to argument 0.
 */
static inline Datum
accumulate(FunctionCallInfo fcinfo, int64 amount)
{
	RevenueSummary *state = PG_GETARG_SUMMARY(0);

	if (AggCheckCallContext(fcinfo, NULL))
		return PointerGetDatum(summary_add(state, amount));
	return PointerGetDatum(summary_pack(summary_add(summary_working(state, 1), amount)));
}

Datum
revenue_summary_accum_numeric(PG_FUNCTION_ARGS)
{
	return accumulate(fcinfo, numeric_amount(PG_GETARG_DATUM(1)));
}

Datum
revenue_summary_accum_float8(PG_FUNCTION_ARGS)
{
	return accumulate(fcinfo, float8_amount(PG_GETARG_DATUM(1)));
}

/*
 * Merge argument 1 into argument 0.
 */
static Datum
merge(FunctionCallInfo fcinfo)
{
	RevenueSummary *state = PG_GETARG_SUMMARY(0);
	RevenueSummary *other = PG_GETARG_SUMMARY(1);
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
		RevenueSummary *state = PG_GETARG_SUMMARY(PG_ARGISNULL(0) ? 1 : 0);

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

/*
 * Result of revenue_summary: NULL if there was no amount.
 */
Datum
revenue_summary_final(PG_FUNCTION_ARGS)
{
	RevenueSummary *state = PG_GETARG_SUMMARY(0);

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
	PG_RETURN_POINTER(PG_GETARG_PACKED_SUMMARY(0));
}


/* ----------
 * Moving frames
 * ----------
 */

/*
 * The state of a moving frame, argument 0, made if there is none.  It lives in
 * "context".
 */
static MovingSummary *
moving_state(FunctionCallInfo fcinfo, MemoryContext *context)
{
	MovingSummary *state = PG_GETARG_STATE(0);
	MemoryContext old;

	*context = aggregate_context(fcinfo, "revenue_summary");
	if (state != NULL)
		return state;
	old = MemoryContextSwitchTo(*context);
	state = palloc(sizeof(MovingSummary));
	state->summary = summary_working(summary_make_empty(), 1);
	state->rows = 0;
	MemoryContextSwitchTo(old);
	return state;
}

/*
 * Replace the summary by what an update has made of it.
 */
static void
put_summary(MovingSummary *state, RevenueSummary *summary, int rows)
{
	if (summary != state->summary)
		pfree(state->summary);
	state->summary = summary;
	state->rows += rows;
}

/*
 * An amount enters or leaves a moving frame.
 */
static inline Datum
move_amount(FunctionCallInfo fcinfo, int64 (*read) (Datum),
			RevenueSummary *(*update) (RevenueSummary *, int64), int rows)
{
	MemoryContext context;
	MovingSummary *state = moving_state(fcinfo, &context);

	if (!PG_ARGISNULL(1))
	{
		int64		amount = read(PG_GETARG_DATUM(1));
		MemoryContext old = MemoryContextSwitchTo(context);

		put_summary(state, update(state->summary, amount), rows);
		MemoryContextSwitchTo(old);
	}
	PG_RETURN_POINTER(state);
}

/*
 * A summary enters or leaves a moving frame.
 */
static inline Datum
move_summary(FunctionCallInfo fcinfo,
			 RevenueSummary *(*update) (RevenueSummary *, const RevenueSummary *), int rows)
{
	MemoryContext context;
	MovingSummary *state = moving_state(fcinfo, &context);

	if (!PG_ARGISNULL(1))
	{
		RevenueSummary *other = PG_GETARG_SUMMARY(1);
		MemoryContext old = MemoryContextSwitchTo(context);

		put_summary(state, update(state->summary, other), rows);
		MemoryContextSwitchTo(old);
	}
	PG_RETURN_POINTER(state);
}

Datum
revenue_summary_moving_accum_numeric(PG_FUNCTION_ARGS)
{
	return move_amount(fcinfo, numeric_amount, summary_add, 1);
}

Datum
revenue_summary_moving_accum_float8(PG_FUNCTION_ARGS)
{
	return move_amount(fcinfo, float8_amount, summary_add, 1);
}

Datum
revenue_summary_inverse_numeric(PG_FUNCTION_ARGS)
{
	return move_amount(fcinfo, numeric_amount, summary_remove, -1);
}

Datum
revenue_summary_inverse_float8(PG_FUNCTION_ARGS)
{
	return move_amount(fcinfo, float8_amount, summary_remove, -1);
}

Datum
revenue_summary_rollup_moving_accum(PG_FUNCTION_ARGS)
{
	return move_summary(fcinfo, summary_merge, 1);
}

Datum
revenue_summary_rollup_inverse(PG_FUNCTION_ARGS)
{
	return move_summary(fcinfo, summary_subtract, -1);
}

/*
 * Result of both aggregates: NULL if the frame has no row.
 */
Datum
revenue_summary_moving_final(PG_FUNCTION_ARGS)
{
	MovingSummary *state;

	(void) aggregate_context(fcinfo, "revenue_summary");
	state = PG_GETARG_STATE(0);
	if (state == NULL || state->rows == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(summary_pack(state->summary));
}
