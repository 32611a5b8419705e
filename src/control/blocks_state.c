/*-------------------------------------------------------------------------
 *
 * blocks_state.c
 *		Divides the rows of a comparison into cells: by one feature, or by two.
 *
 * A block is the values of one feature, six cells of it, or three cells each
 * of two features.  Its price is the logarithm of the number of such blocks,
 * and a reserve: with so many to choose from, one of them always fits by
 * chance.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/base.h"
#include "control/blocks_state.h"

#define MOST_VALUES		60		/* of an ordered feature, to have a cell for each */
#define MOST_CELLS		4096	/* of categories */
#define SINGLE_CELLS	6
#define PAIR_CELLS		3
#define SIZE_CELLS		4

#define RESERVE			3.0
#define SIZE_RESERVE	3.0		/* the size is one block, so it needs no further price but log 2 */

static int
compare_values(const void *a, const void *b)
{
	int32		x = *(const int32 *) a;
	int32		y = *(const int32 *) b;

	return (x > y) - (x < y);
}

static inline int32
value_of(const CompareRows *rows, int row, int feature)
{
	return rows->feature[(Size) row * (rows->numbers + rows->categories) + feature];
}

static Partition *
partition_make(int feature, int cells, int rows)
{
	Partition  *p = palloc(sizeof(Partition));

	p->feature = feature;
	p->cells = cells;
	p->low = palloc(cells * sizeof(int32));
	p->high = palloc(cells * sizeof(int32));
	p->cell = palloc((Size) rows * sizeof(uint16));
	return p;
}

/*
 * The cell of each row, by binary search of the upper bounds.
 */
static void
fill_cells(const CompareRows *rows, Partition *p)
{
	for (int row = 0; row < rows->candidates + rows->planted; row++)
	{
		int32		value = value_of(rows, row, p->feature);
		int			from = 0;
		int			to = p->cells - 1;

		while (from < to)
		{
			int			middle = (from + to) / 2;

			if (p->high[middle] < value)
				from = middle + 1;
			else
				to = middle;
		}
		p->cell[row] = (uint16) from;
	}
}

Partition *
partition_by_value(const CompareRows *rows, int feature, int most_cells)
{
	int			n = rows->candidates + rows->planted;
	int32	   *value = palloc((Size) n * sizeof(int32));
	Partition  *p;
	int			cells = 0;

	for (int row = 0; row < n; row++)
		value[row] = value_of(rows, row, feature);
	qsort(value, n, sizeof(int32), compare_values);
	for (int row = 0; row < n; row++)
	{
		if (cells == 0 || value[row] != value[cells - 1])
			value[cells++] = value[row];
	}
	if (cells < 2 || cells > most_cells)
	{
		pfree(value);
		return NULL;
	}
	p = partition_make(feature, cells, n);
	memcpy(p->low, value, cells * sizeof(int32));
	memcpy(p->high, value, cells * sizeof(int32));
	pfree(value);
	fill_cells(rows, p);
	return p;
}

/* a planted row, to be sorted by value */
typedef struct PlantedValue
{
	int32		value;			/* first, for compare_values() */
	int64		weight;
} PlantedValue;

Partition *
partition_by_weight(const CompareRows *rows, const double *planted_weight, int feature, int cells)
{
	int			n = rows->planted;
	PlantedValue *planted = palloc((Size) Max(n, 1) * sizeof(PlantedValue));
	int32	   *bound = palloc(cells * sizeof(int32));
	int			bounds = 0;
	int128		total = 0;
	int128		sum = 0;
	int			next = 1;
	Partition  *p;

	for (int i = 0; i < n; i++)
	{
		planted[i].value = value_of(rows, rows->candidates + i, feature);
		planted[i].weight = llrint(planted_weight[i] * COMPARE_UNITS);
		total += planted[i].weight;
	}
	qsort(planted, n, sizeof(PlantedValue), compare_values);
	for (int i = 0; i < n; i++)
	{
		sum += planted[i].weight;
		for (; next < cells && sum * cells >= total * next; next++)
		{
			if (bounds == 0 || bound[bounds - 1] != planted[i].value)
				bound[bounds++] = planted[i].value;
		}
	}
	pfree(planted);
	if (bounds == 0)
		return NULL;
	p = partition_make(feature, bounds + 1, rows->candidates + rows->planted);
	for (int c = 0; c <= bounds; c++)
	{
		p->low[c] = c == 0 ? PG_INT32_MIN : bound[c - 1] + 1;
		p->high[c] = c == bounds ? PG_INT32_MAX : bound[c];
	}
	pfree(bound);
	fill_cells(rows, p);
	return p;
}

static void
add_block(Blocks *blocks, const Partition *a, const Partition *b)
{
	Block	   *block = &blocks->block[blocks->n++];

	block->part[0] = a;
	block->part[1] = b;
	block->cells = a->cells * (b == NULL ? 1 : b->cells);
	block->entered = false;
	blocks->most_cells = Max(blocks->most_cells, block->cells);
}

/*
 * The price of the blocks from the given one on, which are alternatives.
 */
static void
set_price(Blocks *blocks, int from, double more)
{
	for (int i = from; i < blocks->n; i++)
	{
		blocks->block[i].reserve = RESERVE;
		blocks->block[i].price = log(blocks->n - from) + more + RESERVE;
	}
}

/*
 * Blocks of one feature each.  Returns the partitions that pairs are made of.
 */
static int
add_singles(const CompareRows *rows, const double *planted_weight, Blocks *blocks,
			const Partition **third)
{
	int			first = blocks->n;
	int			thirds = 0;

	for (int f = 1; f < rows->numbers + rows->categories; f++)
	{
		bool		ordered = f < rows->numbers;
		const Partition *p = partition_by_value(rows, f, ordered ? MOST_VALUES : MOST_CELLS);

		CHECK_FOR_INTERRUPTS();
		if (p != NULL)
			add_block(blocks, p, NULL);
		if (!ordered || (p != NULL && p->cells == 2))
			continue;
		p = partition_by_weight(rows, planted_weight, f, SINGLE_CELLS);
		if (p == NULL)
			continue;
		add_block(blocks, p, NULL);
		third[thirds] = partition_by_weight(rows, planted_weight, f, PAIR_CELLS);
		thirds += third[thirds] != NULL;
	}
	set_price(blocks, first, 0);
	return thirds;
}

Blocks
blocks_make(const CompareRows *rows, const double *planted_weight)
{
	Blocks		blocks = {0};
	const Partition *third[COMPARE_MAX_FEATURES];
	int			features = rows->numbers + rows->categories;
	const Partition *size = rows->match_size ? NULL :
		partition_by_weight(rows, planted_weight, 0, SIZE_CELLS);
	int			thirds;
	int			first;

	blocks.block = palloc(sizeof(Block) * (1 + 2 * features + features * features / 2));
	if (size != NULL)
	{
		add_block(&blocks, size, NULL);
		blocks.block[0].reserve = SIZE_RESERVE;
		blocks.block[0].price = M_LN2 + SIZE_RESERVE;
	}
	thirds = add_singles(rows, planted_weight, &blocks, third);
	first = blocks.n;
	for (int i = 0; i < thirds; i++)
	{
		for (int j = 0; j < i; j++)
			add_block(&blocks, third[i], third[j]);
	}
	set_price(&blocks, first, M_LN2);
	return blocks;
}
