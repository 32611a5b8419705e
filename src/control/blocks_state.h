/*-------------------------------------------------------------------------
 *
 * blocks_state.h
 *		Divides the rows of a comparison into cells: by one feature, or by two.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_BLOCKS_STATE_H
#define LEAKAGE_BLOCKS_STATE_H

#include "control/rows_state.h"

/* the cells of one feature; a cell holds the values from low to high */
typedef struct Partition
{
	int			feature;
	int			cells;
	int32	   *low;
	int32	   *high;
	uint16	   *cell;			/* of each row */
} Partition;

typedef struct Block
{
	const Partition *part[2];	/* the second is NULL if there is only one */
	int			cells;
	double		price;			/* gain that it needs to enter */
	double		reserve;		/* part of the price that is only to be sure */
	bool		entered;
} Block;

typedef struct Blocks
{
	int			n;
	int			most_cells;
	Block	   *block;
} Blocks;

static inline int
block_cell(const Block *block, int row)
{
	if (block->part[1] == NULL)
		return block->part[0]->cell[row];
	return block->part[0]->cell[row] * block->part[1]->cells + block->part[1]->cell[row];
}

/*
 * The cells of a feature, by value, or with about the same planted weight in
 * each; NULL if there would be one cell, or more than there may be.
 * planted_weight[] is of the planted rows only.
 */
extern Partition *partition_by_value(const CompareRows *rows, int feature, int most_cells);
extern Partition *partition_by_weight(const CompareRows *rows, const double *planted_weight,
									  int feature, int cells);

/* all blocks that may enter */
extern Blocks blocks_make(const CompareRows *rows, const double *planted_weight);

#endif							/* LEAKAGE_BLOCKS_STATE_H */
