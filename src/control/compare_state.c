/*-------------------------------------------------------------------------
 *
 * compare_state.c
 *		Compares the candidates of a reason with entities in which a leak of
 *		that reason was planted.
 *
 * One block enters after the other, the one with the highest gain first.  The
 * expected weight of a cell is that of its planted rows, each times the ratios
 * of the blocks that have entered, scaled to the weight of the candidates.  A
 * few of the candidates are mixed in: else cells in which no planted entity can
 * be would win every step.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/base.h"
#include "control/blocks_state.h"
#include "control/compare_state.h"

#define CELL_WEIGHT		2.0		/* each cell is seen and expected so often beforehand */
#define MIXED_IN		0.02	/* share of the candidates in what is expected */
#define GAIN_UNITS		1073741824.0	/* 2^30: gains are rounded to this part before they are added */

/* parts of the planted rows, the least frequent kinds of candidates first, that show how many are leaks */
static const double leak_parts[] = {0.5, 0.65, 0.8};

typedef struct Work
{
	const CompareRows *rows;
	double	   *mass;			/* of each row in what is expected, before any ratio */
	double	   *ratio;			/* of each row in what is expected */
	double	   *own;			/* of each candidate, judged by the others */
	int64	   *now;			/* mass times ratio of each row */
	int128		total;			/* of these */
	int128		weight;			/* of all candidates */
	int128	   *seen;			/* of each cell of a block */
	int128	   *expected;
	double	   *cell_seen;
	double	   *cell_expected;
} Work;

static inline int64
whole(double weight)
{
	return llrint(weight * COMPARE_UNITS);
}

/*
 * Weights of the planted rows, which get the sizes of the candidates if those
 * are no evidence.
 */
static double *
planted_weights(const CompareRows *rows)
{
	double	   *weight = palloc((Size) Max(rows->planted, 1) * sizeof(double));
	const double *planted = rows->weight + rows->candidates;
	Partition  *size = NULL;
	int128		total[2] = {0, 0};
	int128	   *seen;
	int128	   *expected;

	memcpy(weight, planted, (Size) rows->planted * sizeof(double));
	if (rows->match_size)
		size = partition_by_value(rows, 0, 16);
	if (rows->match_size && size == NULL)
		size = partition_by_weight(rows, weight, 0, 6);
	if (size == NULL)
		return weight;

	seen = palloc0(size->cells * sizeof(int128));
	expected = palloc0(size->cells * sizeof(int128));
	for (int row = 0; row < rows->candidates + rows->planted; row++)
	{
		bool		is_planted = row >= rows->candidates;

		(is_planted ? expected : seen)[size->cell[row]] += whole(rows->weight[row]);
		total[is_planted] += whole(rows->weight[row]);
	}
	for (int i = 0; i < rows->planted; i++)
	{
		int			cell = size->cell[rows->candidates + i];
		double		e = (double) expected[cell] / (double) Max(total[1], 1) * (double) total[0];

		weight[i] *= ((double) seen[cell] + COMPARE_UNITS) / (e + COMPARE_UNITS);
	}
	return weight;
}

/*
 * What is expected of each row, with the ratios as they are now.
 */
static void
fill_rows(Work *w)
{
	w->total = 0;
	for (int row = 0; row < w->rows->candidates + w->rows->planted; row++)
	{
		w->now[row] = whole(w->mass[row] * w->ratio[row]);
		w->total += w->now[row];
	}
}

/*
 * Weights seen and expected in each cell of a block, after fill_rows().
 */
static void
fill_block(Work *w, const Block *block)
{
	int			n = w->rows->candidates + w->rows->planted;

	memset(w->seen, 0, block->cells * sizeof(int128));
	memset(w->expected, 0, block->cells * sizeof(int128));
	for (int row = 0; row < n; row++)
	{
		int			cell = block_cell(block, row);

		w->expected[cell] += w->now[row];
		if (row < w->rows->candidates)
			w->seen[cell] += whole(w->rows->weight[row]);
	}
	for (int c = 0; c < block->cells; c++)
	{
		w->cell_seen[c] = (double) w->seen[c] / COMPARE_UNITS;
		w->cell_expected[c] = (double) w->expected[c] / (double) w->total *
			((double) w->weight / COMPARE_UNITS);
	}
}

