/*-------------------------------------------------------------------------
 *
 * closed_form.c
 *		Four p-values for an entity, for tables that are too small to learn
 *		the laws of the likelihood from.
 *
 *	missing, zero	upper tail of the (beta-)binomial law
 *	drop			largest standardised contrast of before and after, times
 *					the number of periods where it can begin
 *	underbilled		normal tail of the mean ratio, over log-normal levels
 *
 * Each p-value gives the odds that it can stand for at most, by the bound of
 * Sellke, Bayarri and Berger (2001): 1 / (-e p ln p).  With the rates of the
 * model before it, that is what leak_probability is made of; what is decided
 * on is the p-value.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "detector/closed_form.h"

/* levels: a grid of so many points to each side, in standard deviations */
#define GRID_REACH			6.0
#define GRID_HALF			30

/*
 * Without a model the noise comes from the steps between own periods, which
 * one change hardly moves; the default counts like so many of them.
 */
#define DEFAULT_NOISE_WEIGHT	4.0

#define LN_SQRT_2PI			0.918938533204672741780

/* log of the normal distribution function, for any x */
static double
log_normal_cdf(double x)
{
	if (x > -30)
		return log(0.5 * erfc(-x * M_SQRT1_2));
	return -0.5 * x * x - LN_SQRT_2PI - log(-x) - 1 / (x * x);
}

static double
log_add(double a, double b)
{
	if (a < b)
	{
		double		swap = a;

		a = b;
		b = swap;
	}
	return b == -INFINITY ? a : a + log1p(exp(b - a));
}

/*
 * log P(X >= count) where X is (beta-)binomial; 0 where that is no evidence.
 */
static double
log_count_tail(int count, int n, double mean, double dispersion)
{
	double		size = dispersion > 0 ? (1 - dispersion) / dispersion : 0;
	double		a = mean * size;
	double		b = (1 - mean) * size;
	double		first;
	double		term = 1;
	double		sum = 1;
	int			x;

	if (count < COUNT_MIN)
		return 0;
	first = lgamma(n + 1.0) - lgamma(count + 1.0) - lgamma(n - count + 1.0);
	if (dispersion > 0)
		first += lgamma(count + a) - lgamma(a) + lgamma(n - count + b) - lgamma(b)
			- lgamma(n + size) + lgamma(size);
	else
		first += count * log(mean) + (n - count) * log1p(-mean);

	for (x = count; x < n; x++)
	{
		term *= (double) (n - x) / (x + 1);
		term *= dispersion > 0 ? (a + x) / (b + n - x - 1) : mean / (1 - mean);
		sum += term;
	}
	return Min(first + log(sum), 0);
}

/*
 * Expected 1 / factor of a fall seen as the logarithm x, with the variance of
 * that; factors are uniform in the range that is searched.
 */
static double
inverse_factor(double x, double variance)
{
	double		total = 0;
	double		inverse = 0;
	double		nearest = INFINITY;
	int			j;

	variance = Max(variance, 1e-6);
	for (j = FACTOR_MIN_BINS; j <= FACTOR_MAX_BINS; j++)
	{
		double		d = x + j * M_LN2 / BINS_PER_OCTAVE;

		nearest = Min(nearest, d * d / (2 * variance));
	}
	for (j = FACTOR_MIN_BINS; j <= FACTOR_MAX_BINS; j++)
	{
		double		d = x + j * M_LN2 / BINS_PER_OCTAVE;
		double		weight = exp(nearest - d * d / (2 * variance));

		total += weight * exp2(-(double) j / BINS_PER_OCTAVE);
		inverse += weight;
	}
	return inverse / total;
}

/*
 * log P(a mean ratio is not above x times the median), for levels spread
 * log-normally and noise with this precision.
 */
static double
log_level_tail(double x, double spread, double precision)
{
	double		tail = -INFINITY;
	double		norm = 0;
	int			i;

	for (i = -GRID_HALF; i <= GRID_HALF; i++)
	{
		double		z = i * GRID_REACH / GRID_HALF;

		norm += exp(-0.5 * z * z);
		tail = log_add(tail, -0.5 * z * z +
					   log_normal_cdf((x / exp(spread * z) - 1) * precision));
	}
	return Min(tail - log(norm), 0);
}

/*
 * The odds that a p-value can stand for at most, as a logarithm; continued
 * to nothing where p is no evidence at all.
 */
static double
log_bayes_bound(double log_p)
{
	if (log_p > -1)
		return log(Max(-expm1(log_p), DBL_MIN) / (1 - exp(-1)));
	return -1 - log_p - log(-log_p);
}

/*
 * The noise of this entity's periods, as a squared coefficient of variation:
 * that of the model and what its own steps say.
 */
static double
own_noise(const LeakageModel *model, bool is_default, const History *h)
{
	double		cv2 = model_value(model, MODEL_NOISE_CV2);
	int			n = h->positive;

	if (is_default && n >= LEVEL_MIN_POSITIVE)
		cv2 = (h->steps + DEFAULT_NOISE_WEIGHT * cv2) / (n - 1 + DEFAULT_NOISE_WEIGHT);
	else if (n >= CHANGE_MIN_POSITIVE)
	{
		/* who jumps about more than others has more noise */
		double		own = (h->steps - h->largest_step + DEFAULT_NOISE_WEIGHT * cv2) /
			(n - 2 + DEFAULT_NOISE_WEIGHT);

		cv2 = Max(cv2, own);
	}
	/* neighbours that resemble each other say less */
	return cv2 / model_kappa(model);
}

