/*-------------------------------------------------------------------------
 *
 * row_ranking.h
 *		The rows of the dictionaries of all processes, ranked.
 *
 * The scan numbers rows by process.  The merge compares rows of all processes,
 * so it ranks them first: the better of two rows is the one of lower rank.
 * Every process that merges finds the same ranks.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_ROW_RANKING_H
#define LEAKAGE_ROW_RANKING_H

#include "landing/bulk_file.h"
#include "landing/packed_row.h"

typedef struct RankedRow
{
	const char *packed;
	uint32		length;
	uint32		rank;			/* from 1 on; 0: not in a dictionary */
} RankedRow;

typedef struct RowRanking
{
	RankedRow  *rows;			/* by rank, from 1 on */
	uint32		nrows;
	uint32	  **rank_of;		/* by scanning process and number */
} RowRanking;

/* reads the next dictionary of each process, and ranks their rows */
extern void ranking_read(RowRanking *ranking, BulkReader *dictionaries, int nprocesses);

/* a row that is in its record (found_row_write), in the current memory context */
extern const RankedRow *ranking_read_inline(BulkReader *records);

/* below, at or above zero as "a" is better than, the same as, or worse than "b" */
extern int	ranking_compare_inline(const RankedRow *a, const RankedRow *b);

static inline int
ranking_compare(const RankedRow *a, const RankedRow *b)
{
	if (a->rank > 0 && b->rank > 0)
		return (a->rank > b->rank) - (a->rank < b->rank);
	return ranking_compare_inline(a, b);
}

#endif							/* LEAKAGE_ROW_RANKING_H */
