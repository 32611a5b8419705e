/*-------------------------------------------------------------------------
 *
 * score_agg.c
 *		The aggregate leakage_score: the score of leakage_assess, straight from
 *		the rows of an entity.
 *
 * Invariants
 *	- all rows of a group bring the same model, or none of them brings one.
 *	- the final function leaves the state as it is.  What it keeps from call to
 *	  call depends on the model only, not on a group.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"

#include "detector/assessment.h"
#include "base/base_fmgr.h"
#include "detector/model_io.h"
#include "profile/profile_fmgr.h"

#define SCORE_STATE_VERSION	1

typedef struct ScoreState
{
	LeakageModel *model;		/* or NULL */
	LeakageProfile *profile;
} ScoreState;

PG_FUNCTION_INFO_V1(leakage_score_transition);
PG_FUNCTION_INFO_V1(leakage_score_combine);
PG_FUNCTION_INFO_V1(leakage_score_serialize);
PG_FUNCTION_INFO_V1(leakage_score_deserialize);
PG_FUNCTION_INFO_V1(leakage_score_final);

static ScoreState *
score_make(const LeakageModel *model, LeakageProfile *profile)
{
	ScoreState *state = palloc(sizeof(ScoreState));

	state->model = model != NULL ? model_copy(model) : NULL;
	state->profile = profile;
	return state;
}

/*
 * Add a row (period, actual, expected, model), with the rules of the aggregate
 * leakage_profile.
 */
Datum
leakage_score_transition(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo, "leakage_score");
	ScoreState *state = PG_GETARG_STATE(0);
	LeakageModel *model;
	ProfilePeriod row;
	MemoryContext old;

	if (!profile_get_row(fcinfo, &row))
		PG_RETURN_STATE(state);
	model = PG_GETARG_LEAKAGE_MODEL_OR_NULL(4);

	old = MemoryContextSwitchTo(context);
	if (state == NULL)
		state = score_make(model, profile_make(PROFILE_FIRST_CAPACITY));
	else
		require_same_model(state->model, model, "leakage_score");
	state->profile = profile_add(state->profile, &row);
	MemoryContextSwitchTo(old);
	PG_RETURN_POINTER(state);
}

/*
 * Add another state.
 */
Datum
leakage_score_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo, "leakage_score");
	ScoreState *state = PG_GETARG_STATE(0);
	ScoreState *other = PG_GETARG_STATE(1);
	MemoryContext old;

	if (other == NULL)
		PG_RETURN_STATE(state);
	old = MemoryContextSwitchTo(context);
	if (state == NULL)
		state = score_make(other->model, profile_copy(other->profile));
	else
	{
		require_same_model(state->model, other->model, "leakage_score");
		state->profile = profile_absorb(state->profile, other->profile);
	}
	MemoryContextSwitchTo(old);
	PG_RETURN_POINTER(state);
}

/*
 * State to bytes, for another process.
 */
Datum
leakage_score_serialize(PG_FUNCTION_ARGS)
{
	ScoreState *state;
	StringInfoData buf;

	(void) aggregate_context(fcinfo, "leakage_score");
	state = (ScoreState *) PG_GETARG_POINTER(0);

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, SCORE_STATE_VERSION);
	pq_sendbyte(&buf, state->model != NULL);
	if (state->model != NULL)
		model_write(&buf, state->model);
	profile_write(&buf, state->profile);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/*
 * Bytes to state.
 */
Datum
leakage_score_deserialize(PG_FUNCTION_ARGS)
{
	ScoreState *state = palloc(sizeof(ScoreState));
	StringInfoData buf;

	state_open(fcinfo, &buf, "leakage_score", SCORE_STATE_VERSION);
	state->model = pq_getmsgbyte(&buf) != 0 ? model_read(&buf) : NULL;
	state->profile = profile_read(&buf);
	PG_RETURN_POINTER(state);
}

/*
 * The score, or NULL where no row counted.
 */
Datum
leakage_score_final(PG_FUNCTION_ARGS)
{
	Assessor   *assessor = fcinfo->flinfo->fn_extra;
	ScoreState *state;

	(void) aggregate_context(fcinfo, "leakage_score");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (ScoreState *) PG_GETARG_POINTER(0);
	if (assessor == NULL)
	{
		assessor = assessor_make(fcinfo->flinfo->fn_mcxt, state->model);
		fcinfo->flinfo->fn_extra = assessor;
	}
	else
		assessor_set_model(assessor, state->model);
	PG_RETURN_FLOAT8(assess(assessor, state->profile)->score);
}
