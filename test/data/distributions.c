/*-------------------------------------------------------------------------
 *
 * distributions.c
 *		The laws of amounts: the noise of a week, the level of a number.
 *
 * Uses only +, -, *, /, and sqrt, which IEEE 754 rounds exactly, so that the
 * last digit of an amount is the same everywhere.  exp, log, and the normal
 * law are built from them here.
 *
 *-------------------------------------------------------------------------
 */
#include <math.h>

#include "generate.h"

/*
 * The law of the published amounts: its quantiles, with linear interpolation.
 * Above TAIL_FROM, amounts rise from TAIL_LOW to TAIL_HIGH as the sixth power.
 */
static const struct
{
	double		p;
	double		amount;
}			quantiles[] =
{
	{0.0, 0.2}, {0.02, 1.0}, {0.25, 6.6}, {0.5, 11.5}, {0.75, 16.6},
	{0.97, 20.0}, {0.9988, 23.0}, {0.9994, 31.6}
};

#define NQUANTILES	((int) (sizeof(quantiles) / sizeof(quantiles[0])))
#define TAIL_FROM	0.9994
#define TAIL_LOW	31.6
#define TAIL_HIGH	83.0

static double base_mean;		/* of that law */
static double base_cv;
static double log_sd;			/* of log-normal noise */

/* how much the segments Tier_1, Tier_2 and Tier_3 pay, with --tiers */
static const double tier_level[3] = {1.8, 1.25, 0.74};

#define POSTPAID_LEVEL	1.09
#define LEVEL_MIN		0.001
#define LEVEL_MAX		100.0

/*
 * e to the x, for |x| below 700.
 */
static double
exact_exp(double x)
{
	double		n = floor(x * 1.4426950408889634 + 0.5);
	double		r = (x - n * 0.693145751953125) - n * 1.4286068203094173e-06;
	double		sum = 1.0;

	for (int i = 14; i >= 1; i--)
		sum = 1.0 + r / i * sum;
	return ldexp(sum, (int) n);
}

/*
 * The natural logarithm of x > 0.
 */
static double
exact_log(double x)
{
	int			e;
	double		m = frexp(x, &e);
	double		s;
	double		sum = 0.0;

	if (m < 0.70710678118654752)
	{
		m *= 2.0;
		e--;
	}
	s = (m - 1.0) / (m + 1.0);
	for (int i = 21; i >= 1; i -= 2)
		sum = sum * s * s + 1.0 / i;
	return e * 0.69314718055994531 + 2.0 * s * sum;
}

/*
 * The number of set bits.
 */
static int
bits_set(uint64_t x)
{
	x -= (x >> 1) & UINT64_C(0x5555555555555555);
	x = (x & UINT64_C(0x3333333333333333)) + ((x >> 2) & UINT64_C(0x3333333333333333));
	x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (int) ((x * UINT64_C(0x0101010101010101)) >> 56);
}

/*
 * A standard normal number: the sum of 256 coin tosses, made continuous by a
 * uniform number one toss wide (kurtosis -0.008, range beyond 15 sigma).
 */
static double
normal(Rng *rng)
{
	int			heads = 0;

	for (int i = 0; i < 4; i++)
		heads += bits_set(rng_next(rng));
	return (heads - 128 + rng_unit(rng) - 0.5) / 8.0052066892;
}

/*
 * The normal distribution function (Abramowitz and Stegun 26.2.17, error
 * below 7.5e-8).
 */
static double
normal_cdf(double z)
{
	double		x = fabs(z);
	double		t = 1.0 / (1.0 + 0.2316419 * x);
	double		upper;

	if (x > 30.0)
		upper = 0.0;
	else
		upper = 0.3989422804014327 * exact_exp(-0.5 * x * x) * t *
			(0.319381530 + t * (-0.356563782 + t *
								(1.781477937 + t * (-1.821255978 + t * 1.330274429))));
	return z < 0.0 ? upper : 1.0 - upper;
}

/*
 * The published law at probability u, in dollars.
 */
static double
base_amount(double u)
{
	double		t;

	for (int i = 1; i < NQUANTILES; i++)
		if (u < quantiles[i].p)
			return quantiles[i - 1].amount +
				(quantiles[i].amount - quantiles[i - 1].amount) *
				((u - quantiles[i - 1].p) / (quantiles[i].p - quantiles[i - 1].p));
	t = (u - TAIL_FROM) / (1.0 - TAIL_FROM);
	return TAIL_LOW + (TAIL_HIGH - TAIL_LOW) * (t * t * t * t * t * t);
}

