/*-------------------------------------------------------------------------
 *
 * absence_law.c
 *		The law of periods without revenue in a row: see absence_law.h.
 *
 * Doubles are evaluated in one fixed order, as in likelihood.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "detector/absence_law.h"
#include "detector/fit_weight.h"

/* what the rounds start from: users who are away, and those of them who are away again, and again */
#define START_AWAY			0.005
#define START_AGAIN			0.25

/*
 * Absences are only those beyond what scattered periods give: honest ones, and
 * leaks, which count so many times since the rate of the leaks is lower where
 * some of them pass for absences.  Two standard errors less, and none at all
 * if so few are left.
 */
#define LEAKS_COUNT			3.0
#define STANDARD_ERRORS		2.0
#define ABSENCES_LEAST		4.0

/* users who are away before any is seen: for the rate, for the law of times, and for that of lengths */
#define AWAY_PRIOR			0.05
#define TIMES_PRIOR			0.5
#define LENGTH_PRIOR		0.5

typedef struct AbsenceKindInfo
{
	ModelParameter rate;
	ModelLaw	length;
	ModelLaw	times;
} AbsenceKindInfo;

static const AbsenceKindInfo absence_kinds[COUNT_KINDS] = {
	[COUNT_MISSING] = {MODEL_HOLE_AWAY, LAW_HOLE_LENGTH, LAW_HOLE_TIMES},
	[COUNT_ZERO] = {MODEL_ZERO_AWAY, LAW_ZERO_LENGTH, LAW_ZERO_TIMES}
};

/* the runs of one history */
typedef struct Runs
{
	int			runs;
	const int  *length;
	PeriodCount c;				/* periods in them, of all periods */
} Runs;

/* logarithms of the weights of all ways to divide the runs of a history */
typedef struct Division
{
	double		total;
	double		number[ABSENCES_MOST + 1];	/* by the number of absences */
	double		periods[ABSENCE_PERIODS_MOST + 1];	/* by the number of periods in them */
	int			most;			/* the largest of these */
} Division;

static Runs
runs_of(const History *h, CountKind kind)
{
	Runs		r;

	r.c = history_count(h, kind);
	r.runs = kind == COUNT_MISSING ? h->missing_runs : h->zero_runs;
	r.length = kind == COUNT_MISSING ? h->missing_run : h->zero_run;
	return r;
}

/*
 * Can any of these periods be an absence?
 */
static bool
has_absence(const Runs *r)
{
	if (r->c.count < COUNT_MIN)
		return false;
	for (int i = 0; i < r->runs; i++)
	{
		if (r->length[i] >= ABSENCE_SHORTEST)
			return true;
	}
	return false;
}

AbsenceLaw
absence_law_of_model(const LeakageModel *model, CountKind kind)
{
	const int32 *length = model_law(model, absence_kinds[kind].length);
	const int32 *times = model_law(model, absence_kinds[kind].times);
	AbsenceLaw	law;

	law.rate = model_value(model, absence_kinds[kind].rate);
	for (int i = 0; i < ABSENCE_SLOTS; i++)
		law.length[i] = (length[i] + 0.5) / (double) MODEL_UNIT;
	law.times[0] = 0;
	for (int i = 0; i < ABSENCES_MOST; i++)
		law.times[i + 1] = (times[i] + 0.5) / (double) MODEL_UNIT;
	return law;
}

static inline int
length_slot(int periods)
{
	return Min(periods - ABSENCE_SHORTEST, ABSENCE_SLOTS - 1);
}

/*
 * Share of the absences that take so many periods.  The last slot is for all
 * from LONGEST on, l among them with the share LONGEST / (l (l + 1)).
 */
static double
length_share(const AbsenceLaw *law, int periods)
{
	const int	longest = ABSENCE_SHORTEST + ABSENCE_SLOTS - 1;

	if (periods < ABSENCE_SHORTEST)
		return 0;
	if (periods < longest)
		return law->length[length_slot(periods)];
	return law->length[ABSENCE_SLOTS - 1] * longest / ((double) periods * (periods + 1.0));
}

/*
 * log(exp(a) + exp(b))
 */
static double
log_add(double a, double b)
{
	double		larger = Max(a, b);

	return larger == -INFINITY ? larger : larger + log1p(exp(Min(a, b) - larger));
}

/*
 * [k][main][s]: the divisions into k absences of s periods in all, where the
 * main one, which has two periods or more, is among them (1) or still to come
 * (0).
 */
typedef struct Ways
{
	double		way[ABSENCES_MOST + 1][2][ABSENCE_PERIODS_MOST + 1];
} Ways;

