/*-------------------------------------------------------------------------
 *
 * fit_state.h
 *		The sums of one round of learning a leakage_model.
 *
 * Invariant: sums are of whole numbers, and what one entity adds does not
 * depend on the others.  So any order, split or number of workers gives the
 * same bytes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_FIT_STATE_H
#define LEAKAGE_FIT_STATE_H

#include "detector/fit_counts.h"
#include "detector/fit_levels.h"
#include "detector/likelihood.h"
#include "detector/payer_amounts.h"

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
	FIT_START_SUMS
} FitStartSum;

/* sums of a round of expectation and maximization */
typedef enum FitRoundSum
{
	ROUND_PROBABILITY,			/* one sum for each hypothesis */
	ROUND_LEVEL_SQUARE = ROUND_PROBABILITY + HYPOTHESES,
	ROUND_GROUP,				/* second group of levels: weight, and level */
	ROUND_GROUP_LEVEL,
	ROUND_CORRELATION,
	ROUND_CORRELATED,
	ROUND_CORRELATED_PERIODS,
	FIT_ROUND_SUMS
} FitRoundSum;

#define FIT_SUMS			Max((int) FIT_START_SUMS, (int) FIT_ROUND_SUMS)

/* what the start needs beyond the sums */
typedef struct FitStart
{
	LevelHistogram levels;
	CountStart	counts[COUNT_KINDS];
} FitStart;

typedef struct FitState
{
	LeakageModel *model;		/* NULL: this is the start */
	LikelihoodTables *tables;	/* of the model, made when first needed */
	FitStart   *start;			/* at the start only */
	int64		users;
	int64		billed;			/* users who paid at all; the others teach nothing */
	int64		noise[BIN_COUNT];
	int64		ends[HISTORY_ENDS][END_SLOTS];	/* users by zero periods at an end */
	PayerSums	payers;
	CountSums	counts[COUNT_KINDS];
	AbsenceSums absences[COUNT_KINDS];
	EventSums	events;
	int128		sum[FIT_SUMS];
} FitState;

/*
 * Sums of a round over the model, or of the start where that is NULL.  This
 * and the next allocate in the current memory context.
 */
extern FitState *fit_make(const LeakageModel *model);
extern void fit_add(FitState *state, const LeakageProfile *profile);

/* add the sums of another state with the same model */
extern void fit_merge(FitState *state, const FitState *other);

#endif							/* LEAKAGE_FIT_STATE_H */
