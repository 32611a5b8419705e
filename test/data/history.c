/*-------------------------------------------------------------------------
 *
 * history.c
 *		The honest payments of a number, week by week.
 *
 * A number joins in some week and usually stays to the end.  Its first and
 * last week always have a row; a week in between may be a natural hole.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "generate.h"

/* average revenue by week in the published file; longer ranges repeat it */
static const double week_average[14] = {
	10.95, 12.06, 12.27, 10.94, 11.04, 10.95, 10.99,
	11.28, 11.29, 11.88, 11.88, 12.05, 12.37, 12.34
};

/* share that has joined by each week, with --real-profile */
static const double joined_by[14] = {
	.812, .892, .908, .910, .911, .912, .913,
	.916, .921, .973, .988, .999, 1.0, 1.0
};

#define FROM_FIRST_WEEK	0.724	/* share present from the first week */
#define LAST_WEEK_MISSED 0.024	/* share that leaves one week before the end */
#define AWAY_SHARE		0.056	/* absent for a few weeks, with --real-profile */

/*
 * The week in which a number joins.
 */
static int
first_week(const Options *opt, Rng *rng)
{
	int			n = opt->nweeks;
	int			late = n - 3;	/* the latest start */
	double		u = rng_unit(rng);
	double		sum = 0.0;

	if (late < 1)
		return 0;
	if (opt->real_profile)
	{
		int			w = 0;

		while (w < late && u >= joined_by[w * 14 / n])
			w++;
		return w;
	}
	if (u < FROM_FIRST_WEEK)
		return 0;

	/* later starts are rarer, on a straight line */
	u = (u - FROM_FIRST_WEEK) / (1.0 - FROM_FIRST_WEEK) * (late * (late + 2.0) / 2.0);
	for (int w = 1; w < late; w++)
	{
		sum += late - w + 1.5;
		if (u < sum)
			return w;
	}
	return late;
}

/*
 * The first and last week of a number.
 */
void
history_span(const Options *opt, uint64_t number, int *first, int *last)
{
	Rng			rng = rng_stream(opt->seed, FOR_SPAN, number);
	bool		leaves;
	double		where;

	*first = first_week(opt, &rng);
	*last = opt->nweeks - 1;
	if (rng_chance(&rng, LAST_WEEK_MISSED) && *last - *first >= 3)
		(*last)--;
	leaves = rng_chance(&rng, opt->leave_early);
	where = rng_unit(&rng);
	if (leaves && *last - *first >= 3)
		*last = *first + 2 + (int) (where * (*last - *first - 2));
}

/*
 * Whether the next week is out, after `count` of `n` weeks were: Polya's urn.
 * Each number has its own share of such weeks, with mean `rate` and correlation
 * `phi` within a number.
 */
static bool
next_out(Rng *rng, double rate, double phi, int count, int n)
{
	return rng_chance(rng, (rate * (1.0 - phi) + count * phi) /
					  ((1.0 - phi) + n * phi));
}

/*
 * Remove the weeks of an absence that starts in the fourth or fifth week, as in
 * the published file.
 */
static void
go_away(const Options *opt, History *history)
{
	Rng			rng = rng_stream(opt->seed, FOR_AWAY, history->number);
	bool		away = rng_chance(&rng, AWAY_SHARE);
	int			from = rng_chance(&rng, 0.93) ? 3 : 4;
	double		u = rng_unit(&rng);
	int			to = u < 0.25 ? 4 : u < 0.89 ? 6 : 7;

	if (!away || history->first >= from)
		return;
	for (int w = from; w <= to && w < history->last; w++)
		history->used[w] = false;
}

/*
 * The honest history of a number, without leakage.
 */
void
history_honest(const Population *pop, const Options *opt, uint64_t number,
			   History *history)
{
	double		noise[MAX_WEEKS];
	double		level = user_level(pop, opt, number);
	double		change = 1.0;
	int			change_at = MAX_WEEKS;
	int			out = 0;
	int			n = 0;
	int			used = 0;
	Rng			rng;

	history->number = number;
	history->in_crm = number < pop->crm;
	history->leak = LEAK_NONE;
	history_span(opt, number, &history->first, &history->last);
	noise_weeks(opt, number, noise);
	memset(history->used, 0, sizeof(history->used));
	memset(history->present, 0, sizeof(history->present));

	rng = rng_stream(opt->seed, FOR_HOLES, number);
	for (int w = history->first; w <= history->last; w++)
	{
		bool		hole = false;

		if (w > history->first && w < history->last)
		{
			hole = next_out(&rng, opt->hole_rate, opt->hole_phi, out, n);
			out += hole;
			n++;
		}
		history->used[w] = !hole;
	}
	if (opt->real_profile)
		go_away(opt, history);

	/* an honest change needs two weeks before and after */
	rng = rng_stream(opt->seed, FOR_HONEST_CHANGE, number);
	if (rng_chance(&rng, opt->honest_change) && history->last - history->first >= 3)
	{
		change = 0.6 + rng_unit(&rng);
		change_at = rng_between(&rng, history->first + 2, history->last - 1);
	}

	rng = rng_stream(opt->seed, FOR_ZEROS, number);
	out = 0;
	for (int w = history->first; w <= history->last; w++)
	{
		double		dollars = level * week_average[w % 14] * noise[w];

		if (!history->used[w])
			continue;
		if (w >= change_at)
			dollars *= change;
		if (dollars > MAX_DOLLARS)
			dollars = MAX_DOLLARS;
		history->honest[w] = (int64_t) (dollars * (double) MONEY_ONE + 0.5);
		if (history->honest[w] < MONEY_MICRO)
			history->honest[w] = MONEY_MICRO;
		if (next_out(&rng, opt->zero_rate, opt->zero_phi, out, used))
		{
			history->honest[w] = 0;
			out++;
		}
		used++;
		history->present[w] = true;
		history->billed[w] = history->honest[w];
	}
}
