/*-------------------------------------------------------------------------
 *
 * fit_agg.c
 *		The aggregate leakage_fit: one round of learning a leakage_model.
 *
 * Invariant: all rows of a group bring the same model, or none of them brings
 * one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"

#include "base/base_fmgr.h"
#include "detector/fit_model.h"
#include "detector/model_io.h"
#include "profile/profile_fmgr.h"

#define FIT_STATE_VERSION	2

/* what no real state has: beyond these, sums over two states could overflow */
#define FIT_MAX_ENTITIES	(INT64CONST(1) << 50)
#define FIT_MAX_WEIGHT		(INT64CONST(1) << 62)
#define FIT_MAX_SUM			((int128) 1 << 126)

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
	FitState   *state = PG_GETARG_STATE(0);
	LeakageProfile *profile;
	LeakageModel *model;
	MemoryContext old;

	if (PG_ARGISNULL(1))
		PG_RETURN_STATE(state);
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
	FitState   *state = PG_GETARG_STATE(0);
	FitState   *other = PG_GETARG_STATE(1);

	if (other == NULL)
		PG_RETURN_STATE(state);
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

static void
send_counts(StringInfo buf, const int64 *counts, int n)
{
	for (int i = 0; i < n; i++)
		pq_sendint64(buf, counts[i]);
}

/*
 * Counts of entities and weights, which are not below zero.
 */
static void
get_counts(StringInfo buf, int64 *counts, int n, int64 limit)
{
	for (int i = 0; i < n; i++)
	{
		counts[i] = pq_getmsgint64(buf);
		if (counts[i] < 0 || counts[i] >= limit)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("invalid state of leakage_fit: a count is " INT64_FORMAT, counts[i])));
	}
}

static void
send_sums(StringInfo buf, const int128 *sums, int n)
{
	for (int i = 0; i < n; i++)
		state_send_sum(buf, sums[i]);
}

static void
get_sums(StringInfo buf, int128 *sums, int n)
{
	for (int i = 0; i < n; i++)
	{
		sums[i] = state_get_sum(buf);
		if (sums[i] <= -FIT_MAX_SUM || sums[i] >= FIT_MAX_SUM)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("invalid state of leakage_fit: a sum is out of range")));
	}
}

static void
send_search(StringInfo buf, const EventSearch *search)
{
	pq_sendint32(buf, search->first);
	pq_sendint32(buf, search->last);
	send_counts(buf, search->fall, EVENT_PERIODS);
	send_counts(buf, search->rise, EVENT_PERIODS);
	send_counts(buf, search->possible, EVENT_PERIODS);
}

static void
get_search(StringInfo buf, EventSearch *search)
{
	search->first = (int32) pq_getmsgint(buf, 4);
	search->last = (int32) pq_getmsgint(buf, 4);
	get_counts(buf, search->fall, EVENT_PERIODS, FIT_MAX_WEIGHT);
	get_counts(buf, search->rise, EVENT_PERIODS, FIT_MAX_WEIGHT);
	get_counts(buf, search->possible, EVENT_PERIODS, FIT_MAX_WEIGHT);
}

/*
 * State to bytes, for another process.
 */
Datum
leakage_fit_serialize(PG_FUNCTION_ARGS)
{
	FitState   *state;
	StringInfoData buf;

	(void) aggregate_context(fcinfo, "leakage_fit");
	state = (FitState *) PG_GETARG_POINTER(0);

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, FIT_STATE_VERSION);
	pq_sendbyte(&buf, state->model != NULL);
	if (state->model != NULL)
		model_write(&buf, state->model);
	send_counts(&buf, &state->users, 1);
	send_counts(&buf, &state->billed, 1);
	send_counts(&buf, state->noise, BIN_COUNT);
	send_counts(&buf, state->ends[0], HISTORY_ENDS * END_SLOTS);
	send_sums(&buf, &state->payers.slots, 1);
	send_sums(&buf, &state->payers.skipped, 1);
	send_sums(&buf, state->payers.scale, PAYER_SCALES);
	send_counts(&buf, state->payers.noise, BIN_COUNT);
	for (int kind = 0; kind < COUNT_KINDS; kind++)
	{
		send_sums(&buf, state->counts[kind].moment, COUNT_MOMENTS);
		send_counts(&buf, (int64 *) &state->absences[kind], ABSENCE_SUMS);
	}
	send_counts(&buf, state->events.factor[0], MODEL_EVENTS * EVENT_FACTORS);
	if (state->events.search != NULL)
		send_search(&buf, state->events.search);
	send_sums(&buf, state->sum, FIT_SUMS);
	if (state->start != NULL)
	{
		send_counts(&buf, state->start->levels.entities, FIT_LEVELS);
		for (int kind = 0; kind < COUNT_KINDS; kind++)
			send_counts(&buf, state->start->counts[kind].entities[0], FIT_FEW * FIT_COUNTS);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/*
 * Bytes to state.
 */
Datum
leakage_fit_deserialize(PG_FUNCTION_ARGS)
{
	StringInfoData buf;
	FitState   *state;

	state_open(fcinfo, &buf, "leakage_fit", FIT_STATE_VERSION);
	state = fit_make(pq_getmsgbyte(&buf) != 0 ? model_read(&buf) : NULL);
	get_counts(&buf, &state->users, 1, FIT_MAX_ENTITIES);
	get_counts(&buf, &state->billed, 1, FIT_MAX_ENTITIES);
	get_counts(&buf, state->noise, BIN_COUNT, FIT_MAX_WEIGHT);
	get_counts(&buf, state->ends[0], HISTORY_ENDS * END_SLOTS, FIT_MAX_WEIGHT);
	get_sums(&buf, &state->payers.slots, 1);
	get_sums(&buf, &state->payers.skipped, 1);
	get_sums(&buf, state->payers.scale, PAYER_SCALES);
	get_counts(&buf, state->payers.noise, BIN_COUNT, FIT_MAX_WEIGHT);
	for (int kind = 0; kind < COUNT_KINDS; kind++)
	{
		get_sums(&buf, state->counts[kind].moment, COUNT_MOMENTS);
		get_counts(&buf, (int64 *) &state->absences[kind], ABSENCE_SUMS, FIT_MAX_WEIGHT);
	}
	get_counts(&buf, state->events.factor[0], MODEL_EVENTS * EVENT_FACTORS, FIT_MAX_WEIGHT);
	if (state->events.search != NULL)
		get_search(&buf, state->events.search);
	get_sums(&buf, state->sum, FIT_SUMS);
	if (state->start != NULL)
	{
		get_counts(&buf, state->start->levels.entities, FIT_LEVELS, FIT_MAX_ENTITIES);
		for (int kind = 0; kind < COUNT_KINDS; kind++)
			get_counts(&buf, state->start->counts[kind].entities[0], FIT_FEW * FIT_COUNTS, FIT_MAX_ENTITIES);
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
