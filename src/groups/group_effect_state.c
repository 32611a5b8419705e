/*-------------------------------------------------------------------------
 *
 * group_effect_state.c
 *		The effect of a change on the members of a group; see
 *		group_effect_state.h and docs/groups.md, section 5.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "base/base.h"
#include "groups/group_effect_state.h"

/* the plain change: rounds, and the periods outside the window that a level needs */
#define PLAIN_ROUNDS		6
#define PLAIN_MIN_OUTSIDE	2

/* a member's change is known from at least so many periods outside and inside */
#define CHANGE_MIN_OUTSIDE	3
#define CHANGE_MIN_INSIDE	2

/* noise of a member: the table's counts like so many periods */
#define NOISE_PERIODS		6

/* neighboring periods of a member are at least a little alike */
#define LEAST_LIKENESS		1.35

/* counts of changes: bins of 1/128 from -4 to 4, by standard errors in quarter octaves from 2^-8 on */
#define CHANGE_BINS			1024
#define CHANGE_BIN			(1.0 / 128)
#define ERROR_BINS			48
#define ERRORS_PER_OCTAVE	4
#define LEAST_ERROR_LOG		(-8)

#define EM_ROUNDS			60
#define LEAST_SHARE			0.02
#define MOST_SHARE			0.999

struct MemberChanges
{
	const LevelFit *fit;
	GroupChange change;
	int			nperiods;
	double		variance;		/* of a residual, of the table */
	double		likeness;		/* of neighboring periods: variance of a change, over that of independent ones */
	int64		members;
	int64		counts[ERROR_BINS][CHANGE_BINS];
};

/* the sums of a member's logarithms less period effects, inside and outside the window */
typedef struct MemberSums
{
	int64		inside;
	int64		outside;
	int			ninside;
	int			noutside;
} MemberSums;

static MemberSums
sum_member(const LogAmount *logs, int nperiods, const LogAmount *period, const GroupChange *change)
{
	MemberSums	sums = {0};

	for (int t = 0; t < nperiods; t++)
	{
		if (logs[t] == NO_AMOUNT)
			continue;
		if (t >= change->start && t < change->end)
		{
			sums.inside += (int64) logs[t] - period[t];
			sums.ninside++;
		}
		else
		{
			sums.outside += (int64) logs[t] - period[t];
			sums.noutside++;
		}
	}
	return sums;
}

/*
 * The change by plain differences: each member's amounts inside the window
 * against its own outside, less the period effects of all others.  "fit" has
 * those.  Residuals are limited around the change itself, so a deep fall is not
 * cut.  Returns a logarithm, below zero for a fall.
 */
double
plain_change(GroupTable *table, const LevelFit *fit, const GroupChange *change)
{
	int64		middle = 0;

	for (int round = 0; round < PLAIN_ROUNDS; round++)
	{
		int128		sum = 0;
		int128		weights = 0;
		LogAmount	logs[GROUP_MAX_PERIODS];
		const Spell *spell;

		table_rewind(table);
		while ((spell = table_next(table, logs)) != NULL)
		{
			MemberSums	sums;
			int64		level;
			int64		weight;
			int64		change_sum = 0;

			if (!group_has(&change->group, spell))
				continue;
			sums = sum_member(logs, table->nperiods, fit->period, change);
			if (sums.noutside < PLAIN_MIN_OUTSIDE || sums.ninside == 0)
				continue;
			level = rounded_quotient(sums.outside, sums.noutside);
			for (int t = change->start; t < change->end; t++)
			{
				if (logs[t] != NO_AMOUNT)
					change_sum += limited((int64) logs[t] - fit->period[t] - level - middle, fit->limit);
			}
			/* n m / (n + m) periods, in thousandths: how precise a difference of two means is */
			weight = 1000 * sums.ninside * sums.noutside / (sums.ninside + sums.noutside);
			sum += (int128) weight * rounded_quotient(change_sum, sums.ninside);
			weights += weight;
		}
		if (weights > 0)
			middle += (int64) divide_rounded(sum, weights);
	}
	return ldexp((double) middle, -LOG_BITS);
}

/*
 * The variance of the mean inside a window less the mean outside, over what it
 * would be if periods were independent.
 */
static double
likeness_of_periods(const GroupNoise *noise, const GroupChange *change)
{
	int			n = noise->nperiods;
	int			inside = change->end - change->start;
	double		variance = 0;

	for (int t = 0; t < n; t++)
	{
		double		here = t >= change->start && t < change->end ? 1.0 / inside : -1.0 / (n - inside);

		for (int u = 0; u < n; u++)
			variance += here * (u >= change->start && u < change->end ? 1.0 / inside : -1.0 / (n - inside)) *
				noise->correlation[t * n + u];
	}
	return Max(variance / (1.0 / inside + 1.0 / (n - inside)), LEAST_LIKENESS);
}

