/*-------------------------------------------------------------------------
 *
 * likelihood_tables.c
 *		What of the likelihood depends on the model only: rates, the laws of
 *		counts and noise, levels, factors, and the two together.
 *
 * Invariant: doubles are evaluated in one fixed order, as in likelihood.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "detector/likelihood_tables.h"

/* weight of "anything can happen" in the noise law: limits what one period can say */
#define NOISE_FLOOR			1e-3

/* levels are summed out to this many standard deviations */
#define LEVEL_REACH			3.5
#define LEVEL_POINT			0.3 /* with less spread, all levels are alike */

/*
 * Where two periods are fewer bins than this apart in the mean, the noise does
 * not hide on which side of a bin's border a level is.
 */
#define NARROW_NOISE		1.5

/* what is beyond all noise: rarer than this, and so many bins more */
#define EXTRAORDINARY_SHARE	0.01
#define EXTRAORDINARY_BINS	4

static double
normal_cdf(double x)
{
	return 0.5 * erfc(-x * M_SQRT1_2);
}

/*
 * Share of a normal law in the bin k.
 */
static double
level_share(int k, double sigma)
{
	if (sigma < LEVEL_POINT)
		return k == 0 ? 1 : 0;
	return normal_cdf((k + 0.5) / sigma) - normal_cdf((k - 0.5) / sigma);
}

/*
 * The rates of the hypotheses, and the laws of the counts.
 */
static void
set_rates(LikelihoodTables *t, const LeakageModel *model)
{
	t->kappa = model_kappa(model);
	for (int kind = 0; kind < COUNT_KINDS; kind++)
	{
		t->count[kind] = count_law_of_model(model, kind);
		t->absence[kind] = absence_law_of_model(model, kind);
	}
	for (int end = 0; end < HISTORY_ENDS; end++)
		t->end[end] = end_law_of_model(model, end);
	t->events = model_events(model);
	for (int i = 0; i < t->events; i++)
		t->event[i] = event_law_of_model(model, i);
	t->skip_rate = model_value(model, MODEL_SKIP_RATE);
	for (int v = 0; v < PAYER_SCALES; v++)
		t->log_scale[v] = log((model_law(model, LAW_SCALE)[v] + 0.5) / (double) MODEL_UNIT);

	t->log_rate[LEAK_NONE] = log(model_rate_none(model));
	for (int i = LEAK_NONE + 1; i < HYPOTHESES; i++)
	{
		double		rate = model_value(model, model_rate_parameter[i]);

		t->log_rate[i] = rate > 0 ? log(rate) : -INFINITY;
	}
	t->share[LEAK_MISSING] = 1;
	t->share[LEAK_ZERO] = 1;
	t->share[LEAK_DROP] = model_drop_share(model);
	t->share[LEAK_UNDERBILLED] = model_underbilled_share(model);
}

/*
 * A noise law with its floor.  Where the model has no histogram at all, all
 * bins are alike.
 */
static void
floor_noise(const int32 *share, double *g)
{
	double		total = 0;

	for (int i = 0; i < BIN_COUNT; i++)
		total += share[i];
	for (int i = 0; i < BIN_COUNT; i++)
		g[i] = NOISE_FLOOR / BIN_COUNT +
			(1 - NOISE_FLOOR) * (total > 0 ? share[i] / total : 1.0 / BIN_COUNT);
}

/*
 * What no noise explains.
 */
static double
extraordinary_ratio(const double *g)
{
	double		above = 0;
	int			i = BIN_COUNT;

	while (i > 0 && above <= EXTRAORDINARY_SHARE)
		above += g[--i] - NOISE_FLOOR / BIN_COUNT;
	return exp2((double) (BIN_MIN + i + 1 + EXTRAORDINARY_BINS) / BINS_PER_OCTAVE);
}

/*
 * g(-NOISE_MARGIN) to g(NOISE_MARGIN), backward.
 */
static void
spread_noise(const double *g, double *noise)
{
	for (int i = 0; i < NOISE_POINTS; i++)
	{
		int			b = NOISE_MARGIN - i;

		noise[i] = g[Min(Max(b, BIN_MIN), BIN_MAX) - BIN_MIN];
	}
}

/*
 * The noise laws.
 */
static void
set_noise(LikelihoodTables *t, const LeakageModel *model)
{
	double		bins = BINS_PER_OCTAVE / M_LN2;
	const int32 *share = model_law(model, LAW_NOISE);
	double		g[BIN_COUNT];
	double		total = 0;
	int			i;
	int			j;

	floor_noise(model_law(model, LAW_PAYER_NOISE), g);
	spread_noise(g, t->payer_noise);
	floor_noise(share, g);
	spread_noise(g, t->noise);

	/* without the floor, which would weigh in by its far end */
	for (i = 0; i < BIN_COUNT; i++)
		total += share[i];
	for (i = 0; i < BIN_COUNT && total > 0; i++)
		t->noise_mean += share[i] / total * exp2((BIN_MIN + i + 0.5) / BINS_PER_OCTAVE);
	if (total == 0)
		t->noise_mean = 1;
	for (i = 0; i < BIN_COUNT; i++)
	{
		for (j = 0; j < BIN_COUNT; j++)
			t->noise_step += g[i] * g[j] * abs(i - j);
	}
	t->extraordinary = extraordinary_ratio(g);
	t->noise_variance = model_value(model, MODEL_NOISE_CV2) * bins * bins / t->kappa;
}

