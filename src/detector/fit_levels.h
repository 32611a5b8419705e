/*-------------------------------------------------------------------------
 *
 * fit_levels.h
 *		Learning the law of the entities' levels.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_FIT_LEVELS_H
#define LEAKAGE_FIT_LEVELS_H

#include "detector/model_state.h"

/* logarithms of the levels: 1/128 a slot, from -8 to 8 */
#define FIT_LEVEL_SCALE		128
#define FIT_LEVEL_REACH		8
#define FIT_LEVELS			(2 * FIT_LEVEL_REACH * FIT_LEVEL_SCALE)

/* at the start: a histogram of the logarithms of the levels */
typedef struct LevelHistogram
{
	int64		entities[FIT_LEVELS];
} LevelHistogram;

/* in a round: weighted sums over the levels of honest entities, in bins */
typedef struct LevelSums
{
	double		weight;
	double		square;			/* of all levels */
	double		group;			/* weight of the second group */
	double		group_level;
} LevelSums;

extern void level_histogram_add(LevelHistogram *levels, double log_level);

/*
 * Set level_median, level_tau2, level_skew, and the second group; the model
 * has its noise_cv2.
 *	count		entities with a level, above zero
 *	inverse		sum of 1 / positive periods over them
 *	is_small	the model stays a closed form
 */
extern void fit_levels_start(LeakageModel *model, const LevelHistogram *levels, double count,
							 double inverse, bool is_small);

/* set sigma, and the second group */
extern void fit_levels_round(LeakageModel *model, const LevelSums *sums);

#endif							/* LEAKAGE_FIT_LEVELS_H */