/*
 * Take one more run, which is an absence or, unless it has to be one, is not.
 */
static void
take_run(Ways *ways, int most, const AbsenceLaw *law, int length, bool must)
{
	double		main = length_share(law, length);
	double		further = 0.5 * main + 0.5 * exp2(-length);

	for (int k = ABSENCES_MOST - 1; k >= 0; k--)
	{
		if (must)
			memset(ways->way[k + 1], 0, sizeof(ways->way[k + 1]));
		for (int s = most - length; s >= 0; s--)
		{
			double		without = ways->way[k][0][s];
			double		with = ways->way[k][1][s];

			if (without == 0 && with == 0)
				continue;
			ways->way[k + 1][0][s + length] += without * further;
			ways->way[k + 1][1][s + length] += with * further + without * main;
		}
	}
	if (must)
		memset(ways->way[0], 0, sizeof(ways->way[0]));
}

/*
 * All ways to divide the runs.  must: of this run, only those where it is an
 * absence; -1: no such run.
 */
static void
divide(Division *d, const AbsenceLaw *law, const CountLaw *scattered, const Runs *r, int must)
{
	Ways		ways;
	double		share[ABSENCES_MOST + 1];
	double		total = 0;
	double		none = must >= 0 ? -INFINITY :
		log1p(-law->rate) + count_law_log_pattern(scattered, r->c);

	d->most = Min(r->c.count, ABSENCE_PERIODS_MOST);
	for (int k = 0; k <= ABSENCES_MOST; k++)
	{
		memset(ways.way[k][0], 0, sizeof(double) * (d->most + 1));
		memset(ways.way[k][1], 0, sizeof(double) * (d->most + 1));
		d->number[k] = -INFINITY;
		share[k] = k > 0 ? law->rate * law->times[k] / k : 0;
	}
	ways.way[0][0][0] = 1;
	for (int i = 0; i < r->runs; i++)
	{
		if (i != must)
			take_run(&ways, d->most, law, r->length[i], false);
	}
	if (must >= 0)
		take_run(&ways, d->most, law, r->length[must], true);

	d->number[0] = d->total = d->periods[0] = none;
	for (int s = 1; s <= d->most; s++)
	{
		PeriodCount others = {r->c.count - s, r->c.n - s};
		double		places = 1;
		double		log_others;

		d->periods[s] = -INFINITY;
		total = 0;
		for (int k = 1; k <= ABSENCES_MOST; k++)
			total += ways.way[k][1][s];
		if (total == 0)
			continue;
		log_others = count_law_log_pattern(scattered, others);
		for (int k = 1; k <= ABSENCES_MOST; k++)
		{
			double		weight;

			places *= (double) (others.n + k) / k;
			if (ways.way[k][1][s] == 0)
				continue;
			weight = log(share[k] * ways.way[k][1][s] / places) + log_others;
			d->number[k] = log_add(d->number[k], weight);
			d->periods[s] = log_add(d->periods[s], weight);
			d->total = log_add(d->total, weight);
		}
	}
}

double
absence_law_log_pattern(const AbsenceLaw *law, const CountLaw *scattered, const History *h,
						CountKind kind)
{
	Runs		r = runs_of(h, kind);
	Division	d;

	if (!has_absence(&r))
		return log1p(-law->rate) + count_law_log_pattern(scattered, r.c);
	divide(&d, law, scattered, &r, -1);
	return d.total;
}

/* ---- learning */

void
absence_sums_add(AbsenceSums *sums, CountSums *counts, const AbsenceLaw *law,
				 const CountLaw *scattered, const History *h, CountKind kind, double weight)
{
	Runs		r = runs_of(h, kind);
	Division	d;
	Division	with;

	if (r.c.n > 0)
	{
		sums->honest[count_slot(r.c.n)] += weight_from_double(weight);
		sums->entities[count_slot(r.c.n)]++;
	}
	if (!has_absence(&r))
	{
		count_sums_add(counts, weight_from_double(weight), r.c);
		return;
	}
	divide(&d, law, scattered, &r, -1);
	for (int s = 0; s <= d.most; s++)
	{
		PeriodCount others = {r.c.count - s, r.c.n - s};

		count_sums_add(counts, weight_from_double(weight * exp(d.periods[s] - d.total)), others);
	}
	for (int k = 1; k <= ABSENCES_MOST; k++)
		sums->away[k - 1] += weight_from_double(weight * exp(d.number[k] - d.total));
	for (int i = 0; i < r.runs; i++)
	{
		if (r.length[i] < ABSENCE_SHORTEST)
			continue;
		divide(&with, law, scattered, &r, i);
		sums->length[length_slot(r.length[i])] += weight_from_double(weight * exp(with.total - d.total));
	}
}

