/*-------------------------------------------------------------------------
 *
 * group_absence_state.c
 *		Absences of groups by Kulldorff's likelihood ratio in time; see
 *		group_absence_state.h.
 *
 * A group keeps its own total of absences, and the rates of everybody else say
 * how it is spread over the periods.  A window with o absences where x are
 * expected, of C, has the ratio o ln(o/x) + (C-o) ln((C-o)/(C-x)).  Absences come
 * in clusters, so it is divided by their dispersion.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/memutils.h"

#include "groups/group_absence_state.h"

/* a group with fewer absences is not looked at */
#define MIN_ABSENCES		3

/* a rate of absences is at least this */
#define LEAST_RATE			1e-6

/* groups with so many absences per period tell the dispersion between groups, if they have enough periods */
#define GROUP_MIN_ABSENCES	5
#define MIN_CELLS			50

/* median of the square of a standard normal number */
#define MEDIAN_SQUARE		0.455

/* bins of squared deviations */
#define BINS				4000
#define BINS_PER_UNIT		200

/* without the rates of the others, the ratio must still have this share */
#define OWN_STORY			0.25

/* joint counts of two periods, over all spells; full matrices, [t][u] */
typedef struct PairCounts
{
	int64	   *absent;			/* absent in both */
	int64	   *mixed;			/* absent in t, inside in u */
	int64	   *inside;			/* inside in both */
} PairCounts;

static double
rate_of(int64 absent, int64 inside)
{
	return Max((double) absent / Max(inside, 1), LEAST_RATE);
}

/* the absences that the rates of everybody else give a group in a period */
static double
expected_absences(const Absences *absences, const GroupAbsences *of, int period)
{
	return (double) of->inside[period] *
		rate_of(absences->all.absent[period] - of->absent[period], absences->all.inside[period] - of->inside[period]);
}

/* the sums of absences (sums) and of periods inside the spell (counts) */
void
absences_sum(const GroupSpace *space, GroupTable *table, GroupSums *sums)
{
	LogAmount	logs[GROUP_MAX_PERIODS];
	int32		inside[GROUP_MAX_PERIODS];
	int32		absent[GROUP_MAX_PERIODS];
	const Spell *spell;

	group_sums_clear(space, sums);
	table_rewind(table);
	while ((spell = table_next(table, logs)) != NULL)
	{
		table_absences(table, spell, inside, absent);
		for (int i = 0; i < space->ncuboids; i++)
		{
			int			group = space_group(space, i, spell);

			if (group >= 0)
				group_sums_add(space, sums, group, absent, inside);
		}
	}
}

static void
count_pairs(GroupTable *table, PairCounts *pairs)
{
	int			n = table->nperiods;
	LogAmount	logs[GROUP_MAX_PERIODS];
	int32		inside[GROUP_MAX_PERIODS];
	int32		absent[GROUP_MAX_PERIODS];
	const Spell *spell;

	table_rewind(table);
	while ((spell = table_next(table, logs)) != NULL)
	{
		table_absences(table, spell, inside, absent);
		for (int t = 0; t < n; t++)
		{
			if (!inside[t])
				continue;
			for (int u = 0; u < n; u++)
				pairs->inside[t * n + u] += inside[u];
			if (!absent[t])
				continue;
			for (int u = 0; u < n; u++)
			{
				pairs->absent[t * n + u] += absent[u];
				pairs->mixed[t * n + u] += inside[u];
			}
		}
	}
}

/* how much more the absences of a window vary than if they were independent: they come in clusters */
static void
disperse(Absences *absences, const PairCounts *pairs, const Windows *windows)
{
	int			n = absences->nperiods;
	double	   *prefix = (double *) palloc0((n + 1) * (n + 1) * sizeof(double));
	double		diagonal[GROUP_MAX_PERIODS + 1] = {0};
	const double *rate = absences->rate;

	for (int t = 0; t < n; t++)
	{
		double		row = 0;

		for (int u = 0; u < n; u++)
		{
			double		covariance = (double) pairs->absent[t * n + u] - rate[u] * (double) pairs->mixed[t * n + u]
				- rate[t] * (double) pairs->mixed[u * n + t] + rate[t] * rate[u] * (double) pairs->inside[t * n + u];

			row += covariance;
			prefix[(t + 1) * (n + 1) + u + 1] = prefix[t * (n + 1) + u + 1] + row;
			if (t == u)
				diagonal[t + 1] = diagonal[t] + covariance;
		}
	}
	for (int i = 0; i < windows->n; i++)
	{
		int			s = windows->windows[i].start;
		int			e = windows->windows[i].end;
		double		block = prefix[e * (n + 1) + e] - prefix[s * (n + 1) + e]
			- prefix[e * (n + 1) + s] + prefix[s * (n + 1) + s];

		absences->dispersion[i] = Max(1, block / Max(diagonal[e] - diagonal[s], 1e-9));
	}
	pfree(prefix);
}

