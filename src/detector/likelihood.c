/*-------------------------------------------------------------------------
 *
 * likelihood.c
 *		How likely a history is if nothing is wrong, and under each of the
 *		ways to leak; and what follows for the entity.
 *
 * Positive periods are bins b of log(actual / expected), so that a level or
 * a factor is a shift: with the noise law g, A(S) = product of g(b - S).
 *	none			sum over levels k of pi(k) A(k)
 *	underbilled		sum over k, factors j of pi(k) q(j) A(k - j)
 *	drop			the same with the factor from some period on, mean over
 *					the periods where it can begin
 *	and the mirror images of the last two, with k + j.
 * Missing and zero periods are counts: any number alike, against the
 * (beta-)binomial law of honest users.
 *
 * Invariants
 *	- doubles are evaluated in one fixed order, element by element; no sum
 *	  is reordered, so that vectorised code gives the same bits.
 *	- products of many periods are kept near one by powers of two, for all
 *	  shifts alike; a shift that is 10^200 times less likely than the best one
 *	  of the same periods may count as impossible.
 *	- "at a time" work is bounded by 1,024 periods, some milliseconds.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "detector/likelihood_tables.h"

#define MANY_LEVELS			8	/* from here on side by side is faster */

/* products are looked after every so many periods, and kept above this */
#define RESCALE_EVERY		8
#define RESCALE_BELOW		1e-60

/*
 * Histories whose periods jump about this much more (a ratio of variances)
 * count less; the law counts like so many own steps.
 */
#define RESTLESS_GUARD		1.5
#define RESTLESS_WEIGHT		4

#define LN2					0.693147180559945309417

/*
 * Bring the largest of n values back towards one, by a power of two.
 * Returns by how much: value = what was kept * 2^result.
 */
static int
rescale(double *value, int n)
{
	double		largest = 0;
	double		multiplier;
	int			exponent;
	int			i;

	for (i = 0; i < n; i++)
		largest = Max(largest, value[i]);
	if (largest >= RESCALE_BELOW || largest <= 0)
		return 0;
	(void) frexp(largest, &exponent);
	multiplier = ldexp(1.0, -exponent);
	for (i = 0; i < n; i++)
		value[i] *= multiplier;
	return exponent;
}

/*
 * Products of the noise law over the periods from each one on, for all
 * shifts: after[t] for t = n, n - 1, .. 0.
 */
static void
products_after(LikelihoodTables *t, const History *h)
{
	int			points = 2 * t->reach + 1;
	int			stride = row_width(t);
	double	   *row = t->after + (Size) h->positive * stride;
	int			scale = 0;
	int			i;
	int			s;

	for (s = 0; s < points; s++)
		row[s] = 1;
	t->after_scale[h->positive] = 0;

	for (i = h->positive - 1; i >= 0; i--)
	{
		const double *noise = t->noise + NOISE_MARGIN - t->reach - h->bin[i];
		double	   *next = row;

		row = t->after + (Size) i * stride;
		for (s = 0; s < points; s++)
			row[s] = next[s] * noise[s];
		if (i % RESCALE_EVERY == 0)
			scale += rescale(row, points);
		t->after_scale[i] = scale;
	}
}

/*
 * sum over levels of before(k) * sum over factors of weight(j) * after(k -/+ j),
 * "down" and "up" both.  The sums over factors are made in the same order
 * either way: for few levels one after the other, each in a register, for many
 * side by side, which can be vectorised.
 */
