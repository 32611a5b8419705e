/*-------------------------------------------------------------------------
 *
 * group_search_state.c
 *		The search for groups whose level changed; see group_search_state.h and
 *		docs/groups.md, section 4.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "groups/group_search_state.h"

/* the error is divided by depths, by amounts and absences, and by the two sides of each */
#define SIDES				2
#define CHANNELS			2

/* attempts that end without a finding, at most */
#define MOST_REFUSALS		60

/* the plain change must have the sign of the filtered one and this share of it */
#define PLAIN_SHARE			0.25

/* a change of a group that has more than this of all is measured as if it had less */
#define MOST_OF_ALL			0.8

#define MOST_CHANGE			4.6	/* of a logarithm: a factor of 100 */
#define NORMAL_95			1.959963984540054

/* the upper tail of the normal law */
static double
normal_tail(double z)
{
	return erfc(z / sqrt(2.0)) / 2;
}

/* z with that upper tail */
static double
normal_quantile(double tail)
{
	double		low = 0;
	double		high = 38;

	for (int i = 0; i < 60; i++)
	{
		double		z = (low + high) / 2;

		if (normal_tail(z) > tail)
			low = z;
		else
			high = z;
	}
	return high;
}

/* what a finding must exceed: Bonferroni's limit, and the length of its description */
static void
set_limits(GroupSearch *search)
{
	for (int depth = 1; depth <= GROUP_MAX_DEPTH; depth++)
	{
		double		groups = Max(search->space->of_depth[depth], 1);
		double		tests = GROUP_MAX_DEPTH * groups * Max(search->windows->n, 1);

		search->tests[depth] = tests * CHANNELS * SIDES;
		search->penalty[depth] = log(SIDES * tests);
		search->limit[depth] = normal_quantile(search->request->alpha / search->tests[depth]);
	}
}

/* the sums of residuals less main effects; of one group and the groups of one value only, if "only" is not -1 */
static void
sum_groups(GroupSearch *search, int only)
{
	GroupTable *table = search->table;
	const GroupSpace *space = search->space;
	GroupNoise *noise = search->noise;
	int			n = table->nperiods;
	LogAmount	logs[GROUP_MAX_PERIODS];
	int32		x[GROUP_MAX_PERIODS];
	int32		present[GROUP_MAX_PERIODS];
	const Spell *spell;

	group_sums_clear(space, search->sums);
	table_rewind(table);
	while ((spell = table_next(table, logs)) != NULL)
	{
		if (only >= 0 && !group_has(&space->groups[only].values, spell))
			continue;
		level_residuals(search->fit, spell, logs, n, x, present);
		for (int i = 0; i < space->ncuboids && space->cuboids[i].depth == 1; i++)
		{
			int			value = space_group(space, i, spell);
			const int32 *effect = noise->main_effect + (Size) Max(value, 0) * n;

			for (int t = 0; t < n && value >= 0; t++)
				x[t] -= present[t] ? effect[t] : 0;
		}
		if (only >= 0)
			group_sums_add(space, search->sums, only, x, present);
		for (int i = 0; i < space->ncuboids && only < 0; i++)
		{
			int			group = space_group(space, i, spell);

			if (group >= 0)
				group_sums_add(space, search->sums, group, x, present);
		}
	}
}

/* the own course of a group of one value is part of what is tested: give it back */
static void
restore_courses(GroupSearch *search)
{
	const GroupNoise *noise = search->noise;
	int			n = noise->nperiods;

	for (int value = 0; value < noise->nvalues; value++)
	{
		for (int t = 0; t < n; t++)
		{
			Size		at = (Size) value * n + t;

			search->sums->sums[at] += (int64) noise->main_effect[at] * search->sums->counts[at];
		}
	}
}

/*
 * Fit the table as it is now, and scan all groups, or measure one window of one
 * group.
 */
static void
scan_amounts(GroupSearch *search)
{
	GroupScan  *scan;

	level_fit(search->fit, search->table, NULL);
	noise_measure(search->noise, search->space, search->table, search->fit, search->sums);
	noise_learn_values(search->noise, search->space, search->sums);
	sum_groups(search, -1);
	noise_learn_deep(search->noise, search->space, search->sums);
	restore_courses(search);
	scan = group_scan_make(search->noise);
	for (int g = 0; g < search->space->ngroups; g++)
	{
		CHECK_FOR_INTERRUPTS();
		group_scan(scan, search->space, search->noise, search->sums, g);
		group_scan_best(scan, search->windows, &search->best[FINDING_FALL][g], &search->best[FINDING_RISE][g]);
	}
	group_scan_end(scan);
}

