/*-------------------------------------------------------------------------
 *
 * history_state.h
 *		What the detector sees of a leakage_profile.
 *
 * The span of an entity goes from its first to its last present period.
 * Nothing is known before and after it, since the entity may have joined late
 * or left.  Periods out there are no evidence.  Inside the span, a slot without
 * an actual amount is a missing period.  A gap in the period numbers is not:
 * only the maker of the profile knows which periods there are.
 * (expected_revenue gives a row for each period that any entity has.)
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_HISTORY_STATE_H
#define LEAKAGE_HISTORY_STATE_H

#include "profile/profile_state.h"

typedef struct History
{
	int			first;			/* slot of the first present period, -1: none */
	int			last;			/* slot of the last present period, -1: none */
	int			present;		/* zero and paid periods */
	int			zero;			/* zero periods */
	int			idle;			/* idle periods without revenue */
	int			paid_idle;		/* idle periods with revenue */
	int			missing;		/* missing periods inside the span */
	int			interior;		/* present or missing, without the first and the last of the span */

	/* zero periods at the ends of the span, and what lies between the first and the last paid period */
	int			paid;			/* paid periods */
	int			lead;			/* zero periods before the first paid one */
	int			trail;			/* zero periods after the last paid one */
	int			zero_inside;
	int			present_inside;
	int			missing_inside;

	/* runs of missing periods; and of zero periods between the first and the last paid period */
	int			missing_runs;
	int			zero_runs;

	/* the positive periods, in order: paid periods with an expected amount above zero */
	int			positive;
	double		mean;			/* mean ratio, 0 without ratios */
	double		squares;		/* sum of (ratio / mean - 1)^2 */
	double		products;		/* sum of the products of neighbors in it */
	double		steps;			/* sum of the squared differences of neighbors in it, halved */
	double		largest_step;	/* the largest of these */
	int			slot[PROFILE_MAX_PERIODS];
	int			period[PROFILE_MAX_PERIODS];
	int			bin[PROFILE_MAX_PERIODS];
	double		ratio[PROFILE_MAX_PERIODS];

	/* their lengths, in order */
	int			missing_run[PROFILE_MAX_PERIODS / 2];
	int			zero_run[PROFILE_MAX_PERIODS / 2];
} History;

/* history_state.c */
extern void history_read(History *history, const LeakageProfile *profile);

#endif							/* LEAKAGE_HISTORY_STATE_H */
