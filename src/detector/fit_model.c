/*-------------------------------------------------------------------------
 *
 * fit_model.c
 *		The leakage_model that the sums of a round give.
 *
 * The start takes robust figures that leaks hardly move: truncated counts,
 * medians, the levels' upper side.  Each further round is one of expectation
 * and maximisation.
 *
 * Invariant: the model depends on the sums only, and is computed in one fixed
 * order.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "base/base.h"
#include "detector/fit_state.h"

/* spread of levels below this share of what is seen is noise */
#define LEVEL_SHARE_MIN		0.15

/* upper tails that reach this much farther than a normal law's are heavy */
#define HEAVY_GUARD			1.2
#define NORMAL_99			2.3263478740408408

/* two standard errors of level_skew(), of one entity */
#define SKEW_ERROR			4.0

/* a second group of levels holds this share of the users, and is so many spreads apart */
#define GROUP_SHARE_GUARD	0.05
#define GROUP_APART			1.5
#define GROUP_MIN_LEVELS	200		/* of fewer, the leaks themselves could be it */
#define GROUP_ITERATIONS	200
#define LEVEL_MIN_VARIANCE	1e-6

/* clusters weaker than this are the leaks themselves */
#define DISPERSION_GUARD	0.02

/* at the start: so many standard deviations more twos than without clusters; and a limit */
#define DISPERSION_SIGNIFICANT	3.0
#define DISPERSION_MOST		0.5

/* median absolute deviation to standard deviation, for a normal law */
#define MAD_TO_SD			1.4826

typedef struct LevelGroups
{
	double		first;			/* logarithms of the levels */
	double		second;
	double		share;			/* of the second */
	double		variance;		/* of both */
	double		fit;			/* log likelihood */
} LevelGroups;

/*
 * A sum of weights.
 */
static inline double
real(int128 value)
{
	return (double) value / WEIGHT_ONE;
}

/*
 * The number of periods that a slot stands for.
 */
static double
slot_count(int slot)
{
	if (slot < FIT_COUNT_EXACT)
		return slot + 1;
	return FIT_COUNT_EXACT + (slot - FIT_COUNT_EXACT + 0.5) * FIT_COUNT_STEP;
}

/*
 * Number of levels below x, each bin spread evenly over its width.
 */
static double
levels_below(const FitStart *start, double x)
{
	double		position = (x + FIT_LEVEL_REACH) * FIT_LEVEL_SCALE;
	int			whole = (int) floor(Max(Min(position, FIT_LEVELS), 0));
	double		below = 0;
	int			i;

	for (i = 0; i < whole; i++)
		below += start->level[i];
	if (whole < FIT_LEVELS && position > 0)
		below += start->level[whole] * (position - whole);
	return below;
}

/*
 * The level (its logarithm) that a share of the levels is below.
 */
static double
level_quantile(const FitStart *start, double levels, double share)
{
	double		low = -FIT_LEVEL_REACH;
	double		high = FIT_LEVEL_REACH;
	int			i;

	for (i = 0; i < 40; i++)
	{
		double		middle = (low + high) / 2;

		if (levels_below(start, middle) < share * levels)
			low = middle;
		else
			high = middle;
	}
	return high;
}

/*
 * Median of the logarithms of the levels, and the median distance to it.
 */
static void
level_medians(const FitStart *start, double levels, double *median, double *deviation)
{
	double		low = 0;
	double		high = 2 * FIT_LEVEL_REACH;
	int			i;

	*median = level_quantile(start, levels, 0.5);
	for (i = 0; i < 40; i++)
	{
		double		middle = (low + high) / 2;

		if (levels_below(start, *median + middle) -
			levels_below(start, *median - middle) < levels / 2)
			low = middle;
		else
			high = middle;
	}
	*deviation = high;
}

/*
 * How much farther the lowest tenth of the levels is from the median than
 * the highest one, less two standard errors.
 */
static double
level_skew(const FitStart *start, double levels, double median)
{
	double		below = median - level_quantile(start, levels, 0.1);
	double		above = level_quantile(start, levels, 0.9) - median;

	return below / Max(above, 1e-3) - SKEW_ERROR / sqrt(levels);
}

