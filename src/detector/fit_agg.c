/*-------------------------------------------------------------------------
 *
 * fit_agg.c
 *		The aggregate leakage_fit: one round of learning a leakage_model.
 *		Thin wrappers around fit_state.c.
 *
 * Invariant: all rows of a group bring the same model, or none of them does.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"

#include "detector/fit_state.h"
#include "base/base_fmgr.h"
#include "detector/model_io.h"
#include "profile/profile_fmgr.h"

#define FIT_STATE_VERSION	1

PG_FUNCTION_INFO_V1(leakage_fit_transition);
PG_FUNCTION_INFO_V1(leakage_fit_combine);
PG_FUNCTION_INFO_V1(leakage_fit_serialize);
PG_FUNCTION_INFO_V1(leakage_fit_deserialize);
PG_FUNCTION_INFO_V1(leakage_fit_final);

/*
 * Add an entity.  NULL profiles are ignored.
 */
Datum
leakage_fit_transition(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo, "leakage_fit");
	FitState   *state = PG_ARGISNULL(0) ? NULL : (FitState *) PG_GETARG_POINTER(0);
	LeakageProfile *profile;
	LeakageModel *model;
	MemoryContext old;

	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	profile = PG_GETARG_LEAKAGE_PROFILE(1);
	model = PG_GETARG_LEAKAGE_MODEL_OR_NULL(2);

	old = MemoryContextSwitchTo(context);
	if (state == NULL)
		state = fit_make(model);
	else
		require_same_model(state->model, model, "leakage_fit");
	fit_add(state, profile);
	MemoryContextSwitchTo(old);
	PG_RETURN_POINTER(state);
}

/*
 * Add the sums of another state.
 */
Datum
leakage_fit_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo, "leakage_fit");
	FitState   *state = PG_ARGISNULL(0) ? NULL : (FitState *) PG_GETARG_POINTER(0);
	FitState   *other = PG_ARGISNULL(1) ? NULL : (FitState *) PG_GETARG_POINTER(1);

	if (other == NULL)
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (state == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(context);

		state = fit_make(other->model);
		MemoryContextSwitchTo(old);
	}
	else
		require_same_model(state->model, other->model, "leakage_fit");
	fit_merge(state, other);
	PG_RETURN_POINTER(state);
}

/*
 * State to bytes, for another process.
 */
Datum
leakage_fit_serialize(PG_FUNCTION_ARGS)
{
	FitState   *state;
	StringInfoData buf;
	int			i;

	(void) aggregate_context(fcinfo, "leakage_fit");
	state = (FitState *) PG_GETARG_POINTER(0);

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, FIT_STATE_VERSION);
	pq_sendbyte(&buf, state->model != NULL);
	if (state->model != NULL)
		model_write(&buf, state->model);
	pq_sendint64(&buf, state->users);
	for (i = 0; i < BIN_COUNT; i++)
		pq_sendint64(&buf, state->noise[i]);
	for (i = 0; i < FIT_SUMS; i++)
		state_send_sum(&buf, state->sum[i]);
	if (state->start != NULL)
	{
		for (i = 0; i < FIT_LEVELS; i++)
			pq_sendint64(&buf, state->start->level[i]);
		for (i = 0; i < FIT_COUNTS; i++)
		{
			pq_sendint64(&buf, state->start->holes[0][i]);
			pq_sendint64(&buf, state->start->holes[1][i]);
			pq_sendint64(&buf, state->start->zeros[0][i]);
			pq_sendint64(&buf, state->start->zeros[1][i]);
		}
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/*
 * A count or a weight, which is not below zero.
 */
static int64
read_count(StringInfo buf)
{
	int64		value = pq_getmsgint64(buf);

	if (value < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of leakage_fit: a count is " INT64_FORMAT, value)));
	return value;
}

/*
 * Bytes to state.
 */
Datum
leakage_fit_deserialize(PG_FUNCTION_ARGS)
{
	StringInfoData buf;
	LeakageModel *model = NULL;
	FitState   *state;
	int			has_model;
	int			i;

	state_open(fcinfo, &buf, "leakage_fit", FIT_STATE_VERSION);
	has_model = pq_getmsgbyte(&buf);
	if (has_model != 0)
		model = model_read(&buf);
	state = fit_make(model);
	state->users = read_count(&buf);
	for (i = 0; i < BIN_COUNT; i++)
		state->noise[i] = read_count(&buf);
	for (i = 0; i < FIT_SUMS; i++)
		state->sum[i] = state_get_sum(&buf);
	if (state->start != NULL)
	{
		for (i = 0; i < FIT_LEVELS; i++)
			state->start->level[i] = read_count(&buf);
		for (i = 0; i < FIT_COUNTS; i++)
		{
			state->start->holes[0][i] = read_count(&buf);
			state->start->holes[1][i] = read_count(&buf);
			state->start->zeros[0][i] = read_count(&buf);
			state->start->zeros[1][i] = read_count(&buf);
		}
	}
	pq_getmsgend(&buf);
	PG_RETURN_POINTER(state);
}

/*
 * The model that the sums give.  The state stays as it is.
 */
Datum
leakage_fit_final(PG_FUNCTION_ARGS)
{
	LeakageModel *model;

	(void) aggregate_context(fcinfo, "leakage_fit");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	model = fit_model((FitState *) PG_GETARG_POINTER(0));
	if (model == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(model);
}
