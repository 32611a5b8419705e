/*-------------------------------------------------------------------------
 *
 * fit_model.c
 *		The leakage_model that the sums of a round give.
 *
 * The start takes figures that leaks hardly move: counts of the entities with
 * few missing or zero periods, medians, the upper side of the levels.  Each
 * further round is one of expectation and maximization.
 *
 * Invariant: the model depends on the sums only, and is computed in one fixed
 * order.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "detector/fit_model.h"
#include "detector/fit_weight.h"

/*
 * Shares of users who do not pay in every period: what they start from, users
 * that are not counted (or one odd user would be a class of its own), and what
 * the rates leave to the others.
 */
#define START_PAYERS		0.05
#define PAYERS_GUARD		3.0
#define RATES_MOST			0.98

/*
 * The autocorrelation: mean of those of the entities, corrected for the bias
 * of short histories.
 */
static void
set_autocorrelation(LeakageModel *model, double correlation, double entities, double periods)
{
	double		r;

	if (entities <= 0)
		return;
	r = correlation / entities;
	r += (1 + 3 * Max(r, 0)) * entities / periods;
	model_set(model, MODEL_AUTOCORRELATION, r);
}

/*
 * The noise law in parts per 10^9, moved by so many bins.  Returns false if
 * the law is empty.
 */
static bool
set_noise(LeakageModel *model, const int64 *noise, int shift)
{
	int32	   *share = model->law + model_laws[LAW_NOISE].offset;
	int128		total = 0;
	int			i;

	for (i = 0; i < BIN_COUNT; i++)
		total += noise[i];
	if (total <= 0)
		return false;
	memset(share, 0, BIN_COUNT * sizeof(int32));
	for (i = 0; i < BIN_COUNT; i++)
	{
		int			b = Max(Min(i + shift, BIN_COUNT - 1), 0);

		share[b] += (int32) (((int128) noise[i] * MODEL_UNIT + total / 2) / total);
	}
	return true;
}

/*
 * The model to start from.
 *
 * No entity has a probability yet, so each counts as if it were honest.  The
 * leaks are kept out by taking figures that they hardly move.  The rates of
 * the leaks stay as model_make() has them, those of the mirror images are 0.
 *
 * With fewer than MODEL_MIN_USERS levels this is all that is learned: the
 * model stays a closed form.  Otherwise it gets a noise law and the spread of
 * the levels in bins, and becomes a likelihood, for the rounds to improve.
 * The noise was counted around each entity's own level.  It is moved by the
 * median level, so that the levels of the likelihood are relative to that.
 */
static LeakageModel *
start_model(const FitState *state)
{
	const int128 *sum = state->sum;
	LeakageModel *model = model_make();
	double		levels = (double) sum[START_LEVELS];
	bool		is_small = levels < MODEL_MIN_USERS;
	int			shift;

	model->users = state->users;
	for (int kind = 0; kind < COUNT_KINDS; kind++)
		fit_counts_start(model, kind, &state->counts[kind], &state->start->counts[kind], is_small);
	set_autocorrelation(model, weight_to_double(sum[START_CORRELATION]),
						(double) sum[START_CORRELATED], (double) sum[START_CORRELATED_PERIODS]);
	if (levels > 0)
	{
		double		freedom = weight_to_double(sum[START_FREEDOM]);

		if (freedom > 0)
			model_set(model, MODEL_NOISE_CV2, weight_to_double(sum[START_SQUARES]) / freedom);
		fit_levels_start(model, &state->start->levels, levels,
						 weight_to_double(sum[START_INVERSE]), is_small);
	}
	shift = (int) rint(log(model_value(model, MODEL_LEVEL_MEDIAN)) * BINS_PER_OCTAVE / M_LN2);
	if (!is_small && set_noise(model, state->noise, shift))
	{
		model->method = MODEL_LIKELIHOOD;
		model_set(model, MODEL_SIGMA,
				  sqrt(model_value(model, MODEL_LEVEL_TAU2)) * BINS_PER_OCTAVE / M_LN2);
		model_set(model, MODEL_REGULAR, START_PAYERS);
		model_set(model, MODEL_IRREGULAR, START_PAYERS);
		absence_start(model);
		end_laws_start(model);
		payer_start(model);
	}
	return model;
}