/*
 * Two normal laws of one spread for the logarithms of the levels, from a
 * start: expectation and maximisation on the histogram.
 */
static void
two_groups(const FitStart *start, double levels, LevelGroups *g)
{
	int			round;

	for (round = 0; round < GROUP_ITERATIONS; round++)
	{
		double		weight = 0;
		double		sum[2] = {0, 0};
		double		square = 0;
		int			i;

		g->fit = 0;
		for (i = 0; i < FIT_LEVELS; i++)
		{
			double		x = (i + 0.5) / FIT_LEVEL_SCALE - FIT_LEVEL_REACH;
			double		n = (double) start->level[i];
			double		a;
			double		b;
			double		r;

			if (n == 0)
				continue;
			a = log(1 - g->share) - (x - g->first) * (x - g->first) / (2 * g->variance);
			b = log(g->share) - (x - g->second) * (x - g->second) / (2 * g->variance);
			r = 1 / (1 + exp(a - b));
			g->fit += n * (Max(a, b) + log1p(exp(-fabs(a - b))) - 0.5 * log(g->variance));
			weight += n * r;
			sum[0] += n * (1 - r) * x;
			sum[1] += n * r * x;
			square += n * x * x;
		}
		if (weight < 1 || levels - weight < 1)
		{
			g->fit = -INFINITY;
			return;
		}
		g->first = sum[0] / (levels - weight);
		g->second = sum[1] / weight;
		g->share = weight / levels;
		g->variance = (square - sum[0] * g->first - sum[1] * g->second) / levels;
		g->variance = Max(g->variance, LEVEL_MIN_VARIANCE);
	}
}

/*
 * The best two groups of levels, the larger one first.  False unless the
 * second is large enough, and far enough from the first, to be one.
 */
static bool
find_groups(const FitStart *start, double levels, double median, double spread,
			LevelGroups *best)
{
	static const double apart[] = {-4, -2, 2, 4};
	int			i;

	memset(best, 0, sizeof(*best));
	best->fit = -INFINITY;
	for (i = 0; i < (int) lengthof(apart); i++)
	{
		LevelGroups g;

		g.first = median;
		g.second = median + apart[i] * spread;
		g.share = 0.2;
		g.variance = Max(spread * spread, LEVEL_MIN_VARIANCE);
		two_groups(start, levels, &g);
		if (g.fit > best->fit)
			*best = g;
	}
	if (best->fit == -INFINITY)
		return false;
	if (best->share > 0.5)
	{
		double		first = best->first;

		best->first = best->second;
		best->second = first;
		best->share = 1 - best->share;
	}
	return best->share >= GROUP_SHARE_GUARD &&
		fabs(best->second - best->first) >= GROUP_APART * sqrt(best->variance);
}

/*
 * Expected numbers of entities with one hole (zero), and with two, by a
 * (beta-)binomial law; among the ones with at most "most" of them, 1 or 2.
 */
static void
truncated_counts(const int64 counts[2][FIT_COUNTS], int most, double rate, double dispersion,
				 double *ones, double *twos)
{
	double		size = dispersion > 0 ? (1 - dispersion) / dispersion : 0;
	double		a = rate * size;
	double		b = (1 - rate) * size;
	int			slot;

	*ones = *twos = 0;
	for (slot = 0; slot < FIT_COUNTS; slot++)
	{
		double		entities = (double) counts[0][slot] + (most == 2 ? counts[1][slot] : 0);
		double		n = slot_count(slot);
		double		one;	/* odds over none */
		double		two = 0;

		if (entities == 0)
			continue;
		one = dispersion > 0 ? n * a / (b + n - 1) : n * rate / (1 - rate);
		if (n >= 2 && most == 2)
			two = one * (n - 1) / 2 *
				(dispersion > 0 ? (a + 1) / (b + n - 2) : rate / (1 - rate));
		*ones += entities * one / (1 + one + two);
		*twos += entities * two / (1 + one + two);
	}
}

