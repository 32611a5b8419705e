/*-------------------------------------------------------------------------
 *
 * history.h
 *		What the detectors see of a leakage_profile.
 *
 * The span of an entity goes from its first to its last present period.
 * Before and after it nothing is known (joined late, left): periods that are
 * not present out there are no evidence.  Inside, a slot without an actual
 * amount is a missing period.  A gap in the period numbers is not: only who
 * made the profile knows which periods there are (expected_revenue gives a
 * row for each that anybody has).
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_HISTORY_H
#define LEAKAGE_HISTORY_H

#include "profile/profile_state.h"

/*
 * What one period is.  This is the one place that says which periods are
 * missing, idle and zero.
 */
typedef enum PeriodKind
{
	MISSING_PERIOD,				/* no row with an actual amount */
	IDLE_PERIOD,				/* no revenue, and none was expected: no evidence */
	ZERO_PERIOD,				/* no revenue, though some was expected */
	PAID_PERIOD					/* revenue */
} PeriodKind;

static inline PeriodKind
period_kind(const ProfilePeriod *period)
{
	if (period->actual_rows == 0)
		return MISSING_PERIOD;
	if (period->actual > 0)
		return PAID_PERIOD;
	return period->expected > 0 ? ZERO_PERIOD : IDLE_PERIOD;
}

typedef struct History
{
	int			first;			/* slot of the first present period, -1: none */
	int			last;			/* slot of the last present period, -1: none */
	int			present;		/* zero and paid periods */
	int			zero;			/* zero periods */
	int			idle;			/* idle periods */
	int			missing;		/* missing periods inside the span */
	int			interior;		/* present or missing, without the first and the last of the span */

	/* the positive periods, in order: paid periods with an expected amount above zero */
	int			positive;
	double		mean;			/* mean ratio, 0 where there is none */
	double		squares;		/* sum of (ratio / mean - 1)^2 */
	double		products;		/* sum of the products of neighbors in it */
	double		steps;			/* sum of the squared differences of neighbors in it, halved */
	double		largest_step;	/* the largest of these */
	int			slot[PROFILE_MAX_PERIODS];
	int			bin[PROFILE_MAX_PERIODS];
	double		ratio[PROFILE_MAX_PERIODS];
} History;

extern void history_read(History *history, const LeakageProfile *profile);

#endif							/* LEAKAGE_HISTORY_H */
