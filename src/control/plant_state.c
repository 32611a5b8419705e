/*-------------------------------------------------------------------------
 *
 * plant_state.c
 *		Plants a leak in the profile of an honest entity.
 *
 *	missing_weeks	2 or more of the periods inside the span lose their row;
 *					each number of them is equally likely, and each set
 *	zero_weeks		the same with the amounts of any periods
 *	drop			all amounts from some period on are multiplied by a factor
 *	underbilled		all amounts are multiplied by a factor
 * Factors are those that the detector searches for, equally likely on the
 * logarithmic scale.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "control/plant_state.h"

/* fewest periods that can be lost, and fewest that stay */
#define PLANT_MIN_PERIODS	2

/* random numbers out of a digest: splitmix64 of Steele, Lea and Flood (2014) */
typedef struct Draws
{
	uint64		state;
} Draws;

static Draws
draws_begin(const uint8 *digest)
{
	Draws		d = {0};

	for (int i = 0; i < PLANT_DIGEST_SIZE; i++)
		d.state = d.state * UINT64CONST(0x100000001B3) + digest[i];
	return d;
}

static uint64
draw(Draws *d)
{
	uint64		z = (d->state += UINT64CONST(0x9E3779B97F4A7C15));

	z = (z ^ (z >> 30)) * UINT64CONST(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64CONST(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

/* a whole number from low to high; the ranges are so short that the remainder is fair enough */
static int
draw_between(Draws *d, int low, int high)
{
	return low + (int) (draw(d) % (uint64) (high - low + 1));
}

static double
draw_factor(Draws *d)
{
	double		share = (double) (draw(d) >> 11) / (double) (UINT64CONST(1) << 53);
	double		bins = FACTOR_MIN_BINS + share * (FACTOR_MAX_BINS - FACTOR_MIN_BINS);

	return exp2(-bins / BINS_PER_OCTAVE);
}

/*
 * Takes the row, or only the amount, of some of the periods: of count of the
 * n slots given, which are reordered.
 */
static void
take_periods(LeakageProfile *profile, Hypothesis reason, int *slots, int n, int count, Draws *d)
{
	for (int i = 0; i < count; i++)
	{
		int			other = draw_between(d, i, n - 1);
		int			slot = slots[other];

		slots[other] = slots[i];
		profile->periods[slot].actual = 0;
		if (reason == LEAK_MISSING)
			profile->periods[slot].actual_rows = 0;
	}
}

/*
 * The slots of a span whose row or amount can be lost.
 */
static int
slots_to_take(const LeakageProfile *profile, const History *h, Hypothesis reason, int *slots)
{
	int			n = 0;

	for (int i = h->first; i <= h->last; i++)
	{
		const ProfilePeriod *p = &profile->periods[i];

		/* a period that nobody expected anything of says nothing, whatever it lacks */
		if (period_kind(p) != PAID_PERIOD || p->expected <= 0)
			continue;
		if (reason == LEAK_MISSING && (i == h->first || i == h->last))
			continue;
		slots[n++] = i;
	}
	return n;
}

/*
 * Multiplies the amounts from a slot on.
 */
static void
lower_amounts(LeakageProfile *profile, int from, double factor)
{
	for (int i = from; i < (int) profile->nperiods; i++)
	{
		ProfilePeriod *p = &profile->periods[i];

		if (period_kind(p) == PAID_PERIOD)
			p->actual = Max(llrint((double) p->actual * factor), 1);
	}
}

LeakageProfile *
plant_leak(const LeakageProfile *profile, Hypothesis reason, const uint8 *digest)
{
	LeakageProfile *planted = profile_copy(profile);
	Draws		d = draws_begin(digest);
	History    *h = palloc(sizeof(History));
	int		   *slots = palloc(profile->nperiods * sizeof(int));
	int			n;
	int			from = 0;

	history_read(h, profile);
	if (h->first < 0)
		return NULL;
	switch (reason)
	{
		case LEAK_MISSING:
		case LEAK_ZERO:
			n = slots_to_take(profile, h, reason, slots);
			/* the first and the last period of the span stay in any case where rows are missing */
			n -= reason == LEAK_ZERO;
			if (n < PLANT_MIN_PERIODS + 1)
				return NULL;
			take_periods(planted, reason, slots, n + (reason == LEAK_ZERO),
						 draw_between(&d, PLANT_MIN_PERIODS, n), &d);
			break;
		case LEAK_DROP:
			if (h->positive < CHANGE_MIN_POSITIVE)
				return NULL;
			from = h->slot[draw_between(&d, CHANGE_MIN_SIDE, h->positive - CHANGE_MIN_SIDE)];
			lower_amounts(planted, from, draw_factor(&d));
			break;
		case LEAK_UNDERBILLED:
			lower_amounts(planted, from, draw_factor(&d));
			break;
		default:
			return NULL;
	}
	return planted;
}
