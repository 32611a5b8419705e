/*-------------------------------------------------------------------------
 *
 * payer_law.c
 *		The laws of honest users who do not pay in every period: see
 *		payer_law.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "detector/count_law.h"
#include "detector/payer_law.h"

/* unpaid periods between payments, at least */
#define PAYER_MIN_UNPAID	2

/* longer intervals count as this one */
#define INTERVAL_MAX		64

/* longest interval of a regular payer, and of those that are as likely as another */
#define REGULAR_MAX			14
#define INTERVAL_COMMON		15

/* how many intervals of its own a user's law of intervals is worth before any is seen */
#define INTERVAL_PRIOR		0.7

/*
 * Cycles of 3 or 4 periods with two or three paid ones, seen two and a half
 * times or more: how many there are, and their errors.  With one paid period,
 * a cycle is a regular interval.
 */
#define CYCLE_MIN			3
#define CYCLE_MAX			4
#define CYCLES				13
#define CYCLE_TIMES			2.5
#define CYCLE_ERROR			0.02

/*
 * At an end, a user may wait longer than ever between two payments: each
 * further period is so much less likely, down to a limit.
 */
#define OVERDUE				0.1
#define OVERDUE_LEAST		(1e-3 / 14)

/* rows in the gaps: none at all, zeros only, or both */
#define ROWS_ALL_ALIKE		0.4
#define ROWS_MIXED			0.2

/*
 * Share of payers with this interval.
 */
static double
interval_share(int interval)
{
	static const double share[] = {0, 0.05, 0.2, 0.1, 0.3, 0.1};

	if (interval < (int) lengthof(share))
		return share[interval];
	return interval <= INTERVAL_COMMON ? 0.025 : 0.002;
}

/*
 * Periods from the i-th payment to the next one.
 */
static int
interval_after(const History *h, int i)
{
	return (int) Min((int64) h->period[i + 1] - h->period[i], INTERVAL_MAX);
}

/* log(exp(a) + exp(b)) */
static double
log_add(double a, double b)
{
	double		larger = Max(a, b);

	return larger == -INFINITY ? larger : larger + log1p(exp(Min(a, b) - larger));
}

/*
 * log P(so many rows of zero at an end), where the longest wait is "wait" and
 * each shorter one has the probability exp(due).
 */
static double
log_end(int zeros, int wait, double due)
{
	if (zeros < wait)
		return due;
	return Max(due + (zeros - wait + 1) * log(OVERDUE), log(OVERDUE_LEAST));
}

/*
 * The same of both ends.  Without any row of zero, a history goes from payment
 * to payment.
 */
static double
log_ends(const History *h, int wait, double due)
{
	if (h->lead + h->trail + h->zero_inside == 0)
		return 0;
	return log_end(h->lead, wait, due) + log_end(h->trail, wait, due);
}

/*
 * log P(which unpaid periods have rows).
 */
static double
log_rows(const History *h)
{
	int			missing = h->missing_inside;
	int			zero = h->zero_inside;
	double		p = log(ROWS_MIXED) - log(missing + zero + 1.0) - log_choose(missing + zero, zero);

	if (missing == 0 || zero == 0)
		p = log_add(p, log(ROWS_ALL_ALIKE));
	return p;
}

/*
 * log P(intervals), where each may be one that the user had before.
 */
static double
log_intervals(const History *h)
{
	int			seen[INTERVAL_MAX + 1] = {0};
	double		p = 0;

	for (int i = 0; i < h->positive - 1; i++)
	{
		int			d = interval_after(h, i);

		p += log((INTERVAL_PRIOR * interval_share(d) + seen[d]) / (INTERVAL_PRIOR + i));
		seen[d]++;
	}
	return p;
}

/*
 * log P(paid and unpaid periods), if these repeat with the likeliest cycle;
 * -infinity where none can be seen.
 */
static double
log_cycle(const History *h)
{
	int			first = h->period[0];
	int64		length = (int64) h->period[h->positive - 1] - first + 1;
	double		best = -INFINITY;

	if (length > PROFILE_MAX_PERIODS)
		return best;
	for (int cycle = CYCLE_MIN; cycle <= CYCLE_MAX; cycle++)
	{
		int			paid[CYCLE_MAX] = {0};
		int			errors = 0;
		int			on = 0;

		if (length < CYCLE_TIMES * cycle)
			break;
		for (int i = 0; i < h->positive; i++)
			paid[(h->period[i] - first) % cycle]++;
		for (int phase = 0; phase < cycle; phase++)
		{
			int			all = (int) ((length - phase + cycle - 1) / cycle);

			errors += Min(paid[phase], all - paid[phase]);
			on += 2 * paid[phase] > all;
		}
		if (on > 1 && on < cycle)
			best = Max(best, errors * log(CYCLE_ERROR) +
					   (length - errors) * log1p(-CYCLE_ERROR) - log(CYCLES));
	}
	return best;
}

/*
 * The interval that all others are multiples of: the most frequent one, the
 * shortest of these.  And what it makes of the history.
 */
static void
find_interval(const History *h, const int *seen, PayerFacts *f)
{
	int			best = 1;

	f->interval = f->slots = f->skipped = 0;
	for (int d = 2; d <= INTERVAL_MAX; d++)
	{
		if (seen[d] > seen[best])
			best = d;
	}
	if (best < 2 || best > REGULAR_MAX)
		return;
	for (int d = 1; d <= INTERVAL_MAX; d++)
	{
		if (seen[d] > 0 && d % best != 0)
			return;
		f->slots += seen[d] * (d / best);
		f->skipped += seen[d] * (d / best - 1);
	}
	f->interval = best;
}

void
payer_facts(const History *h, PayerFacts *f)
{
	int			seen[INTERVAL_MAX + 1] = {0};
	int			longest = 1;
	double		rows;

	f->applies = h->positive >= 2 && h->missing_inside + h->zero_inside >= PAYER_MIN_UNPAID;
	if (!f->applies)
		return;
	for (int i = 0; i < h->positive - 1; i++)
	{
		int			d = interval_after(h, i);

		seen[d]++;
		longest = Max(longest, d);
	}
	find_interval(h, seen, f);
	rows = log_rows(h);
	f->log_regular = f->interval == 0 ? -INFINITY :
		log(interval_share(f->interval)) + rows + log_ends(h, f->interval, -log((double) f->interval));
	f->log_irregular = rows - M_LN2 +
		log_add(log_intervals(h) + log_ends(h, longest, -log(longest + 1.0)), log_cycle(h));
	f->mean_shift = (int) rint(BINS_PER_OCTAVE *
							   log2(((double) h->period[h->positive - 1] - h->period[0]) / (h->positive - 1)));
}

double
payer_log_regular(const PayerFacts *f, double skip_rate)
{
	if (f->interval == 0)
		return -INFINITY;
	return f->log_regular + f->skipped * log(skip_rate) + (f->slots - f->skipped) * log1p(-skip_rate);
}

int
payer_shift(const History *h, const PayerFacts *f, PayerScale scale, int i)
{
	switch (scale)
	{
		case SCALE_ONE:
		case SCALE_ORDINARY:
			return 0;
		case SCALE_BEFORE:
			if (i > 0)
				return (int) rint(BINS_PER_OCTAVE * log2((double) interval_after(h, i - 1)));
			break;
		case SCALE_AFTER:
			if (i < h->positive - 1)
				return (int) rint(BINS_PER_OCTAVE * log2((double) interval_after(h, i)));
			break;
		case SCALE_MEAN:
			break;
	}
	return f->mean_shift;
}
