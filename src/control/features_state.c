/*-------------------------------------------------------------------------
 *
 * features_state.c
 *		What a leak does not touch: figures of an entity that seems to leak.
 *
 * Doubles are evaluated in the order of the periods, and rounded to whole
 * numbers at the end.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "control/features_state.h"

#define PER_BIN			16		/* units of a bin */

#define FOR_MISSING		(1 << LEAK_MISSING)
#define FOR_ZERO		(1 << LEAK_ZERO)
#define FOR_DROP		(1 << LEAK_DROP)
#define FOR_UNDERBILLED	(1 << LEAK_UNDERBILLED)
#define FOR_UNPAID		(FOR_MISSING | FOR_ZERO)
#define FOR_ALL			(FOR_UNPAID | FOR_DROP | FOR_UNDERBILLED)

const char *const feature_name[FEATURES] = {
	[FEATURE_SIZE] = "size",
	[FEATURE_FIRST_WEEK] = "first_week",
	[FEATURE_LAST_WEEK] = "last_week",
	[FEATURE_LEVEL] = "level",
	[FEATURE_TREND] = "trend",
	[FEATURE_NOISE] = "noise",
	[FEATURE_WAVES] = "waves",
	[FEATURE_HIGHEST_WEEK] = "highest_week",
	[FEATURE_DISTINCT_AMOUNTS] = "distinct_amounts",
	[FEATURE_UNPAID_WEEKS] = "unpaid_weeks",
	[FEATURE_RUNS] = "runs",
	[FEATURE_PLACE] = "place",
	[FEATURE_FIRST_UNPAID] = "first_unpaid_week",
	[FEATURE_LAST_UNPAID] = "last_unpaid_week",
	[FEATURE_AMOUNT_AFTER] = "amount_after",
	[FEATURE_AMOUNT_BEFORE] = "amount_before",
	[FEATURE_CHANGE_WEEK] = "change_week",
	[FEATURE_WEEKS_BEFORE] = "weeks_before_change",
	[FEATURE_NOISE_RATIO] = "noise_ratio",
	[FEATURE_FIRST_AMOUNTS] = "first_amounts",
	[FEATURE_AMOUNT_BEFORE_DROP] = "amount_before_change",
	[FEATURE_AMOUNT_AFTER_DROP] = "amount_after_change",
	[FEATURE_LAST_AMOUNTS] = "last_amounts"
};

static const int feature_reasons[FEATURES] = {
	[FEATURE_SIZE] = FOR_ALL,
	[FEATURE_FIRST_WEEK] = FOR_ALL,
	[FEATURE_LAST_WEEK] = FOR_ALL,
	/* being billed too little is a matter of the level */
	[FEATURE_LEVEL] = FOR_UNPAID | FOR_DROP,
	[FEATURE_TREND] = FOR_ALL,
	[FEATURE_NOISE] = FOR_ALL,
	[FEATURE_WAVES] = FOR_ALL,
	[FEATURE_HIGHEST_WEEK] = FOR_ALL,
	[FEATURE_DISTINCT_AMOUNTS] = FOR_ALL,
	[FEATURE_UNPAID_WEEKS] = FOR_ALL,
	[FEATURE_RUNS] = FOR_UNPAID,
	[FEATURE_PLACE] = FOR_UNPAID,
	[FEATURE_FIRST_UNPAID] = FOR_UNPAID,
	[FEATURE_LAST_UNPAID] = FOR_UNPAID,
	[FEATURE_AMOUNT_AFTER] = FOR_UNPAID,
	[FEATURE_AMOUNT_BEFORE] = FOR_UNPAID,
	[FEATURE_CHANGE_WEEK] = FOR_DROP,
	[FEATURE_WEEKS_BEFORE] = FOR_DROP,
	[FEATURE_NOISE_RATIO] = FOR_DROP,
	[FEATURE_FIRST_AMOUNTS] = FOR_DROP,
	[FEATURE_AMOUNT_BEFORE_DROP] = FOR_DROP,
	[FEATURE_AMOUNT_AFTER_DROP] = FOR_DROP,
	[FEATURE_LAST_AMOUNTS] = FOR_DROP
};

int
features_of_reason(Hypothesis reason, Feature *features)
{
	int			n = 0;

	for (int i = 0; i < FEATURES; i++)
	{
		if (feature_reasons[i] & (1 << reason))
			features[n++] = i;
	}
	return n;
}

static int32
units(double bins)
{
	return (int32) llrint(Max(Min(bins, 100000.0), -100000.0) * PER_BIN);
}

