/*-------------------------------------------------------------------------
 *
 * closed_form.c
 *		A verdict from four p-values, for tables that are too small to learn
 *		the laws of the likelihood from.
 *
 *	missing, zero	upper tail of the (beta-)binomial law
 *	drop			largest standardized contrast of before and after, times
 *					the number of periods where it can begin
 *	underbilled		normal tail of the mean ratio, over log-normal levels
 *
 * A p-value p can stand for odds of at most 1 / (-e p ln p), by the bound of
 * Sellke, Bayarri and Berger (2001).  These odds and the rates of the model
 * give leak_probability.  Decisions are made on the p-value.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "detector/closed_form.h"
#include "detector/compensation.h"
#include "detector/count_law.h"
#include "detector/payer_law.h"

/* levels are summed on a grid of so many points to each side, out to so many standard deviations */
#define GRID_HALF			30
#define GRID_REACH			6.0

/*
 * An entity's own noise comes from the steps between its periods, which one
 * change hardly moves.  The noise of the model counts like so many steps.
 */
#define MODEL_NOISE_WEIGHT	4.0

/* payments of a regular payer, at least */
#define REGULAR_MIN_PAID	4

/* payments so many standard deviations above the entity's median are no noise */
#define EXTRAORDINARY		5.0

#define LN_SQRT_2PI			0.918938533204672741780

/* log of the normal distribution function, for any x */
static double
log_normal_cdf(double x)
{
	if (x > -30)
		return log(0.5 * erfc(-x * M_SQRT1_2));
	return -0.5 * x * x - LN_SQRT_2PI - log(-x) - 1 / (x * x);
}

/* log(exp(a) + exp(b)) */
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
 * Expected 1 / factor of a fall whose logarithm is seen as x, with this
 * variance.  Factors are uniform in the range that is searched.
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
 * log P(the mean ratio of an honest entity is at most x times the median), with
 * log-normal levels of this spread and noise of this precision.
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
 * The most odds that a p-value can stand for, as a logarithm.  Above 1 / e the
 * bound does not hold: from there the odds go down to nothing at p = 1.
 */
static double
log_bayes_bound(double log_p)
{
	if (log_p > -1)
		return log(Max(-expm1(log_p), DBL_MIN) / (1 - exp(-1)));
	return -1 - log_p - log(-log_p);
}

/*
 * The noise of this entity's periods, as a squared coefficient of variation,
 * from the model and from the entity's own steps.
 */
static double
own_noise(const LeakageModel *model, bool is_default, const History *h)
{
	double		cv2 = model_value(model, MODEL_NOISE_CV2);
	int			n = h->positive;

	if (is_default && n >= LEVEL_MIN_POSITIVE)
		cv2 = (h->steps + MODEL_NOISE_WEIGHT * cv2) / (n - 1 + MODEL_NOISE_WEIGHT);
	else if (n >= CHANGE_MIN_POSITIVE)
	{
		/* an entity that jumps about more than others has more noise */
		double		own = (h->steps - h->largest_step + MODEL_NOISE_WEIGHT * cv2) /
			(n - 2 + MODEL_NOISE_WEIGHT);

		cv2 = Max(cv2, own);
	}
	/* periods that resemble their neighbors say less */
	return cv2 / model_kappa(model);
}

