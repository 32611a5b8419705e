/*-------------------------------------------------------------------------
 *
 * fit_state.h
 *		The sums of one round of learning a leakage_model.
 *
 * Invariant: sums are whole numbers; what one entity adds does not depend on
 * the others, so any order, split or number of workers gives the same bytes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_FIT_STATE_H
#define LEAKAGE_FIT_STATE_H

#include "detector/likelihood.h"

/* sums that are weights are in units of 2^-20 */
#define WEIGHT_ONE			((double) (1 << 20))

/* sums over entities with n periods, h of them missing (or zero) */
typedef enum FitCountSum
{
	COUNT_WEIGHT,
	COUNT_H,
	COUNT_N,
	COUNT_HH,
	COUNT_HN,
	COUNT_NN,
	FIT_COUNT_SUMS
} FitCountSum;

/* sums of the start */
typedef enum FitStartSum
{
	START_SQUARES,				/* squares around the own mean, relative to it */
	START_FREEDOM,				/* what they would be with a coefficient of variation of 1 */
	START_INVERSE,				/* 1 / positive periods */
	START_LEVELS,				/* entities with enough positive periods for a level */
	START_CORRELATION,			/* autocorrelation of the entities */
	START_CORRELATED,			/* number of these */
	START_CORRELATED_PERIODS,	/* their positive periods */
	START_ONE_HOLE,				/* entities with one missing period, and with two */
	START_TWO_HOLES,
	START_ONE_ZERO,				/* entities with one zero period, and with two */
	START_TWO_ZEROS,
	START_PRESENT,				/* present periods */
	START_INTERIOR,				/* interior periods */
	START_HOLE_COUNTS,			/* all entities' missing periods: see FitCountSum */
	START_ZERO_COUNTS = START_HOLE_COUNTS + FIT_COUNT_SUMS, /* and zero ones */
	FIT_START_SUMS = START_ZERO_COUNTS + FIT_COUNT_SUMS
} FitStartSum;

/* sums of a round of expectation and maximisation */
typedef enum FitRoundSum
{
	ROUND_PROBABILITY,			/* one sum for each hypothesis */
	ROUND_LEVEL_SQUARE = ROUND_PROBABILITY + HYPOTHESES,
	ROUND_GROUP,				/* second group of levels: weight, level, square */
	ROUND_GROUP_LEVEL,
	ROUND_GROUP_SQUARE,
	ROUND_HOLE_COUNTS,			/* entities, without those that leak by missing periods */
	ROUND_ZERO_COUNTS = ROUND_HOLE_COUNTS + FIT_COUNT_SUMS,
	ROUND_CORRELATION = ROUND_ZERO_COUNTS + FIT_COUNT_SUMS,
	ROUND_CORRELATED,
	ROUND_CORRELATED_PERIODS,
	FIT_ROUND_SUMS
} FitRoundSum;

#define FIT_SUMS			Max((int) FIT_START_SUMS, (int) FIT_ROUND_SUMS)

/* histogram of the logarithm of the levels: 1/128 a bin, from -8 to 8 */
#define FIT_LEVEL_SCALE		128
#define FIT_LEVEL_REACH		8
#define FIT_LEVELS			(2 * FIT_LEVEL_REACH * FIT_LEVEL_SCALE)

/* entities with at most one hole, or zero, and with two, by the number of periods */
#define FIT_COUNT_EXACT		96
#define FIT_COUNT_STEP		64
#define FIT_COUNTS			128

/* what the start needs beyond the sums */
typedef struct FitStart
{
	int64		level[FIT_LEVELS];
	int64		holes[2][FIT_COUNTS];
	int64		zeros[2][FIT_COUNTS];
} FitStart;

typedef struct FitState
{
	LeakageModel *model;		/* NULL: this is the start */
	LikelihoodTables *tables;	/* of the model, made when first needed */
	FitStart   *start;			/* at the start only */
	int64		users;
	int64		noise[BIN_COUNT];
	int128		sum[FIT_SUMS];
} FitState;

/* fit_state.c; they allocate in the current memory context */
extern FitState *fit_make(const LeakageModel *model);
extern void fit_add(FitState *state, const LeakageProfile *profile);
extern void fit_merge(FitState *state, const FitState *other);

/* fit_model.c */
extern LeakageModel *fit_model(const FitState *state);

#endif							/* LEAKAGE_FIT_STATE_H */