/*
 * The paid periods on one side of a change, or all of them: less their mean.
 */
typedef struct Part
{
	int			from;			/* in the positive periods of the history */
	int			end;
	double		mean;
	double		squares;
} Part;

static Part
read_part(const History *h, int from, int end, double *rest)
{
	Part		part = {from, end, 0, 0};

	for (int i = from; i < end; i++)
		part.mean += h->bin[i];
	part.mean /= Max(end - from, 1);
	for (int i = from; i < end; i++)
	{
		rest[i] = h->bin[i] - part.mean;
		part.squares += rest[i] * rest[i];
	}
	return part;
}

/*
 * Trend, noise, waves, and the highest period, within the parts.
 */
static void
read_shape(const History *h, const Part *parts, int nparts, const double *rest, int32 *value)
{
	double		squares = 0;
	double		products = 0;
	double		slope = 0;
	double		spread = 0;
	double		highest = 0;
	int			freedom = 0;

	for (int p = 0; p < nparts; p++)
	{
		const Part *part = &parts[p];
		int			n = part->end - part->from;
		double		middle = 0;

		for (int i = part->from; i < part->end; i++)
			middle += h->period[i];
		middle /= Max(n, 1);
		for (int i = part->from; i < part->end; i++)
		{
			double		x = h->period[i] - middle;

			slope += x * rest[i];
			spread += x * x;
			highest = Max(highest, rest[i]);
			if (i > part->from)
				products += rest[i] * rest[i - 1];
		}
		squares += part->squares;
		freedom += Max(n - 1, 0);
	}
	value[FEATURE_TREND] = spread > 0 ? units(slope / sqrt(spread)) : 0;
	value[FEATURE_NOISE] = units(sqrt(squares / Max(freedom, 1)));
	value[FEATURE_WAVES] = squares > 0 ? (int32) llrint(100 * products / squares) : 0;
	value[FEATURE_HIGHEST_WEEK] = units(highest);
}

static double
mean_of(const double *rest, int from, int end)
{
	double		sum = 0;

	for (int i = from; i < end; i++)
		sum += rest[i];
	return sum / Max(end - from, 1);
}

/*
 * A drop: its place and size, and the amounts near the ends of both parts.
 */
static void
read_drop(const History *h, const Part *parts, const double *rest, int32 *value)
{
	const Part *before = &parts[0];
	const Part *after = &parts[1];
	int			change = before->end;
	int			end = after->end;

	value[FEATURE_SIZE] = units(after->mean - before->mean);
	value[FEATURE_LEVEL] = units(before->mean);
	value[FEATURE_CHANGE_WEEK] = h->period[change];
	value[FEATURE_WEEKS_BEFORE] = h->period[change] - h->period[0];
	value[FEATURE_NOISE_RATIO] = units(log((after->squares / Max(end - change, 1) + 1) /
										   (before->squares / Max(change, 1) + 1)));
	/* with fewer periods in a part, its ends are all there is of it */
	value[FEATURE_FIRST_AMOUNTS] = change > 3 ? units(mean_of(rest, 0, 2)) : 0;
	value[FEATURE_AMOUNT_BEFORE_DROP] = change > 3 ? units(rest[change - 1]) : 0;
	value[FEATURE_AMOUNT_AFTER_DROP] = end - change > 3 ? units(rest[change]) : 0;
	value[FEATURE_LAST_AMOUNTS] = end - change > 3 ? units(mean_of(rest, end - 2, end)) : 0;
}

/*
 * How probable so many runs or fewer are, given n periods of which some are
 * unpaid in any order: the middle of what is less and what is not more, in
 * percent.
 */
static int32
run_rank(int n, int unpaid, int runs)
{
	double		rank = 0;

	if (unpaid <= 0 || unpaid >= n)
		return 50;
	for (int r = 1; r <= runs; r++)
	{
		double		p = exp(log_choose(n - unpaid + 1, r) + log_choose(unpaid - 1, r - 1) -
							log_choose(n, unpaid));

		rank += r == runs ? p / 2 : p;
	}
	return (int32) llrint(100 * rank);
}

/*
 * Mean of the paid periods next to an unpaid one, times the root of their
 * number: step 1 for those after it, -1 for those before it.
 */
static int32
amount_next_to(const History *h, const bool *unpaid, const double *rest, int step)
{
	double		sum = 0;
	int			n = 0;

	for (int i = 0; i < h->positive; i++)
	{
		int			other = h->slot[i] - step;

		if (other < h->first || other > h->last || !unpaid[other])
			continue;
		sum += rest[i];
		n++;
	}
	return n > 0 ? units(sum / sqrt(n)) : 0;
}