static int
compare_doubles(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

/*
 * What the entity mostly pays: the lower median of its ratios, 0 without any.
 */
static double
median_ratio(const History *h)
{
	double		ratio[PROFILE_MAX_PERIODS];

	if (h->positive == 0)
		return 0;
	memcpy(ratio, h->ratio, h->positive * sizeof(double));
	qsort(ratio, h->positive, sizeof(double), compare_doubles);
	return ratio[(h->positive - 1) / 2];
}

/*
 * Does the user pay every second, third, or further period, and never in
 * another one?  Learning how many do takes a larger table.
 */
static bool
is_regular(const History *h)
{
	PayerFacts	facts;

	payer_facts(h, &facts);
	return facts.applies && facts.interval > 0 && facts.skipped == 0 && h->paid >= REGULAR_MIN_PAID;
}

/*
 * Missing and zero periods: are there too many?
 */
static void
test_counts(const LeakageModel *model, const History *h, bool honest, double *log_p)
{
	for (int kind = 0; kind < COUNT_KINDS; kind++)
	{
		CountLaw	law = count_law_of_model(model, kind);

		log_p[count_kinds[kind].leak] = honest ? 0 : count_law_log_tail(&law, history_count(h, kind));
	}
}

/*
 * The level: the mean of the entity against the law of levels, by credibility.
 */
static void
test_level(const LeakageModel *model, const History *h, double cv2, double *log_p, Verdict *v)
{
	int			n = h->positive;
	double		median = model_value(model, MODEL_LEVEL_MEDIAN);
	double		tau2 = model_value(model, MODEL_LEVEL_TAU2);
	double		share = model_value(model, MODEL_GROUP_SHARE);
	double		shift = exp2(model_value(model, MODEL_GROUP_SHIFT) / BINS_PER_OCTAVE);
	double		x;

	log_p[LEAK_UNDERBILLED] = 0;
	v->level = median;
	v->own_share = 0;
	v->underbilled_inverse = 1;
	if (n == 0)
		return;
	x = log(h->mean / median);
	v->own_share = tau2 / (tau2 + cv2 / n);
	v->level = median * exp(v->own_share * x);
	if (n >= LEVEL_MIN_POSITIVE)
	{
		double		precision = sqrt(n / cv2);
		double		spread = sqrt(tau2);

		log_p[LEAK_UNDERBILLED] = log_level_tail(h->mean / median, spread, precision);
		if (share > 0)
			log_p[LEAK_UNDERBILLED] =
				log_add(log1p(-share) + log_p[LEAK_UNDERBILLED], log(share) +
						log_level_tail(h->mean / median / shift, spread, precision));
		log_p[LEAK_UNDERBILLED] *= model_skew_share(model);
		v->underbilled_inverse = inverse_factor(x, tau2 + cv2 / n);
	}
}

/*
 * A change: the contrast of before and after that is lowest for its noise.
 */
static void
test_change(const History *h, double cv2, const Compensation *paid, double *log_p, Verdict *v)
{
	int			n = h->positive;
	double		before = 0;
	double		sum = h->mean * n;
	double		lowest = INFINITY;

	log_p[LEAK_DROP] = 0;
	v->change = -1;
	v->drop_inverse = 1;
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

			if (c < lowest && !compensates_fall(paid, h, i))
			{
				lowest = c;
				v->change = i;
				v->drop_inverse =
					inverse_factor(log(Max(after / m, DBL_MIN) / (before / i)), cv2 * spread);
			}
		}
		before += h->ratio[i];
	}
	log_p[LEAK_DROP] = Min(log(n - 3.0) + log_normal_cdf(lowest), 0);
}

/*
 * Combine the p-values, and bound the probabilities.
 */
static void
set_bounds(const LeakageModel *model, const double *log_p, Verdict *v)
{
	double		smallest = 0;
	double		weight[HYPOTHESES];
	double		none = log(model_rate_none(model));
	double		log_odds = -INFINITY;
	double		total;
	int			i;

	/* of four tests: four times the smallest */
	for (i = LEAK_MISSING; i <= LEAK_UNDERBILLED; i++)
		smallest = Min(smallest, log_p[i]);
	v->tested = true;
	v->p_value = Min(4 * exp(Max(smallest, log(DBL_MIN))), 1);

	for (i = LEAK_MISSING; i <= LEAK_UNDERBILLED; i++)
	{
		weight[i] = log_p[i] < 0 ?
			log(model_value(model, model_rate_parameter[i])) + log_bayes_bound(log_p[i]) : -INFINITY;
		log_odds = log_add(log_odds, weight[i]);
	}
	total = log_add(log_odds, none);
	memset(v->leak, 0, sizeof(v->leak));
	for (i = LEAK_MISSING; i <= LEAK_UNDERBILLED; i++)
		v->leak[i] = exp(weight[i] - total);
	verdict_set_odds(v, log_odds - none);
}

void
closed_form(const LeakageModel *model, bool is_default, const History *h, Verdict *v)
{
	double		cv2 = own_noise(model, is_default, h);
	double		log_p[HYPOTHESES];
	bool		regular = is_regular(h);
	Compensation paid = compensation(h, median_ratio(h), 1 + EXTRAORDINARY * sqrt(cv2));

	v->method = is_default ? "default" : model_method_name[MODEL_CLOSED_FORM];
	v->p_regular = regular ? 1 : 0;
	v->p_irregular = v->p_event = 0;
	v->event_change = -1;
	test_counts(model, h, regular || paid.unpaid, log_p);
	test_level(model, h, cv2, log_p, v);
	test_change(h, cv2, &paid, log_p, v);
	set_bounds(model, log_p, v);
}