/*
 * Members' own changes: the change itself must not be taken off the table.
 */
MemberChanges *
member_changes_make(const GroupNoise *noise, const LevelFit *fit, const GroupChange *change)
{
	MemberChanges *changes = (MemberChanges *) palloc0(sizeof(MemberChanges));

	changes->fit = fit;
	changes->change = *change;
	changes->nperiods = noise->nperiods;
	changes->variance = noise->variance;
	changes->likeness = likeness_of_periods(noise, change);
	return changes;
}

/*
 * The bins of a member's own change and of its standard error; false if it has
 * too few periods.
 */
static bool
member_bins(const MemberChanges *changes, const LogAmount *logs, int *error_bin, int *change_bin)
{
	const GroupChange *change = &changes->change;
	MemberSums	sums = sum_member(logs, changes->nperiods, changes->fit->period, change);
	double		level;
	double		squares = 0;
	double		error;
	double		difference;

	if (sums.noutside < CHANGE_MIN_OUTSIDE || sums.ninside < Min(CHANGE_MIN_INSIDE, change->end - change->start))
		return false;
	level = (double) sums.outside / sums.noutside;
	for (int t = 0; t < changes->nperiods; t++)
	{
		if (logs[t] != NO_AMOUNT && (t < change->start || t >= change->end))
		{
			double		x = ldexp((double) (logs[t] - changes->fit->period[t]) - level, -LOG_BITS);

			squares += x * x;
		}
	}
	error = (squares + NOISE_PERIODS * changes->variance) / (sums.noutside - 1 + NOISE_PERIODS);
	error = sqrt(error * changes->likeness * (1.0 / sums.ninside + 1.0 / sums.noutside));
	difference = ldexp((double) sums.inside / sums.ninside - level, -LOG_BITS);
	*error_bin = (int) Max(Min(rint((log2(error) - LEAST_ERROR_LOG) * ERRORS_PER_OCTAVE), ERROR_BINS - 1), 0);
	*change_bin = (int) Max(Min(floor(difference / CHANGE_BIN) + CHANGE_BINS / 2, CHANGE_BINS - 1), 0);
	return true;
}

static double
bin_change(int bin)
{
	return (bin - CHANGE_BINS / 2 + 0.5) * CHANGE_BIN;
}

static double
bin_error(int bin)
{
	return exp2((double) bin / ERRORS_PER_OCTAVE + LEAST_ERROR_LOG);
}

void
member_changes_count(MemberChanges *changes, GroupTable *table)
{
	LogAmount	logs[GROUP_MAX_PERIODS];
	const Spell *spell;
	int			error;
	int			change;

	table_rewind(table);
	while ((spell = table_next(table, logs)) != NULL)
	{
		if (group_has(&changes->change.group, spell) && member_bins(changes, logs, &error, &change))
		{
			changes->counts[error][change]++;
			changes->members++;
		}
	}
}

/* how much likelier an observed change is if the member is affected: density of "change" over that of 0 */
static double
odds_of(const Affected *affected, int error_bin, int change_bin)
{
	double		error = bin_error(error_bin);
	double		x = bin_change(change_bin);
	double		exponent = (x * affected->change - affected->change * affected->change / 2) / (error * error);

	return exp(Max(Min(exponent, 500), -500));
}

/* one round of expectation and maximization; the gain of likelihood over a change of nobody */
static double
mixture_round(const MemberChanges *changes, Affected *affected, bool all)
{
	double		gain = 0;
	double		share = 0;
	double		weight = 0;
	double		sum = 0;

	for (int e = 0; e < ERROR_BINS; e++)
	{
		double		precision = 1 / (bin_error(e) * bin_error(e));

		for (int c = 0; c < CHANGE_BINS; c++)
		{
			double		n = (double) changes->counts[e][c];
			double		odds;
			double		posterior;

			if (n == 0)
				continue;
			odds = affected->share * odds_of(affected, e, c);
			posterior = all ? 1 : odds / (odds + 1 - affected->share);
			gain += n * log(odds + 1 - affected->share);
			share += n * posterior;
			weight += n * posterior * precision;
			sum += n * posterior * precision * bin_change(c);
		}
	}
	affected->change = sum / Max(weight, 1e-9);
	if (!all)
		affected->share = Max(Min(share / Max(changes->members, 1), MOST_SHARE), LEAST_SHARE);
	return gain;
}

/*
 * Whether a change affects all members or a share of them: a mixture of changed
 * and unchanged ones is believed if it gains more than the logarithm of their
 * number.  "change" is what the group shows as a whole.
 */
