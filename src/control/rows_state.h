/*-------------------------------------------------------------------------
 *
 * rows_state.h
 *		The rows of a comparison: candidates, and entities in which a leak was
 *		planted.
 *
 * The rows are in an order that does not depend on the plan.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_ROWS_STATE_H
#define LEAKAGE_ROWS_STATE_H

#define COMPARE_MAX_FEATURES	64
/* weights are rounded to this part before they are added */
#define COMPARE_UNITS			1048576.0	/* 2^20 */

typedef struct CompareRows
{
	int			candidates;		/* rows 0 .. candidates - 1 */
	int			planted;		/* the rows after them */
	int			numbers;		/* features of a row that are ordered, the size first */
	int			categories;		/* features after them that are not */
	bool		match_size;		/* the size of a leak is no evidence */
	const int32 *feature;		/* [row * (numbers + categories) + i] */
	const double *weight;		/* 0 to 1: probability of a leak */
} CompareRows;

#endif							/* LEAKAGE_ROWS_STATE_H */