/* how much more groups differ than chance: the median squared deviation of groups in periods */
static double
disperse_groups(const Absences *absences, const GroupSpace *space, const GroupSums *sums)
{
	int64	   *bins = (int64 *) palloc0(BINS * sizeof(int64));
	int64		total = 0;
	int64		below = 0;
	int			middle = 0;

	for (int g = 0; g < space->ngroups; g++)
	{
		GroupAbsences of;
		double		expected = 0;
		int64		all = 0;

		absences_of(space, sums, g, &of);
		/* not single periods with many absences: those are where something may have happened */
		for (int t = 0; t < absences->nperiods; t++)
		{
			expected += (double) of.inside[t] * absences->rate[t];
			all += of.absent[t];
		}
		if (expected <= 0 || all <= GROUP_MIN_ABSENCES * absences->nperiods)
			continue;
		for (int t = 0; t < absences->nperiods; t++)
		{
			double		here = (double) of.inside[t] * absences->rate[t] * (double) all / expected;
			double		deviation = (double) of.absent[t] - here;

			if (here <= 0)
				continue;
			bins[(int) Min(deviation * deviation / here * BINS_PER_UNIT, BINS - 1)]++;
			total++;
		}
	}
	while (middle < BINS - 1 && 2 * (below + bins[middle]) < total)
		below += bins[middle++];
	pfree(bins);
	return total <= MIN_CELLS ? 1 : Max(1, (middle + 0.5) / BINS_PER_UNIT / MEDIAN_SQUARE);
}

/*
 * Rates and dispersion, from the sums of all groups.
 */
Absences *
absences_measure(const GroupSpace *space, GroupTable *table, const Windows *windows, const GroupSums *sums)
{
	Absences   *absences = (Absences *) palloc0(sizeof(Absences));
	int			n = table->nperiods;
	PairCounts	pairs;
	double		groups;

	absences->nperiods = n;
	absences->dispersion = (double *) palloc(Max(windows->n, 1) * sizeof(double));
	pairs.absent = (int64 *) palloc0(n * n * sizeof(int64));
	pairs.mixed = (int64 *) palloc0(n * n * sizeof(int64));
	pairs.inside = (int64 *) palloc0(n * n * sizeof(int64));
	count_pairs(table, &pairs);
	for (int t = 0; t < n; t++)
	{
		absences->all.absent[t] = pairs.absent[t * n + t];
		absences->all.inside[t] = pairs.inside[t * n + t];
		absences->rate[t] = rate_of(pairs.absent[t * n + t], pairs.inside[t * n + t]);
	}
	disperse(absences, &pairs, windows);
	groups = disperse_groups(absences, space, sums);
	for (int i = 0; i < windows->n; i++)
		absences->dispersion[i] *= groups;
	pfree(pairs.absent);
	pfree(pairs.mixed);
	pfree(pairs.inside);
	return absences;
}

void
absences_free(Absences *absences)
{
	pfree(absences->dispersion);
	pfree(absences);
}

void
absences_of(const GroupSpace *space, const GroupSums *sums, int group, GroupAbsences *of)
{
	for (int t = 0; t < space->nperiods; t++)
	{
		of->absent[t] = sums->sums[(Size) group * space->nperiods + t];
		of->inside[t] = sums->counts[(Size) group * space->nperiods + t];
	}
}

/* o of "all" absences where x are expected: the logarithm of the likelihood ratio */
static double
log_ratio(double o, double x, double all)
{
	double		ratio = o > 0 ? o * log(o / x) : 0;

	return all > o && all > x ? ratio + (all - o) * log((all - o) / (all - x)) : ratio;
}

/*
 * The window that speaks most for more absences of a group.
 */
