/*-------------------------------------------------------------------------
 *
 * known_periods.h
 *		What is known beforehand of an entity's periods: which are not judged,
 *		and by which factor others differ from what peers bring in.
 *
 * It is held in a leakage_profile, so that several sources can be added up.  A
 * period with an expected row is not judged.  The actual amount of any other
 * period is its factor.  A period that is not in the profile has the factor 1.
 * PROFILE_UNKNOWN_PERIOD stands for a row in an unknown period: then no period
 * without a row is judged.
 *
 * A period that is not judged says nothing about the entity or its peers, and
 * nothing is expected in it.  In others, what the entity brought in is divided
 * by the factor before it counts for its peers, and what is expected of it is
 * multiplied by it.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_KNOWN_PERIODS_H
#define LEAKAGE_KNOWN_PERIODS_H

#include "profile/profile.h"

/* factors, in millionths */
typedef int64 PeriodFactor;

#define NOT_JUDGED			INT64CONST(0)
#define FACTOR_ONE			INT64CONST(1000000)
#define FACTOR_MAX			(INT64CONST(1000000) * FACTOR_ONE)

/* a walk over an entity's periods, which ascend */
typedef struct KnownPeriods
{
	const LeakageProfile *profile;	/* NULL: nothing is known */
	uint32		next;
} KnownPeriods;

/* the factor of a period, or NOT_JUDGED */
static inline PeriodFactor
known_factor(KnownPeriods *known, int32 period)
{
	const ProfilePeriod *slot;

	if (known->profile == NULL)
		return FACTOR_ONE;
	while (known->next < known->profile->nperiods && known->profile->periods[known->next].period < period)
		known->next++;
	if (known->next == known->profile->nperiods)
		return FACTOR_ONE;
	slot = &known->profile->periods[known->next];
	if (slot->period > period)
		return FACTOR_ONE;
	return slot->expected_rows > 0 ? NOT_JUDGED : slot->actual;
}

/* are periods without a row judged? */
static inline bool
absences_judged(const LeakageProfile *known)
{
	const ProfilePeriod *last;

	if (known == NULL)
		return true;
	last = &known->periods[known->nperiods - 1];
	return last->period != PROFILE_UNKNOWN_PERIOD || last->expected_rows == 0;
}

/* known_periods.c */

/* the first period whose factor is out of range; NULL: none */
extern const ProfilePeriod *known_periods_fault(const LeakageProfile *known);

/* an amount that came in, as it would have been with the factor 1 */
extern int64 without_factor(int64 amount, PeriodFactor factor);

/* an expected amount, at least zero and below MONEY_LIMIT, times a factor, at most the largest such amount */
extern int64 with_factor(int64 amount, PeriodFactor factor);

#endif							/* LEAKAGE_KNOWN_PERIODS_H */