/*
 * The rate that gives as many holes (zeros), and the twos that go with it.
 */
static double
truncated_rate(const int64 counts[2][FIT_COUNTS], int most, double sum, double dispersion,
			   double *twos)
{
	double		low = 0;
	double		high = 0.999;
	int			i;

	for (i = 0; i < 50; i++)
	{
		double		rate = (low + high) / 2;
		double		ones;

		truncated_counts(counts, most, rate, dispersion, &ones, twos);
		if (ones + 2 * *twos < sum)
			low = rate;
		else
			high = rate;
	}
	return high;
}

/*
 * Rate and clustering of counts, by their moments.
 */
static void
set_counts(LeakageModel *model, ModelParameter rate, ModelParameter dispersion, const int128 *s)
{
	double		h = real(s[COUNT_H]);
	double		n = real(s[COUNT_N]);
	double		hh = real(s[COUNT_HH]);
	double		hn = real(s[COUNT_HN]);
	double		nn = real(s[COUNT_NN]);
	double		r;
	double		spread;
	double		phi = 0;

	model_set(model, rate, (h + 0.5) / (n + 1));
	r = model_value(model, rate);
	spread = (nn - n) * r * (1 - r);
	if (spread > 0)
		phi = (hh - 2 * r * hn + r * r * nn - n * r * (1 - r)) / spread;
	model_set(model, dispersion, phi >= DISPERSION_GUARD ? phi : 0);
}

/*
 * Rate and clustering of holes (zeros).  The rate is from the entities with
 * at most one: leaks, which have several, do not count.  Where "clusters" are
 * looked for, they are there when there are clearly more twos than that gives,
 * yet not more than ones, as leaks would have it; then both are from the
 * entities with at most two.
 */
static void
start_counts(LeakageModel *model, ModelParameter rate, ModelParameter dispersion,
			 const int64 counts[2][FIT_COUNTS], double ones, double twos, double periods,
			 bool clusters)
{
	double		phi = 0;
	double		r = 0;

	if (ones > 0)
	{
		double		expected;
		double		unused;

		r = truncated_rate(counts, 1, ones, 0, &unused);
		truncated_counts(counts, 2, r, 0, &unused, &expected);
		if (clusters && twos > expected + DISPERSION_SIGNIFICANT * sqrt(expected) + 1 && twos <= ones)
		{
			double		low = 0;
			double		high = DISPERSION_MOST;
			double		clustered = 0;
			int			i;

			for (i = 0; i < 30; i++)
			{
				phi = (low + high) / 2;
				clustered = truncated_rate(counts, 2, ones + 2 * twos, phi, &expected);
				if (expected < twos)
					low = phi;
				else
					high = phi;
			}
			if (phi >= DISPERSION_GUARD)
				r = clustered;
			else
				phi = 0;
		}
	}
	model_set(model, rate, Max(r, 0.5 / (periods + 1)));
	model_set(model, dispersion, phi);
}

/*
 * Have most entities more than one hole (zero)?  Then that is how things are
 * here, and those with at most one say nothing of the rate.
 */
static bool
counts_are_common(const int64 counts[2][FIT_COUNTS], const int128 *sum)
{
	int64		at_most_one = 0;

	for (int i = 0; i < FIT_COUNTS; i++)
		at_most_one += counts[0][i];
	return 2.0 * (double) at_most_one < real(sum[COUNT_WEIGHT]);
}

/*
 * The autocorrelation: mean of the entities', corrected for the bias of
 * short histories.
 */
static void
set_autocorrelation(LeakageModel *model, double correlation, double users, double periods)
{
	double		r;

	if (users <= 0)
		return;
	r = correlation / users;
	r += (1 + 3 * Max(r, 0)) * users / periods;
	model_set(model, MODEL_AUTOCORRELATION, r);
}

/*
 * The noise law in parts per 10^9, moved by so many bins; false where there
 * is none.
 */