static inline void
change_terms(const LikelihoodTables *t, const double *before, const double *after,
			 double *down, double *up)
{
	double		fall[LEVEL_MAX_POINTS];
	double		rise[LEVEL_MAX_POINTS];
	int			points = 2 * t->width + 1;
	const double *low = after + t->reach - t->width - FACTOR_MIN_BINS;
	const double *high = after + t->reach - t->width + FACTOR_MIN_BINS;
	int			k;
	int			j;

	if (points < MANY_LEVELS)
	{
		for (k = 0; k < points; k++)
		{
			double		level_fall = 0;
			double		level_rise = 0;

			for (j = 0; j < FACTORS; j++)
			{
				level_fall += t->factor[j] * low[k - j];
				level_rise += t->factor[j] * high[k + j];
			}
			fall[k] = level_fall;
			rise[k] = level_rise;
		}
	}
	else
	{
		for (k = 0; k < points; k++)
			fall[k] = rise[k] = 0;
		for (j = 0; j < FACTORS; j++, low--, high++)
		{
			double		factor = t->factor[j];

			for (k = 0; k < points; k++)
			{
				fall[k] += factor * low[k];
				rise[k] += factor * high[k];
			}
		}
	}
	*down = *up = 0;
	for (k = 0; k < points; k++)
	{
		*down += before[k] * fall[k];
		*up += before[k] * rise[k];
	}
}

/*
 * log of the mean of terms[from .. to], each times 2^scale.
 */
static double
log_mean(const double *terms, const int *scale, int from, int to)
{
	int			largest = PG_INT32_MIN;
	double		sum = 0;
	int			i;

	for (i = from; i <= to; i++)
	{
		int			exponent;

		if (terms[i] > 0)
		{
			(void) frexp(terms[i], &exponent);
			largest = Max(largest, scale[i] + exponent);
		}
	}
	for (i = from; i <= to; i++)
	{
		if (terms[i] > 0)
			sum += ldexp(terms[i], scale[i] - largest);
	}
	if (sum <= 0)
		return -INFINITY;
	return log(sum / (to - from + 1)) + largest * LN2;
}

/*
 * Likelihood of "some number of the n periods, any alike", against the
 * (beta-)binomial law with this mean; as a logarithm, for count > 0.
 */
static double
log_count_ratio(int count, int n, double mean, double dispersion)
{
	double		law;

	Assert(count > 0 && count <= n);
	law = lgamma(n + 1.0) - lgamma(count + 1.0) - lgamma(n - count + 1.0);
	if (dispersion > 0)
	{
		double		size = (1 - dispersion) / dispersion;
		double		a = mean * size;
		double		b = (1 - mean) * size;

		law += lgamma(count + a) - lgamma(a) + lgamma(n - count + b) - lgamma(b)
			- lgamma(n + size) + lgamma(size);
	}
	else
		law += count * log(mean) + (n - count) * log1p(-mean);
	return -log((double) n) - law;
}

/*
 * Probability that a count is honest, by itself, from the logarithm of its
 * weight as a leak.
 */
static double
honest_count(const LikelihoodTables *t, Hypothesis leak, double weight)
{
	return 1 / (1 + exp(weight - log1p(-exp(t->log_rate[leak]))));
}

/*
 * The power that the evidence of this history is raised to: that of the
 * model, less where its periods jump about more than the noise law does.  The
 * largest jump does not count, it may be a change.
 */
static double
own_kappa(const LikelihoodTables *t, const History *h)
{
	int			n = h->positive;
	int			sum = 0;
	int			largest = 0;
	double		ratio;
	int			i;

	if (n < CHANGE_MIN_POSITIVE)
		return t->kappa;
	for (i = 1; i < n; i++)
	{
		int			step = abs(h->bin[i] - h->bin[i - 1]);

		sum += step;
		largest = Max(largest, step);
	}
	ratio = (sum - largest) / ((n - 2) * t->noise_step);
	ratio = (ratio * ratio * (n - 2) + RESTLESS_WEIGHT) / (n - 2 + RESTLESS_WEIGHT);
	return ratio > RESTLESS_GUARD ? t->kappa * RESTLESS_GUARD / ratio : t->kappa;
}

/*
 * exp(a) summed over finite logarithms, as a logarithm.
 */
static double
log_sum(const double *a, int n)
{
	double		largest = -INFINITY;
	double		sum = 0;
	int			i;

	for (i = 0; i < n; i++)
		largest = Max(largest, a[i]);
	if (largest == -INFINITY)
		return largest;
	for (i = 0; i < n; i++)
		sum += exp(a[i] - largest);
	return log(sum) + largest;
}

