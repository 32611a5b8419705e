/*-------------------------------------------------------------------------
 *
 * fit_counts.h
 *		Learning the law of missing periods, and that of zero periods.
 *
 * Each kind (see count_law.h) has sums of its own.  Below, "such" periods are
 * those of the kind.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_FIT_COUNTS_H
#define LEAKAGE_FIT_COUNTS_H

#include "detector/count_law.h"

/* weighted sums over entities with h such periods of n */
typedef enum CountMoment
{
	COUNT_WEIGHT,
	COUNT_H,
	COUNT_N,
	COUNT_HH,
	COUNT_HN,
	COUNT_NN,
	COUNT_MOMENTS
} CountMoment;

typedef struct CountSums
{
	int128		moment[COUNT_MOMENTS];
} CountSums;

/* numbers of periods: one slot for each up to 96, then one for each 64 */
#define FIT_COUNT_EXACT		96
#define FIT_COUNT_STEP		64
#define FIT_COUNTS			128

/* at the start: entities with few such periods (none, one, two), by n */
#define FIT_FEW				3
typedef struct CountStart
{
	int64		entities[FIT_FEW][FIT_COUNTS];
} CountStart;

/* the slot of a number of periods, and the number that a slot stands for */
extern int	count_slot(int n);
extern double count_of_slot(int slot);

extern void count_sums_add(CountSums *sums, int64 weight, PeriodCount c);
extern void count_start_add(CountStart *start, PeriodCount c);

/* set the law of the model; clusters: look for them, too */
extern void fit_counts_start(LeakageModel *model, CountKind kind, const CountSums *sums,
							 const CountStart *start, bool clusters);
extern void fit_counts_round(LeakageModel *model, CountKind kind, const CountSums *sums);

#endif							/* LEAKAGE_FIT_COUNTS_H */
