/*-------------------------------------------------------------------------
 *
 * fit_state.c
 *		The sums of one round of learning a leakage_model; fit_model.c makes the
 *		model of them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "base/base.h"
#include "detector/fit_state.h"

/* positive periods for an autocorrelation */
#define CORRELATION_MIN_POSITIVE	6

/* relative deviation of a period that there is noise from: half a bin */
#define CORRELATION_MIN_DEVIATION	0.04

/*
 * A weight or another small figure in units of 2^-20.
 */
static inline int64
fixed(double value)
{
	return (int64) rint(value * WEIGHT_ONE);
}

/*
 * Sums of a round over the model, of the start where that is NULL.
 */
FitState *
fit_make(const LeakageModel *model)
{
	FitState   *state = palloc0(sizeof(FitState));

	if (model != NULL)
		state->model = model_copy(model);
	else
		state->start = palloc0(sizeof(FitStart));
	return state;
}

static int
count_slot(int n)
{
	if (n <= FIT_COUNT_EXACT)
		return n - 1;
	return Min(FIT_COUNT_EXACT + (n - FIT_COUNT_EXACT - 1) / FIT_COUNT_STEP, FIT_COUNTS - 1);
}

/*
 * One entity's count of missing (or zero) periods, of n.
 */
static void
add_counts(int128 *sum, int64 weight, int count, int n)
{
	sum[COUNT_WEIGHT] += weight;
	sum[COUNT_H] += (int128) weight * count;
	sum[COUNT_N] += (int128) weight * n;
	sum[COUNT_HH] += (int128) weight * count * count;
	sum[COUNT_HN] += (int128) weight * count * n;
	sum[COUNT_NN] += (int128) weight * n * n;
}

/*
 * Autocorrelation of one entity in a round.  0 where its periods vary by less
 * than half a bin: without such entities flat fees would get the
 * autocorrelation of the few that leak.  Not so at the start: a closed form
 * has no mirrors, and flat fees would hide the waves of the others from it.
 */
static double
round_correlation(const History *h)
{
	double		noise = h->positive * CORRELATION_MIN_DEVIATION * CORRELATION_MIN_DEVIATION;

	return h->squares > noise ? h->products / h->squares : 0;
}

/*
 * One entity at the start.
 */
static void
start_add(FitState *state, const History *h)
{
	FitStart   *start = state->start;
	int			n = h->positive;
	int			i;

	if (h->interior > 0 && h->missing <= 2)
	{
		start->holes[h->missing / 2][count_slot(h->interior)]++;
		state->sum[START_ONE_HOLE] += (h->missing == 1);
		state->sum[START_TWO_HOLES] += (h->missing == 2);
	}
	if (h->present > 0 && h->zero <= 2)
	{
		start->zeros[h->zero / 2][count_slot(h->present)]++;
		state->sum[START_ONE_ZERO] += (h->zero == 1);
		state->sum[START_TWO_ZEROS] += (h->zero == 2);
	}
	state->sum[START_PRESENT] += h->present;
	state->sum[START_INTERIOR] += h->interior;
	if (h->interior > 0)
		add_counts(&state->sum[START_HOLE_COUNTS], fixed(1), h->missing, h->interior);
	if (h->present > 0)
		add_counts(&state->sum[START_ZERO_COUNTS], fixed(1), h->zero, h->present);

	if (n >= LEVEL_MIN_POSITIVE)
	{
		double		log_mean = log(h->mean);
		int			level;
		int			shift = (int) rint(log_mean * BINS_PER_OCTAVE / M_LN2);

		state->sum[START_SQUARES] += fixed(h->squares);
		state->sum[START_FREEDOM] += fixed(n - 1 - h->squares / n);
		state->sum[START_INVERSE] += fixed(1.0 / n);
		state->sum[START_LEVELS]++;

		level = (int) floor((Max(Min(log_mean, 100), -100) + FIT_LEVEL_REACH) * FIT_LEVEL_SCALE);
		start->level[Max(Min(level, FIT_LEVELS - 1), 0)]++;

		for (i = 0; i < n; i++)
			state->noise[Max(Min(h->bin[i] - shift, BIN_MAX), BIN_MIN) - BIN_MIN]++;
	}
	if (n >= CORRELATION_MIN_POSITIVE && h->squares > 0)
	{
		state->sum[START_CORRELATION] += fixed(h->products / h->squares);
		state->sum[START_CORRELATED]++;
		state->sum[START_CORRELATED_PERIODS] += n;
	}
}