static bool
set_noise(LeakageModel *model, const int64 *noise, int shift)
{
	int128		total = 0;
	int			i;

	for (i = 0; i < BIN_COUNT; i++)
		total += noise[i];
	if (total <= 0)
		return false;
	memset(model->noise, 0, sizeof(model->noise));
	for (i = 0; i < BIN_COUNT; i++)
	{
		int			b = Max(Min(i + shift, BIN_COUNT - 1), 0);

		model->noise[b] += (int32) (((int128) noise[i] * MODEL_UNIT + total / 2) / total);
	}
	return true;
}

/*
 * The level of most users, in bins.
 */
static int
level_bins(const LeakageModel *model)
{
	return (int) rint(log(model_value(model, MODEL_LEVEL_MEDIAN)) * BINS_PER_OCTAVE / M_LN2);
}

static LeakageModel *
start_model(const FitState *state)
{
	const int128 *sum = state->sum;
	LeakageModel *model = model_make();
	double		levels = (double) sum[START_LEVELS];
	bool		small = levels < MODEL_MIN_USERS;	/* a closed form, which learns no more */

	model->users = state->users;
	if (counts_are_common(state->start->holes, &sum[START_HOLE_COUNTS]))
		set_counts(model, MODEL_HOLE_RATE, MODEL_HOLE_DISPERSION, &sum[START_HOLE_COUNTS]);
	else
		start_counts(model, MODEL_HOLE_RATE, MODEL_HOLE_DISPERSION, state->start->holes,
					 (double) sum[START_ONE_HOLE], (double) sum[START_TWO_HOLES],
					 (double) sum[START_INTERIOR], small);
	if (counts_are_common(state->start->zeros, &sum[START_ZERO_COUNTS]))
		set_counts(model, MODEL_ZERO_RATE, MODEL_ZERO_DISPERSION, &sum[START_ZERO_COUNTS]);
	else
		start_counts(model, MODEL_ZERO_RATE, MODEL_ZERO_DISPERSION, state->start->zeros,
					 (double) sum[START_ONE_ZERO], (double) sum[START_TWO_ZEROS],
					 (double) sum[START_PRESENT], small);
	set_autocorrelation(model, real(sum[START_CORRELATION]), (double) sum[START_CORRELATED],
						(double) sum[START_CORRELATED_PERIODS]);
	if (levels > 0)
	{
		double		freedom = real(sum[START_FREEDOM]);
		double		median;
		double		deviation;
		LevelGroups groups;
		double		seen;
		double		tau2;
		double		skew;

		if (freedom > 0)
			model_set(model, MODEL_NOISE_CV2, real(sum[START_SQUARES]) / freedom);
		level_medians(state->start, levels, &median, &deviation);
		model_set(model, MODEL_LEVEL_MEDIAN, exp(median));
		seen = MAD_TO_SD * deviation * MAD_TO_SD * deviation;
		if (levels >= GROUP_MIN_LEVELS &&
			find_groups(state->start, levels, median, MAD_TO_SD * deviation, &groups))
		{
			seen = groups.variance;
			model_set(model, MODEL_LEVEL_MEDIAN, exp(groups.first));
			model_set(model, MODEL_GROUP_SHARE, groups.share);
			model_set(model, MODEL_GROUP_SHIFT,
					  (groups.second - groups.first) * BINS_PER_OCTAVE / M_LN2);
		}
		if (small)
		{
			/* no mirror images in a closed form: heavy tails widen the law itself */
			double		heavy = (level_quantile(state->start, levels, 0.99) -
								  log(model_value(model, MODEL_LEVEL_MEDIAN))) /
				(NORMAL_99 * sqrt(Max(seen, LEVEL_MIN_VARIANCE)));

			if (heavy > HEAVY_GUARD)
				seen *= heavy * heavy * heavy * heavy;
		}
		tau2 = seen - model_value(model, MODEL_NOISE_CV2) * real(sum[START_INVERSE]) / levels;
		if (tau2 < LEVEL_SHARE_MIN * seen)
			tau2 = 0;
		model_set(model, MODEL_LEVEL_TAU2, tau2);

		/* of what is seen, only so much are levels; the logarithm of mere noise is skewed by itself */
		skew = level_skew(state->start, levels, median);
		model_set(model, MODEL_LEVEL_SKEW, 1 + (Max(skew, 1) - 1) * (seen > 0 ? tau2 / seen : 0));
	}
	if (!small && set_noise(model, state->noise, level_bins(model)))
	{
		model->method = MODEL_LIKELIHOOD;
		model_set(model, MODEL_SIGMA,
				  sqrt(model_value(model, MODEL_LEVEL_TAU2)) * BINS_PER_OCTAVE / M_LN2);
	}
	return model;
}