static void
measure_window(GroupSearch *search, int group, Window window, WindowBest *result)
{
	GroupScan  *scan;

	level_fit(search->fit, search->table, NULL);
	noise_measure(search->noise, search->space, search->table, search->fit, search->sums);
	noise_learn_values(search->noise, search->space, search->sums);
	sum_groups(search, group);
	restore_courses(search);
	scan = group_scan_make(search->noise);
	group_scan(scan, search->space, search->noise, search->sums, group);
	group_scan_window(scan, window, result);
	group_scan_end(scan);
}

static void
scan_absences(GroupSearch *search)
{
	absences_sum(search->space, search->table, search->sums);
	if (search->absences != NULL)
		absences_free(search->absences);
	search->absences = absences_measure(search->space, search->table, search->windows, search->sums);
	for (int g = 0; g < search->space->ngroups; g++)
	{
		GroupAbsences of;

		CHECK_FOR_INTERRUPTS();
		absences_of(search->space, search->sums, g, &of);
		absences_best(search->absences, &of, search->windows, &search->best[FINDING_LOST][g]);
	}
}

/* the finding that explains most for the length of its description; false if none exceeds its limit */
static bool
choose(const GroupSearch *search, FindingKind *kind, int *group)
{
	double		most = 0;
	bool		found = false;

	for (int k = 0; k < FINDING_KINDS; k++)
	{
		for (int g = 0; g < search->space->ngroups; g++)
		{
			int			depth = search->space->groups[g].values.depth;
			double		z = search->best[k][g].z;
			double		gain = z * z / 2 - search->penalty[depth];

			if (z < search->limit[depth] || search->refused[k][g] || (found && gain <= most))
				continue;
			most = gain;
			*kind = (FindingKind) k;
			*group = g;
			found = true;
		}
	}
	return found;
}

/* the share of a group in all amounts of a window */
static double
share_of_all(GroupSearch *search, const GroupChange *change)
{
	int64		members = 0;
	int64		all = 0;
	LogAmount	logs[GROUP_MAX_PERIODS];
	const Spell *spell;

	table_rewind(search->table);
	while ((spell = table_next(search->table, logs)) != NULL)
	{
		bool		member = group_has(&change->group, spell);

		for (int t = change->start; t < change->end; t++)
		{
			all += logs[t] != NO_AMOUNT;
			members += member && logs[t] != NO_AMOUNT;
		}
	}
	return Min((double) members / Max(all, 1), MOST_OF_ALL);
}

/* the plain change against everybody else, as a logarithm */
static double
plain_story(GroupSearch *search, const GroupChange *change)
{
	LevelFit   *others = level_fit_make(search->table);
	double		plain;

	others->limit = search->fit->limit;
	level_fit(others, search->table, &change->group);
	plain = plain_change(search->table, others, change);
	level_fit_end(others);
	return Max(Min(plain, MOST_CHANGE), -MOST_CHANGE);
}

/* share of the members, interval and money of a change of amounts that is known */
static void
price_change(GroupSearch *search, GroupFinding *finding, GroupChange *change, double log_change, double error)
{
	LogAmount	shift = change->shift;
	MemberChanges *members = member_changes_make(search->noise, search->fit, change);
	Affected	affected;

	change->shift = 0;			/* members are seen as they are */
	member_changes_count(members, search->table);
	affected = member_changes_share(members, log_change);
	if (affected.share >= 1)
		affected.change = log_change;
	change_money(members, search->table, &affected, &finding->money);
	change->shift = shift;
	pfree(members);

	error /= affected.share;
	finding->share = affected.share;
	finding->change = expm1(affected.change);
	finding->least = expm1(affected.change - NORMAL_95 * error);
	finding->most = expm1(affected.change + NORMAL_95 * error);
}

/*
 * Accept a change of amounts unless its plain story is another one.  The plain
 * change is taken off first.  What is left of the filtered one, now that
 * residuals are limited around the new level, is added to it.
 */
