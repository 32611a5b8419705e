/*-------------------------------------------------------------------------
 *
 * period_totals.h
 *		The state of the aggregate leakage_period_totals: by period, how many
 *		entities have it, and their sums.
 *
 * Invariants
 *	- totals[0 .. nperiods - 1] are strictly ascending by period.
 *	- of each: 0 < entities < 2^62, and present, positive and leaking are from
 *	  0 to entities (positive to present).
 *	- an entity adds less than 2^63 to a sum, so that sums are below
 *	  entities * 2^63 in absolute value, and never overflow.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_PERIOD_TOTALS_H
#define LEAKAGE_PERIOD_TOTALS_H

/* more are no periods, but something else that was taken for them */
#define PERIOD_TOTALS_MAX	16384

typedef struct PeriodTotal
{
	int32		period;
	int64		entities;
	int64		present;		/* with an actual amount */
	int64		positive;		/* with an actual amount above 0 */
	int64		leaking;		/* with an expected leak above 0 */
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

/* period_totals.c */
extern PeriodTotals *period_totals_make(int capacity);

/* adds what "added" has; looks near *slot first, and leaves where that was */
extern void period_totals_add(PeriodTotals *totals, const PeriodTotal *added, int *slot);

/* what is wrong with a state, or NULL */
extern const char *period_totals_fault(const PeriodTotals *totals);

#endif							/* LEAKAGE_PERIOD_TOTALS_H */