/*
 * The likelihood if nothing is wrong, as a logarithm, and a term for each
 * period where a change can begin.  "before" are the levels' shares of it,
 * which add up to *sum.
 */
static double
go_forward(LikelihoodTables *t, const History *h, double *before, double *sum)
{
	int			n = h->positive;
	int			points = 2 * t->width + 1;
	int			stride = row_width(t);
	int			scale = 0;
	int			i;
	int			k;

	for (k = 0; k < points; k++)
		before[k] = t->level[k];
	for (i = 0; i < n; i++)
	{
		const double *noise = t->noise + NOISE_MARGIN - t->width - h->bin[i];

		if (n >= CHANGE_MIN_POSITIVE && i >= CHANGE_MIN_SIDE && i <= n - CHANGE_MIN_SIDE)
		{
			change_terms(t, before, t->after + (Size) i * stride, &t->down[i], &t->up[i]);
			t->scale[i] = scale + t->after_scale[i];
		}
		for (k = 0; k < points; k++)
			before[k] *= noise[k];
		if (i % RESCALE_EVERY == 0)
			scale += rescale(before, points);
	}
	*sum = 0;
	for (k = 0; k < points; k++)
		*sum += before[k];
	return log(*sum) + scale * LN2;
}

/*
 * The level of an honest user with this history.
 */
static void
find_level(LikelihoodTables *t, const double *before, double sum, Posterior *p)
{
	int			points = 2 * t->width + 1;
	int			k;

	p->level_width = t->width;
	p->level_weight = t->weight;
	p->level_group = t->groups ? t->level_group : NULL;
	p->level = 0;
	for (k = 0; k < points; k++)
	{
		t->weight[k] = before[k] / sum;
		p->level += t->weight[k] * t->level_factor[k];
	}
	p->level *= t->noise_mean;
}

/*
 * Weights of missing and of zero periods.  Here and below, a weight is the
 * logarithm of rate times likelihood, over the likelihood if nothing is wrong.
 */
static void
weigh_counts(const LikelihoodTables *t, const History *h, double *weight, Posterior *p)
{
	weight[LEAK_MISSING] = h->missing < COUNT_MIN ? -INFINITY : t->log_rate[LEAK_MISSING] +
		log_count_ratio(h->missing, h->interior, t->hole_rate, t->hole_dispersion);
	weight[LEAK_ZERO] = h->zero < COUNT_MIN ? -INFINITY : t->log_rate[LEAK_ZERO] +
		log_count_ratio(h->zero, h->present, t->zero_rate, t->zero_dispersion);
	p->honest_missing = honest_count(t, LEAK_MISSING, weight[LEAK_MISSING]);
	p->honest_zero = honest_count(t, LEAK_ZERO, weight[LEAK_ZERO]);
}

/*
 * Weights of a change, down and up, and where it most likely is.
 */
static void
weigh_change(const LikelihoodTables *t, const History *h, double kappa, double none,
			 double *weight, Posterior *p)
{
	int			from = CHANGE_MIN_SIDE;
	int			to = h->positive - CHANGE_MIN_SIDE;
	int			i;

	p->change = -1;
	p->drop_inverse = 1;
	weight[LEAK_DROP] = weight[RISE_DROP] = -INFINITY;
	if (h->positive < CHANGE_MIN_POSITIVE)
		return;
	weight[LEAK_DROP] = t->log_rate[LEAK_DROP] +
		kappa * (log_mean(t->down, t->scale, from, to) - none);
	weight[RISE_DROP] = t->log_rate[RISE_DROP] +
		kappa * (log_mean(t->up, t->scale, from, to) - none);

	p->change = from;
	for (i = from + 1; i <= to; i++)
	{
		if (ldexp(t->down[i], t->scale[i] - t->scale[p->change]) > t->down[p->change])
			p->change = i;
	}
}

/*
 * Weights of a level that is too low, or too high, all along.
 */
