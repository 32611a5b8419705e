/*-------------------------------------------------------------------------
 *
 * compare_state.h
 *		Compares the candidates of a reason with entities in which a leak of
 *		that reason was planted.
 *
 * Where candidates are o times as frequent as planted ones, at most share / o
 * of them are leaks, share being the part of the candidates that looks like
 * leaks.  o is a product of ratios, one per block of cells that enters.  A
 * block enters when it says more about the candidates than the choice among
 * all blocks explains, each candidate judged by the others.
 *
 * Invariants
 *	- sums over rows are sums of whole numbers.
 *	- if no block enters, share and all ratios are exactly 1.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_COMPARE_STATE_H
#define LEAKAGE_COMPARE_STATE_H

#include "control/rows_state.h"

#define COMPARE_MAX_STEPS		12

/* a block that entered, and the cell of it in which there are most too many candidates */
typedef struct CompareBlock
{
	int			feature[2];		/* the second is -1 if there is only one */
	int32		low[2];			/* bounds of the cell, both included */
	int32		high[2];
	double		gain;			/* of log likelihood, above the price of the choice */
	double		seen;			/* weight of the candidates in the cell, and what was expected */
	double		expected;
} CompareBlock;

typedef struct Comparison
{
	int			nblocks;
	CompareBlock block[COMPARE_MAX_STEPS];
	double		share;			/* of the candidates that look like leaks */
	bool		doubt;			/* a block would have entered at a price with half the reserve */
	double	   *ratio;			/* of each candidate: how many times as frequent as planted ones */
} Comparison;

/* in the current memory context */
extern void compare_rows(const CompareRows *rows, Comparison *result);

#endif							/* LEAKAGE_COMPARE_STATE_H */
