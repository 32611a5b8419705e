/*-------------------------------------------------------------------------
 *
 * features_state.h
 *		What a leak does not touch: figures of an entity that seems to leak.
 *
 * Suppose that the entity leaks for the reason that it seems to.  Then these
 * figures are distributed as among honest entities with a planted leak of that
 * reason.  Only the first one, the size, is the leak's own.
 *
 * Whole numbers, so that equal entities are equal in every plan.  Nothing here
 * knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_FEATURES_STATE_H
#define LEAKAGE_FEATURES_STATE_H

#include "detector/detector.h"

typedef enum Feature
{
	FEATURE_SIZE,				/* unpaid periods; or the step of a drop, or the level, in bins */
	FEATURE_FIRST_WEEK,
	FEATURE_LAST_WEEK,
	FEATURE_LEVEL,
	FEATURE_TREND,				/* the rest in 1/16 bins, where nothing else is said */
	FEATURE_NOISE,
	FEATURE_WAVES,				/* product of neighbors over the sum of squares, in percent */
	FEATURE_HIGHEST_WEEK,
	FEATURE_DISTINCT_AMOUNTS,	/* in percent of the paid periods */
	FEATURE_UNPAID_WEEKS,		/* of the kinds that the leak is not about */
	FEATURE_RUNS,				/* of unpaid periods: mid-rank given their number, in percent */
	FEATURE_PLACE,				/* mean unpaid period, in 1/16 standard deviations from the middle */
	FEATURE_FIRST_UNPAID,
	FEATURE_LAST_UNPAID,
	FEATURE_AMOUNT_AFTER,		/* after an unpaid period, less the mean; times the root of their number */
	FEATURE_AMOUNT_BEFORE,
	FEATURE_CHANGE_WEEK,
	FEATURE_WEEKS_BEFORE,		/* a drop, since the first week */
	FEATURE_NOISE_RATIO,		/* logarithm of the variance after a drop over that before */
	FEATURE_FIRST_AMOUNTS,		/* of the entity, less the mean before a drop */
	FEATURE_AMOUNT_BEFORE_DROP,
	FEATURE_AMOUNT_AFTER_DROP,	/* less the mean after a drop */
	FEATURE_LAST_AMOUNTS,
	FEATURES
} Feature;

typedef struct EntityFeatures
{
	int			count;
	int32		value[FEATURES];
} EntityFeatures;

/* the features of a reason, in order; the first one is the size */
extern int	features_of_reason(Hypothesis reason, Feature *features);

extern const char *const feature_name[FEATURES];

/* of an entity that was assessed just before, and that seems to leak for its likeliest reason */
extern void read_features(const Assessor *assessor, EntityFeatures *features);

#endif							/* LEAKAGE_FEATURES_STATE_H */