static void
weigh_level(const LikelihoodTables *t, const History *h, double kappa, double none,
			double *weight, Posterior *p)
{
	double		under = 0;
	double		inverse = 0;
	double		over = 0;
	int			k;

	p->underbilled_inverse = 1;
	weight[LEAK_UNDERBILLED] = weight[RISE_UNDERBILLED] = -INFINITY;
	if (h->positive < LEVEL_MIN_POSITIVE)
		return;
	for (k = 0; k < 2 * t->reach + 1; k++)
	{
		under += t->after[k] * t->under[k];
		inverse += t->after[k] * t->under_inverse[k];
		over += t->after[k] * t->over[k];
	}
	weight[LEAK_UNDERBILLED] = t->log_rate[LEAK_UNDERBILLED] +
		kappa * (log(under) + t->after_scale[0] * LN2 - none);
	weight[RISE_UNDERBILLED] = t->log_rate[RISE_UNDERBILLED] +
		kappa * (log(over) + t->after_scale[0] * LN2 - none);
	if (under > 0)
		p->underbilled_inverse = inverse / under;
}

/*
 * Probabilities, and the odds of a leak net of the mirror images.
 */
static void
set_probabilities(const LikelihoodTables *t, const double *weight, Posterior *p)
{
	double		bad[HYPOTHESES];
	double		good[HYPOTHESES];
	double		sum = log_sum(weight, HYPOTHESES);
	int			i;

	for (i = 0; i < HYPOTHESES; i++)
	{
		double		share = t->share[i];

		p->probability[i] = exp(weight[i] - sum);
		p->leak[i] = share * p->probability[i];
		bad[i] = share > 0 ? weight[i] + log(share) : -INFINITY;
		good[i] = share < 1 ? weight[i] + log1p(-share) : -INFINITY;
	}
	p->log_odds = log_sum(bad, HYPOTHESES) - log_sum(good, HYPOTHESES);
	p->p_leak = 1 / (1 + exp(-p->log_odds));
	p->p_no_leak = 1 / (1 + exp(p->log_odds));
}

/*
 * What follows from a history under a model.
 */
void
likelihood_posterior(LikelihoodTables *t, const History *h, Posterior *p)
{
	double		before[LEVEL_MAX_POINTS];
	double		weight[HYPOTHESES];
	double		kappa = own_kappa(t, h);
	double		none;
	double		sum;

	likelihood_room(t, h->positive);
	products_after(t, h);
	none = go_forward(t, h, before, &sum);
	find_level(t, before, sum, p);

	weight[LEAK_NONE] = t->log_rate[LEAK_NONE];
	weigh_counts(t, h, weight, p);
	weigh_change(t, h, kappa, none, weight, p);
	weigh_level(t, h, kappa, none, weight, p);
	set_probabilities(t, weight, p);
}

/*
 * Expected 1 / factor of a drop at the most likely period, after a call of
 * likelihood_posterior for the same history.
 */
void
likelihood_drop_factor(LikelihoodTables *t, const History *h, Posterior *p)
{
	const double *after;
	double		before[LEVEL_MAX_POINTS];
	double		total = 0;
	double		inverse = 0;
	int			points = 2 * t->width + 1;
	int			i;
	int			j;
	int			k;

	if (p->change < 0)
		return;
	for (k = 0; k < points; k++)
		before[k] = t->level[k];
	for (i = 0; i < p->change; i++)
	{
		const double *noise = t->noise + NOISE_MARGIN - t->width - h->bin[i];

		for (k = 0; k < points; k++)
			before[k] *= noise[k];
		if (i % RESCALE_EVERY == 0)
			(void) rescale(before, points);
	}
	after = t->after + (Size) p->change * row_width(t) + t->reach - t->width;
	for (k = 0; k < points; k++)
	{
		double		fall = 0;
		double		fall_inverse = 0;

		for (j = 0; j < FACTORS; j++)
		{
			fall += t->factor[j] * after[k - FACTOR_MIN_BINS - j];
			fall_inverse += t->factor_inverse[j] * after[k - FACTOR_MIN_BINS - j];
		}
		total += before[k] * fall;
		inverse += before[k] * fall_inverse;
	}
	if (total > 0)
		p->drop_inverse = inverse / total;
}
