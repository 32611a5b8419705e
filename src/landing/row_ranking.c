/*-------------------------------------------------------------------------
 *
 * row_ranking.c
 *		The rows of the dictionaries of all processes, ranked.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "landing/row_ranking.h"

typedef struct UnrankedRow
{
	RankedRow	row;
	int			process;
	uint32		number;
} UnrankedRow;

static RankedRow
read_row(BulkReader *reader)
{
	RankedRow	row = {0};
	char	   *packed;

	memcpy(&row.length, bulk_read_rest(reader, sizeof(row.length)), sizeof(row.length));
	packed = palloc(row.length);
	memcpy(packed, bulk_read_rest(reader, row.length), row.length);
	row.packed = packed;
	return row;
}

static int
compare_unranked(const void *a, const void *b)
{
	return ranking_compare_inline(&((const UnrankedRow *) a)->row, &((const UnrankedRow *) b)->row);
}

/*
 * Rows that only differ in how they were stored share a rank.
 */
void
ranking_read(RowRanking *ranking, BulkReader *dictionaries, int nprocesses)
{
	UnrankedRow *rows = palloc(sizeof(UnrankedRow));
	uint32		nrows = 0;

	ranking->rank_of = palloc(sizeof(uint32 *) * nprocesses);
	for (int i = 0; i < nprocesses; i++)
	{
		uint32		size;

		memcpy(&size, bulk_read_rest(&dictionaries[i], sizeof(size)), sizeof(size));
		rows = repalloc_huge(rows, sizeof(UnrankedRow) * ((Size) nrows + size + 1));
		ranking->rank_of[i] = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(uint32) * ((Size) size + 1));
		for (uint32 number = 0; number < size; number++, nrows++)
		{
			rows[nrows].row = read_row(&dictionaries[i]);
			rows[nrows].process = i;
			rows[nrows].number = number;
		}
	}

	qsort(rows, nrows, sizeof(UnrankedRow), compare_unranked);
	ranking->rows = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(RankedRow) * ((Size) nrows + 1));
	ranking->nrows = 0;
	for (uint32 i = 0; i < nrows; i++)
	{
		if (i == 0 || compare_unranked(&rows[i - 1], &rows[i]) != 0)
		{
			ranking->nrows++;
			ranking->rows[ranking->nrows] = rows[i].row;
			ranking->rows[ranking->nrows].rank = ranking->nrows;
		}
		ranking->rank_of[rows[i].process][rows[i].number] = ranking->nrows;
	}
	pfree(rows);
}

const RankedRow *
ranking_read_inline(BulkReader *records)
{
	RankedRow  *row = palloc(sizeof(RankedRow));

	*row = read_row(records);
	return row;
}

int
ranking_compare_inline(const RankedRow *a, const RankedRow *b)
{
	return packed_row_compare(a->packed, a->length, b->packed, b->length);
}