/*
 * Unpaid periods: how many, and how they lie.
 */
static void
read_unpaid(const LeakageProfile *profile, const History *h, Hypothesis reason, const double *rest,
			int32 *value)
{
	bool	   *unpaid = palloc0(profile->nperiods * sizeof(bool));
	PeriodKind	kind = reason == LEAK_MISSING ? MISSING_PERIOD : ZERO_PERIOD;
	int			n = 0;			/* periods that could be unpaid */
	int			count = 0;
	int			runs = 0;
	bool		in_run = false;
	double		places = 0;
	int			first = -1;
	int			last = -1;

	for (int i = h->first; i <= h->last; i++)
	{
		PeriodKind	k = period_kind(&profile->periods[i]);

		/* a missing period cannot be the first or last one, a zero one cannot be missing */
		if (k == IDLE_PERIOD || (reason == LEAK_MISSING ? i == h->first || i == h->last : k == MISSING_PERIOD))
			continue;
		if (k == kind)
		{
			unpaid[i] = true;
			runs += !in_run;
			in_run = true;
			places += n;
			count++;
			first = first < 0 ? i : first;
			last = i;
		}
		else
			in_run = false;
		n++;
	}
	value[FEATURE_SIZE] = count;
	value[FEATURE_RUNS] = run_rank(n, count, runs);
	if (count > 0)
	{
		double		spread = sqrt((n + 1.0) * (n - count) / (12.0 * count));

		value[FEATURE_PLACE] = spread > 0 ? units((places / count - (n - 1) / 2.0) / spread) : 0;
		value[FEATURE_FIRST_UNPAID] = profile->periods[first].period;
		value[FEATURE_LAST_UNPAID] = profile->periods[last].period;
	}
	value[FEATURE_AMOUNT_AFTER] = amount_next_to(h, unpaid, rest, 1);
	value[FEATURE_AMOUNT_BEFORE] = amount_next_to(h, unpaid, rest, -1);
	pfree(unpaid);
}

static int
compare_amounts(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return (x > y) - (x < y);
}

/*
 * How many different amounts there are, in percent of the paid periods.
 */
static int32
distinct_amounts(const LeakageProfile *profile, const History *h)
{
	int64	   *amounts = palloc(Max(h->positive, 1) * sizeof(int64));
	int			distinct = h->positive > 0;

	for (int i = 0; i < h->positive; i++)
		amounts[i] = profile->periods[h->slot[i]].actual;
	qsort(amounts, h->positive, sizeof(int64), compare_amounts);
	for (int i = 1; i < h->positive; i++)
		distinct += amounts[i] != amounts[i - 1];
	pfree(amounts);
	return 100 * distinct / Max(h->positive, 1);
}

void
read_features(const Assessor *assessor, EntityFeatures *features)
{
	const History *h = &assessor->history;
	const LeakageProfile *profile = assessor->profile;
	Hypothesis	reason = assessor->verdict.reason;
	double	   *rest = palloc(Max(h->positive, 1) * sizeof(double));
	int32		value[FEATURES] = {0};
	Feature		used[FEATURES];
	Part		parts[2];
	int			nparts = 1;

	if (reason == LEAK_DROP)
	{
		parts[0] = read_part(h, 0, assessor->verdict.change, rest);
		parts[1] = read_part(h, assessor->verdict.change, h->positive, rest);
		nparts = 2;
		read_drop(h, parts, rest, value);
	}
	else
	{
		parts[0] = read_part(h, 0, h->positive, rest);
		value[FEATURE_LEVEL] = units(parts[0].mean);
		if (reason == LEAK_UNDERBILLED)
			value[FEATURE_SIZE] = value[FEATURE_LEVEL];
		else
			read_unpaid(profile, h, reason, rest, value);
	}
	read_shape(h, parts, nparts, rest, value);
	value[FEATURE_FIRST_WEEK] = profile->periods[h->first].period;
	value[FEATURE_LAST_WEEK] = profile->periods[h->last].period;
	value[FEATURE_DISTINCT_AMOUNTS] = distinct_amounts(profile, h);
	value[FEATURE_UNPAID_WEEKS] = (reason == LEAK_MISSING ? 0 : h->missing) + (reason == LEAK_ZERO ? 0 : h->zero);

	features->count = features_of_reason(reason, used);
	for (int i = 0; i < features->count; i++)
		features->value[i] = value[used[i]];
	pfree(rest);
}
