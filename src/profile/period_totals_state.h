/*-------------------------------------------------------------------------
 *
 * period_totals_state.h
 *		The state of the aggregate leakage_period_totals: by period, how many
 *		entities have it, and their sums.
 *
 * Invariants
 *	- totals[0 .. nperiods - 1] are strictly ascending by period.
 *	- in each, 0 < entities < 2^62; present and leaking are from 0 to entities;
 *	  positive is from 0 to present.
 *	- an entity adds less than 2^63 to a sum.  So a sum is below
 *	  entities * 2^63 in absolute value, and never overflows.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_PERIOD_TOTALS_STATE_H
#define LEAKAGE_PERIOD_TOTALS_STATE_H

/* of more, something else was taken for periods */
#define PERIOD_TOTALS_MAX	16384

typedef struct PeriodTotal
{
	int32		period;
	int64		entities;
	int64		present;		/* entities with an actual amount */
	int64		positive;		/* entities with an actual amount above 0 */
	int64		leaking;		/* entities with an expected leak above 0 */
	int128		actual;			/* micro-units */
	int128		expected;		/* micro-units */
	int128		leak;			/* micro-units */
} PeriodTotal;

typedef struct PeriodTotals
{
	int			nperiods;
	int			capacity;
	PeriodTotal *totals;
} PeriodTotals;

/* period_totals_state.c */
extern PeriodTotals *period_totals_make(int capacity);

/* add the counts and sums of "added"; *slot is where it may be, and then where it is */
extern void period_totals_add(PeriodTotals *totals, const PeriodTotal *added, int *slot);

/* what is wrong with a state, or NULL */
extern const char *period_totals_fault(const PeriodTotals *totals);

#endif							/* LEAKAGE_PERIOD_TOTALS_STATE_H */