static inline double
ratio_by_others(const Work *w, int cell, double weight)
{
	return Max(w->cell_seen[cell] - weight + CELL_WEIGHT, 1e-9) /
		(w->cell_expected[cell] + CELL_WEIGHT);
}

/*
 * What the block would gain, above its price, after fill_block().
 */
static double
gain_of(const Work *w, const Block *block)
{
	const CompareRows *rows = w->rows;
	int128		sum = 0;
	double		fitted = 0;

	for (int i = 0; i < rows->candidates; i++)
		sum += llrint(rows->weight[i] * log(ratio_by_others(w, block_cell(block, i), rows->weight[i])) *
					  GAIN_UNITS);
	for (int c = 0; c < block->cells; c++)
		fitted += w->cell_expected[c] * (w->cell_seen[c] + CELL_WEIGHT) / (w->cell_expected[c] + CELL_WEIGHT);
	return (double) sum / GAIN_UNITS - (fitted - (double) w->weight / COMPARE_UNITS) - block->price;
}

/*
 * The cell of a block in which there are most too many candidates.
 */
static CompareBlock
describe_block(const Work *w, const Block *block, double gain)
{
	CompareBlock result;
	int			worst = 0;
	int			second;

	for (int c = 1; c < block->cells; c++)
	{
		if (w->cell_seen[c] - w->cell_expected[c] > w->cell_seen[worst] - w->cell_expected[worst])
			worst = c;
	}
	result.gain = gain;
	result.seen = w->cell_seen[worst];
	result.expected = w->cell_expected[worst];
	second = block->part[1] == NULL ? 1 : block->part[1]->cells;
	for (int i = 0; i < 2; i++)
	{
		const Partition *part = block->part[i];
		int			cell = i == 0 ? worst / second : worst % second;

		result.feature[i] = part == NULL ? -1 : part->feature;
		result.low[i] = part == NULL ? 0 : part->low[cell];
		result.high[i] = part == NULL ? 0 : part->high[cell];
	}
	return result;
}

/*
 * A block enters, after fill_block().
 */
static void
enter_block(Work *w, Block *block)
{
	const CompareRows *rows = w->rows;

	block->entered = true;
	for (int row = 0; row < rows->candidates + rows->planted; row++)
	{
		int			cell = block_cell(block, row);

		w->ratio[row] *= (w->cell_seen[cell] + CELL_WEIGHT) / (w->cell_expected[cell] + CELL_WEIGHT);
		if (row < rows->candidates)
			w->own[row] *= ratio_by_others(w, cell, rows->weight[row]);
	}
}

/* a planted row, to be sorted by its ratio */
typedef struct PlantedRatio
{
	double		ratio;
	double		weight;
} PlantedRatio;

static int
compare_ratios(const void *a, const void *b)
{
	double		x = ((const PlantedRatio *) a)->ratio;
	double		y = ((const PlantedRatio *) b)->ratio;

	return (x > y) - (x < y);
}

/*
 * The share of the candidates that look like leaks: leaks are among planted and
 * candidates alike, so where candidates are least frequent, compared with
 * planted ones, nearly all of them are leaks.  One standard error is added.
 */