void
absences_best(const Absences *absences, const GroupAbsences *of, const Windows *windows, WindowBest *best)
{
	int			n = absences->nperiods;
	int64		absent[GROUP_MAX_PERIODS + 1] = {0};
	double		expected[GROUP_MAX_PERIODS + 1] = {0};
	double		inside = 0;
	double		others = 0;
	double		uncertainty;
	double		all;

	memset(best, 0, sizeof(WindowBest));
	for (int t = 0; t < n; t++)
	{
		absent[t + 1] = absent[t] + of->absent[t];
		expected[t + 1] = expected[t] + expected_absences(absences, of, t);
		inside += (double) of->inside[t];
		others += (double) (absences->all.inside[t] - of->inside[t]);
	}
	all = (double) absent[n];
	/* the others' rates are known from so many periods only */
	uncertainty = 1 + inside / Max(others, 1);
	if (absent[n] < MIN_ABSENCES || expected[n] <= 0)
		return;
	for (int i = 0; i < windows->n; i++)
	{
		int			s = windows->windows[i].start;
		int			e = windows->windows[i].end;
		double		o = (double) (absent[e] - absent[s]);
		double		x = all / expected[n] * (expected[e] - expected[s]);
		double		excess = o - x;
		double		dispersion = absences->dispersion[i] * uncertainty;
		double		z;

		/* the ratio is at most the sum of the squared deviations, which needs no logarithm */
		if (excess <= 0 || x <= 0 || all - x <= 1e-9 ||
			2 * excess * excess * (1 / x + 1 / (all - x)) < best->z * best->z * dispersion)
			continue;
		z = sqrt(2 * Max(log_ratio(o, x, all), 0) / dispersion);
		z = ldexp(rint(ldexp(z, 20)), -20);
		if (z > best->z)
		{
			best->z = z;
			best->window = i;
		}
	}
}

/*
 * Whether a group has more absences in a window than outside by its own rates
 * too, and not only because everybody else has fewer.
 */
bool
absences_rose(const Absences *absences, const GroupAbsences *of, Window window)
{
	double		absent = 0;
	double		inside = 0;
	double		weighted = 0;
	double		all = 0;
	double		all_inside = 0;
	double		all_weighted = 0;
	double		own;
	double		against_all;

	for (int t = 0; t < absences->nperiods; t++)
	{
		bool		in = t >= window.start && t < window.end;
		double		expected = expected_absences(absences, of, t);

		all += (double) of->absent[t];
		all_inside += (double) of->inside[t];
		all_weighted += expected;
		absent += in ? (double) of->absent[t] : 0;
		inside += in ? (double) of->inside[t] : 0;
		weighted += in ? expected : 0;
	}
	if (all_inside <= 0 || all_weighted <= 0)
		return false;
	own = all * inside / all_inside;
	against_all = all * weighted / all_weighted;
	return absent > own && log_ratio(absent, own, all) >= OWN_STORY * log_ratio(absent, against_all, all);
}

/* the absences of a group, summed on their own */
void
absences_of_group(GroupTable *table, const GroupValues *group, GroupAbsences *of)
{
	LogAmount	logs[GROUP_MAX_PERIODS];
	int32		inside[GROUP_MAX_PERIODS];
	int32		absent[GROUP_MAX_PERIODS];
	const Spell *spell;

	memset(of, 0, sizeof(GroupAbsences));
	table_rewind(table);
	while ((spell = table_next(table, logs)) != NULL)
	{
		if (!group_has(group, spell))
			continue;
		table_absences(table, spell, inside, absent);
		for (int t = 0; t < table->nperiods; t++)
		{
			of->absent[t] += absent[t];
			of->inside[t] += inside[t];
		}
	}
}

/*
 * How many more rows a group lost in a window than outside.
 */
AbsenceEffect
absences_effect(const Absences *absences, const GroupAbsences *of, const Windows *windows, int window)
{
	Window		in = windows->windows[window];
	double		absent[2] = {0};	/* outside, and in the window */
	double		inside[2] = {0};
	double		base;
	double		rate;
	AbsenceEffect effect;

	for (int t = 0; t < absences->nperiods; t++)
	{
		bool		here = t >= in.start && t < in.end;

		absent[here] += (double) of->absent[t];
		inside[here] += (double) of->inside[t];
	}
	base = absent[0] / Max(inside[0], 1);
	rate = absent[1] / Max(inside[1], 1);
	effect.rate = Max((rate - base) / Max(1 - base, 1e-9), 0);
	effect.error = sqrt(rate * (1 - rate) * absences->dispersion[window] / Max(inside[1], 1));
	effect.excess = Max((rate - base) / Max(rate, 1e-9), 0);
	return effect;
}