/*
 * Set the moments of the noise, and check that its law allows the spread.
 */
void
noise_init(const Options *opt)
{
	double		tail = TAIL_HIGH - TAIL_LOW;
	double		mean = (1.0 - TAIL_FROM) * (TAIL_LOW + tail / 7.0);
	double		square = (1.0 - TAIL_FROM) *
		(TAIL_LOW * TAIL_LOW + 2.0 * TAIL_LOW * tail / 7.0 + tail * tail / 13.0);
	double		cv;

	for (int i = 1; i < NQUANTILES; i++)
	{
		double		p = quantiles[i].p - quantiles[i - 1].p;
		double		a = quantiles[i - 1].amount;
		double		b = quantiles[i].amount;

		mean += p * (a + b) / 2.0;
		square += p * (a * a + a * b + b * b) / 3.0;
	}
	base_mean = mean;
	base_cv = sqrt(square - mean * mean) / mean;
	cv = opt->noise_cv > 0.0 ? opt->noise_cv : base_cv;
	log_sd = sqrt(exact_log(1.0 + cv * cv));
	if (opt->noise == NOISE_UNIFORM && cv > base_cv)
		fail("noise cv %g is too large for uniform noise (at most %.3f); use lognormal or gamma",
			 cv, base_cv);
	if (opt->noise == NOISE_GAMMA && cv > 0.8)
		fail("noise cv %g is too large for gamma noise (at most 0.8); use lognormal", cv);
}

/*
 * The noise of a number: one factor of mean 1 per week.
 */
void
noise_weeks(const Options *opt, uint64_t number, double *noise)
{
	Rng			rng = rng_stream(opt->seed, FOR_NOISE, number);
	double		cv = opt->noise_cv > 0.0 ? opt->noise_cv : base_cv;
	double		r = opt->autocorrelation;
	double		fresh = sqrt(1.0 - r * r);
	bool		latent = r != 0.0 || opt->noise != NOISE_UNIFORM;
	double		z = latent ? normal(&rng) : 0.0;

	for (int w = 0; w < opt->nweeks; w++)
	{
		double		x;

		if (latent)
			z = r * z + fresh * normal(&rng);
		switch (opt->noise)
		{
			case NOISE_LOGNORMAL:
				x = exact_exp(log_sd * z - 0.5 * log_sd * log_sd);
				break;
			case NOISE_GAMMA:
				/* Wilson and Hilferty; shape 1/cv^2 */
				x = 1.0 - cv * cv / 9.0 + z * cv / 3.0;
				x = x > 0.01 ? x * x * x : 1e-6;
				break;
			case NOISE_UNIFORM:
			default:
				x = base_amount(latent ? normal_cdf(z) : rng_unit(&rng)) / base_mean;
				x = 1.0 + (x - 1.0) * (cv / base_cv);
				break;
		}
		noise[w] = x;
	}
}

/*
 * The level of a number: its payment relative to the average of the week.
 */
double
user_level(const Population *pop, const Options *opt, uint64_t number)
{
	Rng			rng = rng_stream(opt->seed, FOR_LEVEL, number);
	double		z = normal(&rng);
	double		level = 1.0;
	double		squares = 0.0;
	bool		half;

	for (int i = 0; i < 4; i++)
	{
		double		x = normal(&rng);

		squares += x * x;
	}
	half = rng_chance(&rng, opt->half_level);

	/* Student's t with 4 degrees of freedom has variance 2 */
	if (opt->heavy_level)
		z = z / sqrt(squares / 4.0) / 1.4142135623730951;
	if (opt->user_sd > 0.0)
	{
		double		x = opt->user_sd * z - 0.5 * opt->user_sd * opt->user_sd;

		level = exact_exp(x < -20.0 ? -20.0 : x > 20.0 ? 20.0 : x);
	}
	if (half)
		level *= 0.5;
	if (opt->tiers)
		level *= tier_level[tier_of(opt, number) - 1];
	if (is_postpaid(pop, opt, number))
		level *= POSTPAID_LEVEL;
	return level < LEVEL_MIN ? LEVEL_MIN : level > LEVEL_MAX ? LEVEL_MAX : level;
}
