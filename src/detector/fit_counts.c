/*-------------------------------------------------------------------------
 *
 * fit_counts.c
 *		Learning the law of missing periods, and that of zero periods.
 *
 * A round takes the moments of the entities' numbers, each entity weighted
 * with the probability that its number is honest.  At the start there are no
 * such weights yet.  Leaks have several such periods, so the start learns from
 * the entities with at most one, or two, of them.
 *
 * Parameters of a further law of these periods are learned here, from sums in
 * CountSums and CountStart.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "detector/fit_counts.h"
#include "detector/fit_weight.h"

/* clusters weaker than this are the leaks themselves */
#define DISPERSION_GUARD	0.02

/*
 * At the start there are clusters where so many standard deviations more
 * entities have two such periods than without clusters; and the strongest that
 * are looked for.
 */
#define DISPERSION_SIGNIFICANT	3.0
#define DISPERSION_MOST		0.5

/* ---- adding entities */

int
count_slot(int n)
{
	if (n <= FIT_COUNT_EXACT)
		return n - 1;
	return Min(FIT_COUNT_EXACT + (n - FIT_COUNT_EXACT - 1) / FIT_COUNT_STEP, FIT_COUNTS - 1);
}

double
count_of_slot(int slot)
{
	if (slot < FIT_COUNT_EXACT)
		return slot + 1;
	return FIT_COUNT_EXACT + (slot - FIT_COUNT_EXACT + 0.5) * FIT_COUNT_STEP;
}

void
count_sums_add(CountSums *sums, int64 weight, PeriodCount c)
{
	int128	   *moment = sums->moment;

	moment[COUNT_WEIGHT] += weight;
	moment[COUNT_H] += (int128) weight * c.count;
	moment[COUNT_N] += (int128) weight * c.n;
	moment[COUNT_HH] += (int128) weight * c.count * c.count;
	moment[COUNT_HN] += (int128) weight * c.count * c.n;
	moment[COUNT_NN] += (int128) weight * c.n * c.n;
}

void
count_start_add(CountStart *start, PeriodCount c)
{
	if (c.count < FIT_FEW)
		start->entities[c.count][count_slot(c.n)]++;
}

/* ---- by moments */

/*
 * The rate and the dispersion that give the mean and the variance of the
 * numbers.
 */
void
fit_counts_round(LeakageModel *model, CountKind kind, const CountSums *sums)
{
	double		h = weight_to_double(sums->moment[COUNT_H]);
	double		n = weight_to_double(sums->moment[COUNT_N]);
	double		hh = weight_to_double(sums->moment[COUNT_HH]);
	double		hn = weight_to_double(sums->moment[COUNT_HN]);
	double		nn = weight_to_double(sums->moment[COUNT_NN]);
	double		r;
	double		spread;
	double		phi = 0;

	model_set(model, count_kinds[kind].rate, (h + 0.5) / (n + 1));
	r = model_value(model, count_kinds[kind].rate);
	spread = (nn - n) * r * (1 - r);
	if (spread > 0)
		phi = (hh - 2 * r * hn + r * r * nn - n * r * (1 - r)) / spread;
	model_set(model, count_kinds[kind].dispersion, phi >= DISPERSION_GUARD ? phi : 0);
}

/* ---- at the start */

/*
 * Entities with exactly "count" such periods.
 */
static int64
entities_with(const CountStart *start, int count)
{
	int64		entities = 0;

	for (int slot = 0; slot < FIT_COUNTS; slot++)
		entities += start->entities[count][slot];
	return entities;
}

/*
 * Among the entities with at most "most" such periods, 1 or 2: how many are
 * expected to have one, and how many two.
 */
static void
truncated_counts(const CountStart *start, int most, double rate, double dispersion,
				 double *ones, double *twos)
{
	CountLaw	law = count_law(rate, dispersion);

	*ones = *twos = 0;
	for (int slot = 0; slot < FIT_COUNTS; slot++)
	{
		double		entities = (double) (start->entities[0][slot] + start->entities[1][slot] +
										 (most == 2 ? start->entities[2][slot] : 0));
		double		n = count_of_slot(slot);
		double		one;		/* odds of one over none */
		double		two = 0;	/* and of two over none */
		double		hit;
		double		miss;

		if (entities == 0)
			continue;
		count_law_step(&law, n, 0, &hit, &miss);
		one = n * hit / miss;
		if (n >= 2 && most == 2)
		{
			count_law_step(&law, n, 1, &hit, &miss);
			two = one * (n - 1) / 2 * (hit / miss);
		}
		*ones += entities * one / (1 + one + two);
		*twos += entities * two / (1 + one + two);
	}
}

/*
 * The rate under which the entities with at most "most" such periods are
 * expected to have "sum" of them, and how many of these entities then have two.
 */
static double
truncated_rate(const CountStart *start, int most, double sum, double dispersion, double *twos)
{
	double		low = 0;
	double		high = 0.999;

	for (int i = 0; i < 50; i++)
	{
		double		rate = (low + high) / 2;
		double		ones;

		truncated_counts(start, most, rate, dispersion, &ones, twos);
		if (ones + 2 * *twos < sum)
			low = rate;
		else
			high = rate;
	}
	return high;
}

/*
 * The dispersion, and the rate with it, under which the entities with at most
 * two such periods are expected to be as they are.
 */
static double
clustered_rate(const CountStart *start, double ones, double twos, double *dispersion)
{
	double		low = 0;
	double		high = DISPERSION_MOST;
	double		rate = 0;

	for (int i = 0; i < 30; i++)
	{
		double		expected;

		*dispersion = (low + high) / 2;
		rate = truncated_rate(start, 2, ones + 2 * twos, *dispersion, &expected);
		if (expected < twos)
			low = *dispersion;
		else
			high = *dispersion;
	}
	return rate;
}

/*
 * Have most entities more than one such period?  Then that is how things are
 * here, and the entities with at most one say nothing about the rate.
 */
static bool
counts_are_common(const CountSums *sums, const CountStart *start)
{
	int64		at_most_one = entities_with(start, 0) + entities_with(start, 1);

	return 2.0 * (double) at_most_one < weight_to_double(sums->moment[COUNT_WEIGHT]);
}

/*
 * The rate comes from the entities with at most one such period.  There are
 * clusters where clearly more entities have two than that rate gives, yet not
 * more than have one, as with leaks.  Then both the rate and the dispersion
 * come from the entities with at most two.
 */
void
fit_counts_start(LeakageModel *model, CountKind kind, const CountSums *sums,
				 const CountStart *start, bool clusters)
{
	double		ones = (double) entities_with(start, 1);
	double		twos = (double) entities_with(start, 2);
	double		phi = 0;
	double		r = 0;

	if (counts_are_common(sums, start))
	{
		fit_counts_round(model, kind, sums);
		return;
	}
	if (ones > 0)
	{
		double		expected;
		double		unused;

		r = truncated_rate(start, 1, ones, 0, &unused);
		truncated_counts(start, 2, r, 0, &unused, &expected);
		if (clusters && twos > expected + DISPERSION_SIGNIFICANT * sqrt(expected) + 1 && twos <= ones)
		{
			double		clustered = clustered_rate(start, ones, twos, &phi);

			if (phi >= DISPERSION_GUARD)
				r = clustered;
			else
				phi = 0;
		}
	}
	model_set(model, count_kinds[kind].rate,
			  Max(r, 0.5 / (weight_to_double(sums->moment[COUNT_N]) + 1)));
	model_set(model, count_kinds[kind].dispersion, phi);
}