/*
 * The level: own mean against the law of levels, by credibility.
 */
static void
test_level(const LeakageModel *model, const History *h, double cv2, ClosedForm *r)
{
	int			n = h->positive;
	double		median = model_value(model, MODEL_LEVEL_MEDIAN);
	double		tau2 = model_value(model, MODEL_LEVEL_TAU2);
	double		share = model_value(model, MODEL_GROUP_SHARE);
	double		shift = exp2(model_value(model, MODEL_GROUP_SHIFT) / BINS_PER_OCTAVE);
	double		x;

	r->level = median;
	r->own_share = 0;
	r->underbilled_inverse = 1;
	if (n == 0)
		return;
	x = log(h->mean / median);
	r->own_share = tau2 / (tau2 + cv2 / n);
	r->level = median * exp(r->own_share * x);
	if (n >= LEVEL_MIN_POSITIVE)
	{
		double		precision = sqrt(n / cv2);
		double		spread = sqrt(tau2);

		r->log_p[LEAK_UNDERBILLED] = log_level_tail(h->mean / median, spread, precision);
		if (share > 0)
			r->log_p[LEAK_UNDERBILLED] =
				log_add(log1p(-share) + r->log_p[LEAK_UNDERBILLED], log(share) +
						log_level_tail(h->mean / median / shift, spread, precision));
		r->log_p[LEAK_UNDERBILLED] *= model_skew_share(model);
		r->underbilled_inverse = inverse_factor(x, tau2 + cv2 / n);
	}
}

/*
 * A change: the contrast that is farthest below what noise would give.
 */
static void
test_change(const History *h, double cv2, ClosedForm *r)
{
	int			n = h->positive;
	double		before = 0;
	double		sum = h->mean * n;
	double		lowest = INFINITY;

	r->change = -1;
	r->drop_inverse = 1;
	if (n < CHANGE_MIN_POSITIVE)
		return;
	for (int i = 0; i < n; i++)
	{
		double		after = sum - before;
		int			m = n - i;

		if (i >= CHANGE_MIN_SIDE && m >= CHANGE_MIN_SIDE)
		{
			double		spread = 1.0 / i + 1.0 / m;
			double		c = (after / m - before / i) / (h->mean * sqrt(cv2 * spread));

			if (c < lowest)
			{
				lowest = c;
				r->change = i;
				r->drop_inverse =
					inverse_factor(log(Max(after / m, DBL_MIN) / (before / i)), cv2 * spread);
			}
		}
		before += h->ratio[i];
	}
	r->log_p[LEAK_DROP] = Min(log(n - 3.0) + log_normal_cdf(lowest), 0);
}

/*
 * The p-values combined, and the bounds of the probabilities.
 */
static void
set_bounds(const LeakageModel *model, ClosedForm *r)
{
	static const ModelParameter rate[HYPOTHESES] = {
		[LEAK_MISSING] = MODEL_MISSING, [LEAK_ZERO] = MODEL_ZERO,
		[LEAK_DROP] = MODEL_DROP, [LEAK_UNDERBILLED] = MODEL_UNDERBILLED
	};
	double		smallest = 0;
	double		weight[HYPOTHESES];
	double		total;
	int			i;

	/* the smallest of four */
	for (i = LEAK_MISSING; i <= LEAK_UNDERBILLED; i++)
		smallest = Min(smallest, r->log_p[i]);
	r->p_value = Min(4 * exp(Max(smallest, log(DBL_MIN))), 1);

	weight[LEAK_NONE] = log(model_rate_none(model));
	r->log_odds = -INFINITY;
	for (i = LEAK_MISSING; i <= LEAK_UNDERBILLED; i++)
	{
		weight[i] = r->log_p[i] < 0 ?
			log(model_value(model, rate[i])) + log_bayes_bound(r->log_p[i]) : -INFINITY;
		r->log_odds = log_add(r->log_odds, weight[i]);
	}
	total = log_add(r->log_odds, weight[LEAK_NONE]);
	for (i = 0; i < HYPOTHESES; i++)
		r->leak[i] = i <= LEAK_UNDERBILLED ? exp(weight[i] - total) : 0;
	r->log_odds -= weight[LEAK_NONE];
	r->p_leak = 1 / (1 + exp(-r->log_odds));
	r->p_no_leak = 1 / (1 + exp(r->log_odds));
}

/*
 * The p-values of one entity, and what follows from them.
 */
void
closed_form(const LeakageModel *model, const History *h, ClosedForm *r)
{
	LeakageModel *defaults = NULL;
	double		cv2;

	if (model == NULL)
		model = defaults = model_make();
	cv2 = own_noise(model, defaults != NULL, h);
	for (int i = 0; i < HYPOTHESES; i++)
		r->log_p[i] = 0;
	r->log_p[LEAK_MISSING] = log_count_tail(h->missing, h->interior,
											model_value(model, MODEL_HOLE_RATE),
											model_value(model, MODEL_HOLE_DISPERSION));
	r->log_p[LEAK_ZERO] = log_count_tail(h->zero, h->present,
										 model_value(model, MODEL_ZERO_RATE),
										 model_value(model, MODEL_ZERO_DISPERSION));
	test_level(model, h, cv2, r);
	test_change(h, cv2, r);
	set_bounds(model, r);
	if (defaults != NULL)
		pfree(defaults);
}