/*
 * One entity in a round.
 */
static void
round_add(FitState *state, const History *h)
{
	Posterior	p;
	int128	   *sum = state->sum;
	int			n = h->positive;
	double		square = 0;
	double		group = 0;
	double		group_level = 0;
	double		group_square = 0;
	int64		weight;
	int			i;
	int			k;

	if (state->tables == NULL)
		state->tables = likelihood_tables_make(state->model);
	likelihood_posterior(state->tables, h, &p);

	for (i = 0; i < HYPOTHESES; i++)
		sum[ROUND_PROBABILITY + i] += fixed(p.probability[i]);

	for (k = -p.level_width; k <= p.level_width; k++)
	{
		double		share = p.level_weight[p.level_width + k];

		square += share * k * k;
		if (p.level_group != NULL)
		{
			double		second = share * p.level_group[p.level_width + k];

			group += second;
			group_level += second * k;
			group_square += second * k * k;
		}
		weight = fixed(p.probability[LEAK_NONE] * share);
		if (weight == 0)
			continue;
		for (i = 0; i < n; i++)
			state->noise[Max(Min(h->bin[i] - k, BIN_MAX), BIN_MIN) - BIN_MIN] += weight;
	}
	sum[ROUND_LEVEL_SQUARE] += fixed(p.probability[LEAK_NONE] * square);
	sum[ROUND_GROUP] += fixed(p.probability[LEAK_NONE] * group);
	sum[ROUND_GROUP_LEVEL] += fixed(p.probability[LEAK_NONE] * group_level);
	sum[ROUND_GROUP_SQUARE] += fixed(p.probability[LEAK_NONE] * group_square);

	/*
	 * Not by the probability of the leak: the one fault of a user with two of
	 * them may be the other, and a few such users would teach that honest ones
	 * have many missing periods.
	 */
	add_counts(&sum[ROUND_HOLE_COUNTS], fixed(p.honest[COUNT_MISSING]), h->missing, h->interior);
	add_counts(&sum[ROUND_ZERO_COUNTS], fixed(p.honest[COUNT_ZERO]), h->zero, h->present);

	if (n >= CORRELATION_MIN_POSITIVE)
	{
		weight = fixed(p.probability[LEAK_NONE]);
		sum[ROUND_CORRELATION] += fixed(p.probability[LEAK_NONE] * round_correlation(h));
		sum[ROUND_CORRELATED] += weight;
		sum[ROUND_CORRELATED_PERIODS] += (int128) weight * n;
	}
}

/*
 * Add an entity.
 */
void
fit_add(FitState *state, const LeakageProfile *profile)
{
	History		history;

	state->users++;
	/* a closed form does not learn any more */
	if (state->model != NULL && state->model->method == MODEL_CLOSED_FORM)
		return;
	history_read(&history, profile);
	if (state->model == NULL)
		start_add(state, &history);
	else
		round_add(state, &history);
}

/*
 * Add the sums of another state with the same model.
 */
void
fit_merge(FitState *state, const FitState *other)
{
	int			i;
	int			j;

	state->users += other->users;
	for (i = 0; i < FIT_SUMS; i++)
		state->sum[i] += other->sum[i];
	for (i = 0; i < BIN_COUNT; i++)
		state->noise[i] += other->noise[i];
	if (state->start != NULL)
	{
		for (i = 0; i < FIT_LEVELS; i++)
			state->start->level[i] += other->start->level[i];
		for (i = 0; i < FIT_COUNTS; i++)
		{
			for (j = 0; j < 2; j++)
			{
				state->start->holes[j][i] += other->start->holes[j][i];
				state->start->zeros[j][i] += other->start->zeros[j][i];
			}
		}
	}
}