/*
 * The rates: each is the mean probability of its hypothesis.
 *
 * The first rounds are without mirror images, so that the laws settle first.
 * Then the rate of each mirror begins as large as the rate that it mirrors,
 * and is taken two steps at once, to mean^2 / before.  It begins far above
 * what it should be, and where the noise is wide one step takes off a tenth
 * only.  What is left of a mirror of nothing after the last round would be
 * held against every fall.
 *
 * Users who paid nothing at all are of no kind.
 */
static void
set_rates(LeakageModel *model, const int128 *sum, int64 billed)
{
	static const ModelParameter others[] = {MODEL_REGULAR, MODEL_IRREGULAR, MODEL_EVENT};
	double		leaks = 0;
	double		total = 0;

	for (int i = LEAK_NONE + 1; i < HYPOTHESES; i++)
	{
		double		mean = weight_to_double(sum[ROUND_PROBABILITY + i]) / (double) billed;
		double		before = model_value(model, model_rate_parameter[i]);

		if ((i == RISE_DROP || i == RISE_UNDERBILLED) && before > 0)
			mean *= mean / before;
		if (i == PAYS_REGULARLY || i == PAYS_IRREGULARLY)
			mean -= PAYERS_GUARD / (double) billed;
		if (i != IN_EVENT)
			model_set(model, model_rate_parameter[i], mean);
	}
	if (model->round == MODEL_PLAIN_ROUNDS)
	{
		model->parameter[MODEL_DROP_UP] = model->parameter[MODEL_DROP];
		model->parameter[MODEL_UNDERBILLED_UP] = model->parameter[MODEL_UNDERBILLED];
	}

	/* the floors, the mirrors and the events may take the sum beyond one */
	for (int i = MODEL_MISSING; i <= MODEL_UNDERBILLED_UP; i++)
		leaks += model_value(model, i);
	for (int i = 0; i < (int) lengthof(others); i++)
		total += model_value(model, others[i]);
	if (leaks + total > RATES_MOST)
	{
		double		fit = Max(RATES_MOST - leaks, 0) / total;

		for (int i = 0; i < (int) lengthof(others); i++)
			model_set(model, others[i], fit * model_value(model, others[i]));
	}
}

/*
 * One round of expectation and maximization.
 *
 * The expectation is in the sums.  fit_add() computed for each entity, under
 * the model of the round before, the probability of each hypothesis, and that
 * of each level if nothing is wrong.  It added up what the entity says about
 * honest ones with these as weights.
 *
 * This is the maximization: each parameter becomes what the weighted sums say.
 * A rate is a mean probability, sigma the spread of the levels, the noise law
 * the histogram of the periods around these levels.  Rate and dispersion of
 * missing and of zero periods come from moments, and the autocorrelation is a
 * mean.  What is not set here stays as the start left it: noise_cv2 and the
 * level_ parameters.
 */
static LeakageModel *
round_model(const FitState *state)
{
	const int128 *sum = state->sum;
	LeakageModel *model = model_copy(state->model);
	LevelSums	levels;

	model->users = state->users;
	if (model->round < MODEL_MAX_ROUND)
		model->round++;
	fit_events(model, &state->events, (double) Max(state->billed, 1));
	set_rates(model, sum, Max(state->billed, 1));

	levels.weight = weight_to_double(sum[ROUND_PROBABILITY + LEAK_NONE]);
	levels.square = weight_to_double(sum[ROUND_LEVEL_SQUARE]);
	levels.group = weight_to_double(sum[ROUND_GROUP]);
	levels.group_level = weight_to_double(sum[ROUND_GROUP_LEVEL]);
	if (levels.weight > 0)
		fit_levels_round(model, &levels);
	(void) set_noise(model, state->noise, 0);

	for (int kind = 0; kind < COUNT_KINDS; kind++)
	{
		fit_counts_round(model, kind, &state->counts[kind]);
		fit_absences(model, kind, &state->absences[kind]);
	}
	for (int end = 0; end < HISTORY_ENDS; end++)
		fit_end_law(model, end, state->ends[end]);
	fit_payers(model, &state->payers);
	set_autocorrelation(model, weight_to_double(sum[ROUND_CORRELATION]),
						weight_to_double(sum[ROUND_CORRELATED]),
						weight_to_double(sum[ROUND_CORRELATED_PERIODS]));
	return model;
}

LeakageModel *
fit_model(const FitState *state)
{
	if (state->users == 0)
		return NULL;
	if (state->model == NULL)
		return start_model(state);
	if (state->model->method == MODEL_CLOSED_FORM)
		return model_copy(state->model);
	return round_model(state);
}