/*
 * The law of the levels: normal in bins, around one middle or two.  Two flat
 * fees of nearly the same level may be one bin apart in all their periods, so
 * where the noise is narrow the levels are always spread.
 */
static void
set_levels(LikelihoodTables *t, const LeakageModel *model)
{
	double		sigma = model_value(model, MODEL_SIGMA);
	double		share = model_value(model, MODEL_GROUP_SHARE);
	int			shift = (int) rint(model_value(model, MODEL_GROUP_SHIFT));
	double		sum = 0;
	int			k;

	t->sigma = sigma;
	if (t->noise_step < NARROW_NOISE)
		sigma = Max(sigma, LEVEL_POINT);
	t->groups = share > 0;
	t->width = sigma < LEVEL_POINT ? 0 : (int) ceil(LEVEL_REACH * sigma);
	t->width = Min(t->width + (t->groups ? abs(shift) : 0), LEVEL_MAX_WIDTH);
	t->reach = t->width + FACTOR_MAX_BINS;

	for (k = -t->width; k <= t->width; k++)
	{
		double		first = (1 - share) * level_share(k, sigma);
		double		second = t->groups ? share * level_share(k - shift, sigma) : 0;

		t->level[t->width + k] = first + second;
		t->level_group[t->width + k] = first + second > 0 ? second / (first + second) : 0;
		sum += t->level[t->width + k];
		t->level_factor[t->width + k] = exp2((double) k / BINS_PER_OCTAVE);
	}
	for (k = -t->width; k <= t->width; k++)
		t->level[t->width + k] /= sum;
}

/*
 * The law of the factors: uniform in the factor, so that bin j has a share of
 * 2^(-j / 8).
 */
static void
set_factors(LikelihoodTables *t)
{
	double		sum = 0;
	int			j;

	for (j = 0; j < FACTORS; j++)
	{
		t->factor[j] = exp2(-(double) (FACTOR_MIN_BINS + j) / BINS_PER_OCTAVE);
		sum += t->factor[j];
	}
	for (j = 0; j < FACTORS; j++)
	{
		t->factor[j] /= sum;
		t->factor_inverse[j] = t->factor[j] *
			exp2((double) (FACTOR_MIN_BINS + j) / BINS_PER_OCTAVE);
	}
}

/*
 * The laws of level and factor together.
 */
static void
set_shifts(LikelihoodTables *t)
{
	int			j;
	int			k;

	for (k = -t->width; k <= t->width; k++)
	{
		for (j = 0; j < FACTORS; j++)
		{
			int			down = t->reach + k - FACTOR_MIN_BINS - j;
			int			up = t->reach + k + FACTOR_MIN_BINS + j;

			t->under[down] += t->level[t->width + k] * t->factor[j];
			t->under_inverse[down] += t->level[t->width + k] * t->factor_inverse[j];
			t->over[up] += t->level[t->width + k] * t->factor[j];
		}
	}
}

/*
 * Everything that depends on the model only.
 */
LikelihoodTables *
likelihood_tables_make(const LeakageModel *model)
{
	LikelihoodTables *t = palloc0(sizeof(LikelihoodTables));

	t->context = CurrentMemoryContext;
	set_rates(t, model);
	set_noise(t, model);
	set_levels(t, model);
	set_factors(t);
	set_shifts(t);
	return t;
}

static void
free_room(LikelihoodTables *t)
{
	if (t->after == NULL)
		return;
	pfree(t->after);
	pfree(t->after_scale);
	pfree(t->down);
	pfree(t->up);
	pfree(t->scale);
	t->after = NULL;
}

void
likelihood_tables_free(LikelihoodTables *tables)
{
	free_room(tables);
	pfree(tables);
}

void
likelihood_tables_reserve(LikelihoodTables *t, int periods)
{
	MemoryContext context = t->context;

	if (t->after != NULL && periods <= t->periods)
		return;
	free_room(t);
	periods = Min(Max(2 * periods, 64), PROFILE_MAX_PERIODS);
	t->periods = 0;
	t->after_scale = MemoryContextAlloc(context, sizeof(int) * (periods + 1));
	t->down = MemoryContextAlloc(context, sizeof(double) * (periods + 1));
	t->up = MemoryContextAlloc(context, sizeof(double) * (periods + 1));
	t->scale = MemoryContextAlloc(context, sizeof(int) * (periods + 1));
	t->after = MemoryContextAlloc(context, sizeof(double) * (periods + 1) * row_width(t));
	t->periods = periods;
}