static double
share_of_leaks(const Work *w, const double *planted_weight)
{
	const CompareRows *rows = w->rows;
	PlantedRatio *planted = palloc((Size) Max(rows->planted, 1) * sizeof(PlantedRatio));
	int128		total = 0;
	double		share = 1;

	for (int i = 0; i < rows->planted; i++)
	{
		planted[i].ratio = w->ratio[rows->candidates + i];
		planted[i].weight = planted_weight[i];
		total += whole(planted_weight[i]);
	}
	qsort(planted, rows->planted, sizeof(PlantedRatio), compare_ratios);
	for (int part = 0; part < (int) lengthof(leak_parts); part++)
	{
		int128		below = 0;
		int128		seen = 0;
		double		limit = INFINITY;
		double		n;

		for (int i = 0; i < rows->planted && planted[i].ratio <= limit; i++)
		{
			below += whole(planted[i].weight);
			if (limit == INFINITY && (double) below >= leak_parts[part] * (double) total)
				limit = planted[i].ratio * (1 + 1e-12);
		}
		for (int i = 0; i < rows->candidates; i++)
			seen += w->own[i] <= limit ? whole(rows->weight[i]) : 0;
		n = (double) seen / COMPARE_UNITS;
		if (below > 0)
			share = Min(share, (n + sqrt(n + 1)) / ((double) w->weight / COMPARE_UNITS) *
						((double) total / (double) below));
	}
	pfree(planted);
	return share;
}

/*
 * Nothing has entered yet: candidates and planted as they are.
 */
static Work
begin_work(const CompareRows *rows, const double *planted_weight, int most_cells)
{
	Work		w = {.rows = rows};
	int			n = rows->candidates + rows->planted;
	int128		planted = 0;

	w.mass = palloc((Size) n * sizeof(double));
	w.ratio = palloc((Size) n * sizeof(double));
	w.now = palloc((Size) n * sizeof(int64));
	w.own = palloc((Size) Max(rows->candidates, 1) * sizeof(double));
	w.seen = palloc(most_cells * sizeof(int128));
	w.expected = palloc(most_cells * sizeof(int128));
	w.cell_seen = palloc(most_cells * sizeof(double));
	w.cell_expected = palloc(most_cells * sizeof(double));
	for (int i = 0; i < rows->candidates; i++)
		w.weight += whole(rows->weight[i]);
	for (int i = 0; i < rows->planted; i++)
		planted += whole(planted_weight[i]);
	for (int row = 0; row < n; row++)
	{
		w.ratio[row] = 1;
		if (row < rows->candidates)
		{
			w.own[row] = 1;
			w.mass[row] = rows->weight[row] * MIXED_IN / (1 - MIXED_IN) *
				((double) planted / (double) Max(w.weight, 1));
		}
		else
			w.mass[row] = planted_weight[row - rows->candidates];
	}
	return w;
}

/*
 * Ratios on average 1 in what is expected.
 */
static void
scale_ratios(Work *w)
{
	int			n = w->rows->candidates + w->rows->planted;
	int128		before = 0;
	double		mean;

	fill_rows(w);
	for (int row = 0; row < n; row++)
		before += whole(w->mass[row]);
	mean = (double) w->total / (double) before;
	for (int row = 0; row < n; row++)
		w->ratio[row] /= mean;
	for (int i = 0; i < w->rows->candidates; i++)
		w->own[i] /= mean;
}

void
compare_rows(const CompareRows *rows, Comparison *result)
{
	double	   *planted_weight = planted_weights(rows);
	Blocks		blocks = blocks_make(rows, planted_weight);
	Work		w = begin_work(rows, planted_weight, Max(blocks.most_cells, 1));

	result->nblocks = 0;
	result->doubt = false;
	result->share = 1;
	result->ratio = w.own;
	while (w.weight > 0 && rows->planted > 0 && result->nblocks < COMPARE_MAX_STEPS)
	{
		Block	   *best = NULL;
		double		best_gain = 0;

		fill_rows(&w);
		if (w.total == 0)
			break;
		for (int i = 0; i < blocks.n; i++)
		{
			Block	   *block = &blocks.block[i];
			double		gain;

			CHECK_FOR_INTERRUPTS();
			if (block->entered)
				continue;
			fill_block(&w, block);
			gain = gain_of(&w, block);
			if (gain + block->reserve / 2 > 0)
				result->doubt = true;
			if (gain > best_gain)
			{
				best = block;
				best_gain = gain;
			}
		}
		if (best == NULL)
			break;
		fill_block(&w, best);
		result->block[result->nblocks++] = describe_block(&w, best, best_gain);
		enter_block(&w, best);
	}
	if (result->nblocks > 0)
	{
		scale_ratios(&w);
		result->share = share_of_leaks(&w, planted_weight);
	}
}