void
absence_sums_merge(AbsenceSums *sums, const AbsenceSums *other)
{
	for (int i = 0; i < ABSENCE_SLOTS; i++)
		sums->length[i] += other->length[i];
	for (int i = 0; i < ABSENCES_MOST; i++)
		sums->away[i] += other->away[i];
	for (int i = 0; i < FIT_COUNTS; i++)
	{
		sums->honest[i] += other->honest[i];
		sums->entities[i] += other->entities[i];
	}
}

/*
 * A law where each further slot has so much of the one before, and the last one
 * all that is left.
 */
static void
geometric(double *share, int n, double ratio)
{
	double		left = 1;

	for (int i = 0; i < n; i++)
	{
		share[i] = i < n - 1 ? left * (1 - ratio) : left;
		left -= share[i];
	}
}

void
absence_start(LeakageModel *model)
{
	double		length[ABSENCE_SLOTS];
	double		times[ABSENCES_MOST];

	geometric(length, ABSENCE_SLOTS, 0.5);
	geometric(times, ABSENCES_MOST, START_AGAIN);
	for (int kind = 0; kind < COUNT_KINDS; kind++)
	{
		model_set(model, absence_kinds[kind].rate, START_AWAY);
		model_set_law(model, absence_kinds[kind].length, length);
		model_set_law(model, absence_kinds[kind].times, times);
	}
}

/*
 * The share of the leaks in n periods that are one run of this length,
 * or two runs, one of them of this length.
 */
static double
leaks_in_runs(double n, int length)
{
	double		share = 0;

	for (int other = 0; other <= length + ABSENCE_SLOTS && length + other <= n; other++)
	{
		double		places = n - length - other + 1;
		double		sets = lgamma(n + 1) - lgamma(length + other + 1.0) - lgamma(n - length - other + 1);

		if (other > 0)
			places *= places - 1;
		share += places / n * exp(-sets);
	}
	return share;
}

/*
 * How many absences of this length are expected although nobody is away.
 */
static double
expected_by_chance(const LeakageModel *model, CountKind kind, const AbsenceSums *sums, int length)
{
	CountLaw	law = count_law_of_model(model, kind);
	double		leaks = LEAKS_COUNT * model_value(model, model_rate_parameter[count_kinds[kind].leak]);
	PeriodCount run = {length, length};
	double		scattered = exp(count_law_log_pattern(&law, run));
	double		expected = 0;

	for (int slot = 0; slot < FIT_COUNTS; slot++)
	{
		double		n = count_of_slot(slot);

		if (n < length || sums->entities[slot] == 0)
			continue;
		expected += weight_to_double(sums->honest[slot]) * (n - length + 1) * scattered;
		expected += (double) sums->entities[slot] * leaks * leaks_in_runs(n, length);
	}
	return expected;
}

void
fit_absences(LeakageModel *model, CountKind kind, const AbsenceSums *sums)
{
	double		length[ABSENCE_SLOTS];
	double		times[ABSENCES_MOST];
	double		found = 0;
	double		seen = 0;
	double		users = 0;
	double		away = 0;
	bool		any;

	geometric(length, ABSENCE_SLOTS, 0.5);
	geometric(times, ABSENCES_MOST, START_AGAIN);
	for (int i = 0; i < FIT_COUNTS; i++)
		users += weight_to_double(sums->honest[i]);
	for (int i = 0; i < ABSENCES_MOST; i++)
		away += weight_to_double(sums->away[i]);
	for (int i = 0; i < ABSENCE_SLOTS; i++)
	{
		double		expected = expected_by_chance(model, kind, sums, ABSENCE_SHORTEST + i);
		double		absences = weight_to_double(sums->length[i]);

		length[i] *= LENGTH_PRIOR;
		seen += absences;
		absences = Max(absences - expected - STANDARD_ERRORS * sqrt(expected), 0);
		found += absences;
		length[i] += absences;
	}

	any = found >= ABSENCES_LEAST;
	if (!any)
		geometric(length, ABSENCE_SLOTS, 0.5);
	for (int i = 0; i < ABSENCES_MOST; i++)
		times[i] = TIMES_PRIOR * times[i] + (any ? weight_to_double(sums->away[i]) : 0);
	model_set_law(model, absence_kinds[kind].length, length);
	model_set_law(model, absence_kinds[kind].times, times);
	/* as many users fewer as there are absences fewer */
	model_set(model, absence_kinds[kind].rate,
			  (AWAY_PRIOR + (any ? away * found / seen : 0)) / (users + 1));
}
