/*-------------------------------------------------------------------------
 *
 * history_state.c
 *		What the detector sees of a leakage_profile.
 *
 * Doubles are evaluated in the order of the periods, so that the same
 * profile gives the same bits in any plan.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/base.h"
#include "profile/history_state.h"

/*
 * Count the span's periods by kind, and collect the positive ones.
 */
static void
count_periods(History *history, const LeakageProfile *profile)
{
	for (int i = history->first; i <= history->last; i++)
	{
		const ProfilePeriod *p = &profile->periods[i];
		PeriodKind	kind = period_kind(p);

		if (kind == IDLE_PERIOD)
		{
			if (p->actual > 0)
				history->paid_idle++;
			else
				history->idle++;
			continue;
		}
		history->interior += (i > history->first && i < history->last);
		history->missing += (kind == MISSING_PERIOD);
		history->present += (kind != MISSING_PERIOD);
		history->zero += (kind == ZERO_PERIOD);
		if (kind == PAID_PERIOD && p->expected > 0)
		{
			int			n = history->positive++;

			history->slot[n] = i;
			history->period[n] = p->period;
			history->bin[n] = ratio_bin(p->actual, p->expected);
			history->ratio[n] = (double) p->actual / (double) p->expected;
			history->mean += history->ratio[n];
		}
	}
}

/*
 * The zero periods before the first paid period and after the last one, and
 * what lies between these two.
 */
static void
read_ends(History *history, const LeakageProfile *profile)
{
	int			first_paid = -1;
	int			last_paid = -1;

	for (int i = history->first; i <= history->last; i++)
	{
		if (period_kind(&profile->periods[i]) != PAID_PERIOD)
			continue;
		if (first_paid < 0)
			first_paid = i;
		last_paid = i;
		history->paid++;
	}
	if (first_paid < 0)
		return;
	for (int i = history->first; i <= history->last; i++)
	{
		PeriodKind	kind = period_kind(&profile->periods[i]);

		if (i < first_paid)
			history->lead += (kind == ZERO_PERIOD);
		else if (i > last_paid)
			history->trail += (kind == ZERO_PERIOD);
		else if (i > first_paid && i < last_paid)
		{
			history->zero_inside += (kind == ZERO_PERIOD);
			history->present_inside += (kind == ZERO_PERIOD || kind == PAID_PERIOD);
			history->missing_inside += (kind == MISSING_PERIOD);
		}
	}
}

/*
 * The runs.  An idle period does not end one, as it is no evidence; and a
 * missing period does not end a run of zero periods, since these are looked for
 * among the present ones.
 */
static void
read_runs(History *history, const LeakageProfile *profile)
{
	int			missing = 0;
	int			zero = 0;
	int			paid = 0;

	for (int i = history->first; i <= history->last; i++)
	{
		PeriodKind	kind = period_kind(&profile->periods[i]);

		if (kind == IDLE_PERIOD)
			continue;
		if (kind == MISSING_PERIOD)
		{
			missing++;
			continue;
		}
		if (missing > 0)
			history->missing_run[history->missing_runs++] = missing;
		missing = 0;
		if (kind == ZERO_PERIOD)
			zero += (paid > 0);
		else
		{
			if (zero > 0)
				history->zero_run[history->zero_runs++] = zero;
			zero = 0;
			paid++;
		}
	}
}

/*
 * How the positive periods vary around their mean, and from one to the next.
 */
static void
measure_noise(History *history)
{
	double		previous = 0;

	history->mean /= history->positive;
	for (int i = 0; i < history->positive; i++)
	{
		double		e = history->ratio[i] / history->mean - 1.0;

		history->squares += e * e;
		if (i > 0)
		{
			double		step = (e - previous) * (e - previous) / 2;

			history->products += e * previous;
			history->steps += step;
			history->largest_step = Max(history->largest_step, step);
		}
		previous = e;
	}
}

/*
 * Read a profile.
 */
void
history_read(History *history, const LeakageProfile *profile)
{
	uint32		first;
	uint32		last;

	memset(history, 0, offsetof(History, slot));
	if (!profile_span(profile, &first, &last))
	{
		history->first = history->last = -1;
		return;
	}
	history->first = (int) first;
	history->last = (int) last;
	count_periods(history, profile);
	read_ends(history, profile);
	read_runs(history, profile);
	if (history->positive > 0)
		measure_noise(history);
}