static bool
accept_change(GroupSearch *search, int group, GroupFinding *finding)
{
	const WindowBest *best = &search->best[finding->kind][group];
	GroupChange rule = {finding->group, finding->window.start, finding->window.end, 0, false};
	double		of_others = 1 - share_of_all(search, &rule);
	double		plain = plain_story(search, &rule);
	double		filtered = best->change / of_others;
	GroupChange *change;
	WindowBest	left;

	if (expm1(plain) * expm1(filtered) <= 0 || fabs(expm1(plain)) < PLAIN_SHARE * fabs(expm1(filtered)))
		return false;
	rule.shift = (LogAmount) rint(ldexp(plain, LOG_BITS));
	change = table_add_change(search->table, &rule);
	measure_window(search, group, finding->window, &left);
	plain = Max(Min(plain + left.change / of_others, MOST_CHANGE), -MOST_CHANGE);
	change->shift = (LogAmount) rint(ldexp(plain, LOG_BITS));
	price_change(search, finding, change, plain, left.error / of_others);
	return true;
}

/* accept more absences unless the group's own are as before */
static bool
accept_absences(GroupSearch *search, int group, GroupFinding *finding)
{
	GroupChange change = {finding->group, finding->window.start, finding->window.end, 0, true};
	GroupAbsences of;
	AbsenceEffect effect;

	absences_of_group(search->table, &finding->group, &of);
	if (!absences_rose(search->absences, &of, finding->window))
		return false;
	effect = absences_effect(search->absences, &of, search->windows, search->best[FINDING_LOST][group].window);
	absence_money(search->table, search->fit, &change, search->noise->variance, effect.excess, &finding->money);
	(void) table_add_change(search->table, &change);
	finding->share = 1;
	finding->change = -effect.rate;
	finding->least = -Min(effect.rate + NORMAL_95 * effect.error, 1);
	finding->most = -(effect.rate - NORMAL_95 * effect.error);
	return true;
}

static void
find(GroupSearch *search)
{
	FindingKind kind;
	int			group;
	int			refusals = 0;

	while (search->nfindings < search->request->max_findings && refusals < MOST_REFUSALS &&
		   choose(search, &kind, &group))
	{
		GroupFinding *finding = &search->findings[search->nfindings];
		const WindowBest *best = &search->best[kind][group];
		const GroupValues *values = &search->space->groups[group].values;

		memset(finding, 0, sizeof(GroupFinding));
		finding->kind = kind;
		finding->group = *values;
		finding->window = search->windows->windows[best->window];
		finding->z = best->z;
		if (search->request->members)
			finding->money.members = (MemberMoney *)
				palloc_extended(search->space->groups[group].spells * sizeof(MemberMoney), MCXT_ALLOC_HUGE);
		finding->p_value = Min(normal_tail(best->z) * search->tests[values->depth], 1);
		if (!(kind == FINDING_LOST ? accept_absences : accept_change) (search, group, finding))
		{
			search->refused[kind][group] = true;
			if (finding->money.members != NULL)
				pfree(finding->money.members);
			refusals++;
			continue;
		}
		search->nfindings++;
		if (kind == FINDING_LOST)
			scan_absences(search);
		else
			scan_amounts(search);
	}
}

/*
 * Search a finished table.
 */
GroupSearch *
search_groups(GroupTable *table, const SearchRequest *request)
{
	GroupSearch *search = (GroupSearch *) palloc0(sizeof(GroupSearch));
	Size		ngroups;

	search->request = request;
	search->table = table;
	search->space = space_build(table, request->depth, request->min_spells, request->memory);
	search->windows = windows_make(table->nperiods, request->min_periods);
	search->sums = group_sums_make(search->space);
	search->fit = level_fit_make(table);
	search->noise = noise_make(search->space);
	search->findings = (GroupFinding *) palloc0(Max(request->max_findings, 1) * sizeof(GroupFinding));
	ngroups = search->space->ngroups;
	for (int k = 0; k < FINDING_KINDS; k++)
	{
		search->best[k] = (WindowBest *)
			MemoryContextAllocExtended(CurrentMemoryContext, Max(ngroups, 1) * sizeof(WindowBest), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
		search->refused[k] = (bool *) palloc0(Max(ngroups, 1) * sizeof(bool));
	}
	set_limits(search);
	scan_absences(search);
	scan_amounts(search);
	find(search);
	return search;
}
