/*-------------------------------------------------------------------------
 *
 * fit_levels.c
 *		Learning the law of the entities' levels.
 *
 * An entity's level is the mean ratio of its actual over its expected amounts.
 * The logarithms of the levels of honest entities are normal, around one
 * middle or two.  The start finds the middles and the spread in a histogram,
 * by medians, which leaks hardly move.  A round takes weighted moments of the
 * levels that the entities are likely to have.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "detector/fit_levels.h"

/* spread of levels below this share of what is seen is noise */
#define LEVEL_SHARE_MIN		0.15

/* upper tails that reach this much farther than those of a normal law are heavy */
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

void
level_histogram_add(LevelHistogram *levels, double log_level)
{
	int			slot = (int) floor((Max(Min(log_level, 100), -100) + FIT_LEVEL_REACH) * FIT_LEVEL_SCALE);

	levels->entities[Max(Min(slot, FIT_LEVELS - 1), 0)]++;
}

/*
 * Number of levels below x, with those of a slot spread evenly over its width.
 */
static double
levels_below(const LevelHistogram *levels, double x)
{
	double		position = (x + FIT_LEVEL_REACH) * FIT_LEVEL_SCALE;
	int			whole = (int) floor(Max(Min(position, FIT_LEVELS), 0));
	double		below = 0;
	int			i;

	for (i = 0; i < whole; i++)
		below += levels->entities[i];
	if (whole < FIT_LEVELS && position > 0)
		below += levels->entities[whole] * (position - whole);
	return below;
}

/*
 * The logarithm of the level that this share of the levels is below.
 */
static double
level_quantile(const LevelHistogram *levels, double count, double share)
{
	double		low = -FIT_LEVEL_REACH;
	double		high = FIT_LEVEL_REACH;
	int			i;

	for (i = 0; i < 40; i++)
	{
		double		middle = (low + high) / 2;

		if (levels_below(levels, middle) < share * count)
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
level_medians(const LevelHistogram *levels, double count, double *median, double *deviation)
{
	double		low = 0;
	double		high = 2 * FIT_LEVEL_REACH;
	int			i;

	*median = level_quantile(levels, count, 0.5);
	for (i = 0; i < 40; i++)
	{
		double		middle = (low + high) / 2;

		if (levels_below(levels, *median + middle) -
			levels_below(levels, *median - middle) < count / 2)
			low = middle;
		else
			high = middle;
	}
	*deviation = high;
}

/*
 * How many times as far the lowest tenth of the levels is from the median as
 * the highest tenth, less two standard errors.
 */
static double
level_skew(const LevelHistogram *levels, double count, double median)
{
	double		below = median - level_quantile(levels, count, 0.1);
	double		above = level_quantile(levels, count, 0.9) - median;

	return below / Max(above, 1e-3) - SKEW_ERROR / sqrt(count);
}

/*
 * Fit two normal laws of one spread to the logarithms of the levels, from a
 * start: expectation and maximization on the histogram.
 */
static void
two_groups(const LevelHistogram *levels, double count, LevelGroups *g)
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
			double		n = (double) levels->entities[i];
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
		if (weight < 1 || count - weight < 1)
		{
			g->fit = -INFINITY;
			return;
		}
		g->first = sum[0] / (count - weight);
		g->second = sum[1] / weight;
		g->share = weight / count;
		g->variance = (square - sum[0] * g->first - sum[1] * g->second) / count;
		g->variance = Max(g->variance, LEVEL_MIN_VARIANCE);
	}
}

/*
 * The best two groups of levels, the larger one first.  False unless the
 * second is large enough, and far enough from the first, to be a group.
 */
static bool
find_groups(const LevelHistogram *levels, double count, double median, double spread,
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
		two_groups(levels, count, &g);
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
 * How much to widen the variance of the levels for a closed form.  It has no
 * mirror images, so the law itself has to cover heavy tails.
 */
static double
heavy_tail_factor(const LevelHistogram *levels, double count, double median, double seen)
{
	double		heavy = (level_quantile(levels, count, 0.99) - median) /
		(NORMAL_99 * sqrt(Max(seen, LEVEL_MIN_VARIANCE)));

	return heavy > HEAVY_GUARD ? heavy * heavy * heavy * heavy : 1;
}

void
fit_levels_start(LeakageModel *model, const LevelHistogram *levels, double count,
				 double inverse, bool is_small)
{
	double		median;
	double		deviation;
	double		seen;			/* variance of the logarithms, noise included */
	double		tau2;
	double		skew;
	LevelGroups groups;

	level_medians(levels, count, &median, &deviation);
	model_set(model, MODEL_LEVEL_MEDIAN, exp(median));
	seen = MAD_TO_SD * deviation * MAD_TO_SD * deviation;
	if (count >= GROUP_MIN_LEVELS &&
		find_groups(levels, count, median, MAD_TO_SD * deviation, &groups))
	{
		seen = groups.variance;
		model_set(model, MODEL_LEVEL_MEDIAN, exp(groups.first));
		model_set(model, MODEL_GROUP_SHARE, groups.share);
		model_set(model, MODEL_GROUP_SHIFT,
				  (groups.second - groups.first) * BINS_PER_OCTAVE / M_LN2);
	}
	if (is_small)
		seen *= heavy_tail_factor(levels, count, log(model_value(model, MODEL_LEVEL_MEDIAN)), seen);
	tau2 = seen - model_value(model, MODEL_NOISE_CV2) * inverse / count;
	if (tau2 < LEVEL_SHARE_MIN * seen)
		tau2 = 0;
	model_set(model, MODEL_LEVEL_TAU2, tau2);

	/* noise alone skews the logarithms too, so only the share that is levels counts */
	skew = level_skew(levels, count, median);
	model_set(model, MODEL_LEVEL_SKEW, 1 + (Max(skew, 1) - 1) * (seen > 0 ? tau2 / seen : 0));
}

/*
 * The spread is around the middle of the entity's group.  The second group is
 * given up where it has become too small.
 */
void
fit_levels_round(LeakageModel *model, const LevelSums *sums)
{
	double		square = sums->square;

	if (model->parameter[MODEL_GROUP_SHARE] > 0)
	{
		if (sums->group < GROUP_SHARE_GUARD * sums->weight)
		{
			model->parameter[MODEL_GROUP_SHARE] = 0;
			model->parameter[MODEL_GROUP_SHIFT] = 0;
		}
		else
		{
			model_set(model, MODEL_GROUP_SHARE, sums->group / sums->weight);
			model_set(model, MODEL_GROUP_SHIFT, sums->group_level / sums->group);
		}
		if (sums->group > 0)
			square -= sums->group_level * sums->group_level / sums->group;
	}
	model_set(model, MODEL_SIGMA, sqrt(Max(square, 0) / sums->weight));
}