Affected
member_changes_share(MemberChanges *changes, double change)
{
	static const double starts[] = {.25, .5, .8};
	Affected	all = {1, change};
	Affected	best = {1, change};
	double		all_gain = 0;
	double		best_gain = 0;

	if (changes->members < 2)
		return all;
	for (int round = 0; round < 2; round++)
		all_gain = mixture_round(changes, &all, true);
	for (int i = 0; i < (int) lengthof(starts); i++)
	{
		Affected	mixture = {starts[i], change / starts[i]};
		double		gain = 0;

		for (int round = 0; round < EM_ROUNDS; round++)
			gain = mixture_round(changes, &mixture, false);
		if (i == 0 || gain > best_gain)
		{
			best_gain = gain;
			best = mixture;
		}
	}
	if (best_gain - all_gain > log((double) changes->members) && best.change * change > 0)
		return best;
	return (Affected) {1, change};
}

static int
compare_hashes(const void *a, const void *b)
{
	uint64		x = *(const uint64 *) a;
	uint64		y = *(const uint64 *) b;

	return (x > y) - (x < y);
}

int64
count_entities(GroupTable *table, const GroupValues *group)
{
	int64		n = 0;
	int64		entities = 0;
	LogAmount	logs[GROUP_MAX_PERIODS];
	const Spell *spell;
	uint64	   *hashes = (uint64 *) palloc_extended(Max(table->nspells, 1) * sizeof(uint64), MCXT_ALLOC_HUGE);

	table_rewind(table);
	while ((spell = table_next(table, logs)) != NULL)
	{
		if (group_has(group, spell))
			hashes[n++] = spell->entity;
	}
	qsort(hashes, n, sizeof(uint64), compare_hashes);
	for (int64 i = 0; i < n; i++)
		entities += i == 0 || hashes[i] != hashes[i - 1];
	pfree(hashes);
	return entities;
}

/* add a member, given what was there before it */
static void
add_member(ChangeMoney *money, const Spell *spell, double probability, const ChangeMoney *before)
{
	if (money->members != NULL)
		money->members[money->nmembers++] = (MemberMoney)
	{
		.entity = spell->entity,
		.probability = probability,
		.revenue = money->revenue - before->revenue,
		.missing = money->missing - before->missing
	};
}

/* the probability that a member is affected; without enough periods, as for the group */
static double
probability_of(const MemberChanges *changes, const LogAmount *logs, const Affected *affected)
{
	double		odds;
	int			error;
	int			change;

	if (affected->share >= 1 || !member_bins(changes, logs, &error, &change))
		return affected->share;
	odds = affected->share * odds_of(affected, error, change);
	return odds / (odds + 1 - affected->share);
}

/*
 * The money of a change of amounts.  Each amount of an affected member inside
 * the window would have been larger by the same ratio.  It is weighted with the
 * probability that the member is affected.
 */
void
change_money(MemberChanges *changes, GroupTable *table, const Affected *affected, ChangeMoney *money)
{
	const GroupChange *change = &changes->change;
	double		all = expm1(-affected->change);
	LogAmount	logs[GROUP_MAX_PERIODS];
	int64		amounts[GROUP_MAX_PERIODS];
	const Spell *spell;

	money->entities = count_entities(table, &change->group);
	table_rewind_amounts(table);
	while ((spell = table_next_amounts(table, logs, amounts)) != NULL)
	{
		ChangeMoney before = *money;
		double		probability;
		int64		ratio;

		if (!group_has(&change->group, spell))
			continue;
		probability = probability_of(changes, logs, affected);
		ratio = (int64) rint(ldexp(all * probability, 32));
		for (int t = change->start; t < change->end; t++)
		{
			money->revenue += amounts[t];
			money->missing += divide_rounded((int128) amounts[t] * ratio, (int128) 1 << 32);
		}
		add_member(money, spell, probability, &before);
	}
}

/*
 * The money of lost rows: what the members' own levels expect of the absent
 * periods inside the window, times the share of the absences that is too much.
 */
void
absence_money(GroupTable *table, const LevelFit *fit, const GroupChange *change, double variance,
			  double excess, ChangeMoney *money)
{
	int64		ratio = (int64) rint(ldexp(excess, 32));
	int64		half_variance = (int64) rint(ldexp(variance / 2, LOG_BITS));
	LogAmount	logs[GROUP_MAX_PERIODS];
	int64		amounts[GROUP_MAX_PERIODS];
	int32		inside[GROUP_MAX_PERIODS];
	int32		absent[GROUP_MAX_PERIODS];
	const Spell *spell;

	money->entities = count_entities(table, &change->group);
	table_rewind_amounts(table);
	while ((spell = table_next_amounts(table, logs, amounts)) != NULL)
	{
		ChangeMoney before = *money;

		if (!group_has(&change->group, spell))
			continue;
		table_absences(table, spell, inside, absent);
		for (int t = change->start; t < change->end; t++)
		{
			money->revenue += amounts[t];
			if (absent[t])
				money->missing += divide_rounded((int128) amount_of_log((int64) fit->own[spell->number] + fit->period[t] + half_variance) * ratio,
												 (int128) 1 << 32);
		}
		add_member(money, spell, 1, &before);
	}
}
