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

typedef struct History
{
	int			first;			/* slot of the first present period, -1: none */
	int			last;			/* slot of the last present period, -1: none */
	int			present;		/* present periods, but for the idle ones */
	int			zero;			/* of these, with an amount of zero or below */
	int			idle;			/* present, nothing came and nothing was expected: no evidence */
	int			missing;		/* missing periods inside the span */
	int			interior;		/* present or missing, without the first and the last of the span */

	/* the positive periods that have an expected amount, in order */
	int			positive;
	double		mean;			/* mean ratio, 0 where there is none */
	double		squares;		/* sum of (ratio / mean - 1)^2 */
	double		products;		/* sum of the products of neighbours in it */
	double		steps;			/* sum of the squared differences of neighbours in it, halved */
	double		largest_step;	/* the largest of these */
	int			slot[PROFILE_MAX_PERIODS];
	int			bin[PROFILE_MAX_PERIODS];
	double		ratio[PROFILE_MAX_PERIODS];
} History;

extern void history_read(History *history, const LeakageProfile *profile);

#endif							/* LEAKAGE_HISTORY_H */
