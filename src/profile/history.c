/*-------------------------------------------------------------------------
 *
 * history.c
 *		What the detectors see of a leakage_profile.
 *
 * Doubles are evaluated in the order of the periods, so that the same
 * profile gives the same bits in any plan.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/base.h"
#include "profile/history.h"

/*
 * Read a profile.
 */
void
history_read(History *history, const LeakageProfile *profile)
{
	int			nperiods = (int) profile->nperiods;
	int			i;

	history->first = -1;
	history->last = -1;
	for (i = 0; i < nperiods; i++)
	{
		if (period_kind(&profile->periods[i]) == MISSING_PERIOD)
			continue;
		if (history->first < 0)
			history->first = i;
		history->last = i;
	}

	history->present = 0;
	history->zero = 0;
	history->idle = 0;
	history->missing = 0;
	history->interior = 0;
	history->positive = 0;
	history->mean = 0;
	history->squares = 0;
	history->products = 0;
	history->steps = 0;
	history->largest_step = 0;
	if (history->first < 0)
		return;

	for (i = history->first; i <= history->last; i++)
	{
		const ProfilePeriod *p = &profile->periods[i];
		PeriodKind	kind = period_kind(p);

		if (kind == IDLE_PERIOD)
		{
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
			history->bin[n] = ratio_bin(p->actual, p->expected);
			history->ratio[n] = (double) p->actual / (double) p->expected;
			history->mean += history->ratio[n];
		}
	}

	if (history->positive > 0)
	{
		double		previous = 0;

		history->mean /= history->positive;
		for (i = 0; i < history->positive; i++)
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
}