/*
 * Spread of the levels, and the second group where there is one: its squares
 * are taken around its own level.
 */
static void
set_levels(LeakageModel *model, double weight, double square,
		   double group, double group_level, double group_square)
{
	if (model->parameter[MODEL_GROUP_SHARE] > 0)
	{
		if (group < GROUP_SHARE_GUARD * weight)
		{
			model->parameter[MODEL_GROUP_SHARE] = 0;
			model->parameter[MODEL_GROUP_SHIFT] = 0;
		}
		else
		{
			double		shift = group_level / group;

			model_set(model, MODEL_GROUP_SHARE, group / weight);
			model_set(model, MODEL_GROUP_SHIFT, shift);
		}
		if (group > 0)
			square -= group_level * group_level / group;
	}
	model_set(model, MODEL_SIGMA, sqrt(Max(square, 0) / weight));
}

static LeakageModel *
round_model(const FitState *state)
{
	static const ModelParameter rate[HYPOTHESES] = {
		[LEAK_MISSING] = MODEL_MISSING, [LEAK_ZERO] = MODEL_ZERO,
		[LEAK_DROP] = MODEL_DROP, [LEAK_UNDERBILLED] = MODEL_UNDERBILLED,
		[RISE_DROP] = MODEL_DROP_UP, [RISE_UNDERBILLED] = MODEL_UNDERBILLED_UP
	};
	const int128 *sum = state->sum;
	LeakageModel *model = model_copy(state->model);
	double		none = real(sum[ROUND_PROBABILITY + LEAK_NONE]);
	int			i;

	model->users = state->users;
	if (model->round < MODEL_MAX_ROUND)
		model->round++;
	for (i = LEAK_MISSING; i < HYPOTHESES; i++)
	{
		double		mean = real(sum[ROUND_PROBABILITY + i]) / (double) state->users;
		double		before = model_value(model, rate[i]);

		/*
		 * Two steps at once for mirrors: they begin far above, and where noise
		 * is wide sink so slowly that they would outlive the last round.
		 */
		if (i >= RISE_DROP && before > 0)
			mean *= mean / before;
		model_set(model, rate[i], mean);
	}
	if (model->round == MODEL_PLAIN_ROUNDS)
	{
		/* from now on with mirrors, which begin as large as what they mirror */
		model->parameter[MODEL_DROP_UP] = model->parameter[MODEL_DROP];
		model->parameter[MODEL_UNDERBILLED_UP] = model->parameter[MODEL_UNDERBILLED];
	}
	if (none > 0)
		set_levels(model, none, real(sum[ROUND_LEVEL_SQUARE]), real(sum[ROUND_GROUP]),
				   real(sum[ROUND_GROUP_LEVEL]), real(sum[ROUND_GROUP_SQUARE]));
	(void) set_noise(model, state->noise, 0);
	set_counts(model, MODEL_HOLE_RATE, MODEL_HOLE_DISPERSION, &sum[ROUND_HOLE_COUNTS]);
	set_counts(model, MODEL_ZERO_RATE, MODEL_ZERO_DISPERSION, &sum[ROUND_ZERO_COUNTS]);
	set_autocorrelation(model, real(sum[ROUND_CORRELATION]), real(sum[ROUND_CORRELATED]),
						real(sum[ROUND_CORRELATED_PERIODS]));
	return model;
}

/*
 * The model that the sums give; NULL where no entity was added.
 */
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
