/*-------------------------------------------------------------------------
 *
 * group_noise_state.c
 *		The noise of spells and of groups; see group_noise_state.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/memutils.h"

#include "groups/group_noise_state.h"

/* a group's variance counts the table's like so many spells */
#define PRIOR_SPELLS		10

/* products are of residuals in units of 2^-14 */
#define PRODUCT_SHIFT		6

/* courses can bend about once in so many periods */
#define PERIODS_PER_DEGREE	6.5

static int
choose_degree(int nperiods)
{
	if (nperiods <= 16)
		return 3;
	if (nperiods <= 30)
		return 4;
	return Min((int) (nperiods / PERIODS_PER_DEGREE), MAX_DEGREE);
}

/* orthogonal polynomials: each is the previous one times the period, less its projection on all before */
static void
make_basis(GroupNoise *noise)
{
	int			n = noise->nperiods;
	double		previous[GROUP_MAX_PERIODS];

	for (int t = 0; t < n; t++)
		previous[t] = 1;
	for (int k = 0; k < noise->degree; k++)
	{
		double		next[GROUP_MAX_PERIODS];
		double		squares = 0;

		for (int t = 0; t < n; t++)
			next[t] = previous[t] * (n > 1 ? 2.0 * t / (n - 1) - 1 : 0);
		for (int pass = 0; pass < 2; pass++)
		{
			for (int j = -1; j < k; j++)
			{
				double		projection = 0;

				for (int t = 0; t < n; t++)
					projection += next[t] * (j < 0 ? 1 : noise->basis[t][j]);
				for (int t = 0; t < n; t++)
					next[t] -= projection / n * (j < 0 ? 1 : noise->basis[t][j]);
			}
		}
		for (int t = 0; t < n; t++)
			squares += next[t] * next[t];
		for (int t = 0; t < n; t++)
			previous[t] = noise->basis[t][k] = next[t] * sqrt(n / squares);
	}
}

static void *
allocate(Size n, Size size)
{
	return MemoryContextAllocExtended(CurrentMemoryContext, Max(n, 1) * size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

GroupNoise *
noise_make(const GroupSpace *space)
{
	GroupNoise *noise = (GroupNoise *) palloc0(sizeof(GroupNoise));
	Size		pairs = (Size) space->nperiods * space->nperiods;

	noise->nperiods = space->nperiods;
	noise->nvalues = space->of_depth[1];
	noise->degree = choose_degree(space->nperiods);
	make_basis(noise);
	noise->products = (int64 *) allocate(pairs, sizeof(int64));
	noise->correlation = (double *) allocate(pairs, sizeof(double));
	noise->squares = (int64 *) allocate(space->ngroups, sizeof(int64));
	noise->freedom = (int64 *) allocate(space->ngroups, sizeof(int64));
	noise->own_variance = (double *) allocate(space->ngroups, sizeof(double));
	noise->shock = (double *) allocate(space->ngroups, sizeof(double));
	noise->course = (double *) allocate((Size) noise->nvalues * MAX_DEGREE, sizeof(double));
	noise->course_variance = (double *) allocate((Size) noise->nvalues * MAX_DEGREE, sizeof(double));
	noise->main_effect = (int32 *) allocate((Size) noise->nvalues * space->nperiods, sizeof(int32));
	return noise;
}

/* mean residual of a group in a period */
double
group_mean(const GroupSpace *space, const GroupSums *sums, int group, int period)
{
	Size		at = (Size) group * space->nperiods + period;

	return ldexp((double) sums->sums[at], -LOG_BITS) / Max(sums->counts[at], 1);
}

/* what the noise of its spells adds to a group's mean, on the average of the periods */
double
sampling_variance(const GroupNoise *noise, const GroupSpace *space, const GroupSums *sums, int group)
{
	double		sum = 0;

	for (int t = 0; t < space->nperiods; t++)
		sum += noise->own_variance[group] / Max(sums->counts[(Size) group * space->nperiods + t], 1);
	return sum / space->nperiods;
}

/* count what does not change with the fit: pairs of periods, and pairs of values */
static void
count_pairs(GroupNoise *noise, const GroupSpace *space, const Spell *spell, const int32 *present)
{
	int			nperiods = noise->nperiods;
	int64		periods = 0;
	int			groups[GROUP_MAX_DIMENSIONS];
	int			n = 0;

	for (int t = 0; t < nperiods; t++)
	{
		if (!present[t])
			continue;
		periods++;
		for (int u = 0; u <= t; u++)
			noise->pairs[t * nperiods + u] += present[u];
	}
	for (int i = 0; i < space->ncuboids && space->cuboids[i].depth == 1; i++)
	{
		int			group = space_group(space, i, spell);

		if (group >= 0)
			groups[n++] = group;
	}
	for (int a = 0; a < n; a++)
	{
		for (int b = 0; b < n; b++)
			noise->shared[(Size) groups[a] * noise->nvalues + groups[b]] += periods;
	}
}

/* the first pass over residuals: products, squares, and the sums of groups of one value */
static void
add_residuals(GroupNoise *noise, const GroupSpace *space, GroupSums *sums, const Spell *spell,
			  const int32 *x, const int32 *present)
{
	int			nperiods = noise->nperiods;
	int64		squares = 0;
	int64		n = 0;

	for (int t = 0; t < nperiods; t++)
	{
		int64		a = x[t] >> PRODUCT_SHIFT;
		int64	   *products = noise->products + t * nperiods;

		n += present[t];
		squares += (int64) x[t] * x[t];
		for (int u = 0; present[t] && u <= t; u++)
			products[u] += a * (x[u] >> PRODUCT_SHIFT);
	}
	squares = rounded_quotient(squares, LOG_ONE);
	for (int i = 0; i < space->ncuboids; i++)
	{
		int			group = space_group(space, i, spell);

		if (group < 0)
			continue;
		noise->squares[group] += squares;
		noise->freedom[group] += n - 1;
		if (space->cuboids[i].depth == 1)
			group_sums_add(space, sums, group, x, present);
	}
}

/* variances and correlations, from the sums over all spells */
static void
finish_measures(GroupNoise *noise, const GroupSpace *space, int64 squares, int64 freedom)
{
	int			n = noise->nperiods;
	double		deviation[GROUP_MAX_PERIODS];
	double		mean = 0;
	double		prior = (double) PRIOR_SPELLS * n;

	noise->variance = ldexp((double) squares, -LOG_BITS) / Max(freedom, 1);
	noise->variance = Max(noise->variance, 1e-9);
	for (int g = 0; g < space->ngroups; g++)
		noise->own_variance[g] = (ldexp((double) noise->squares[g], -LOG_BITS) + prior * noise->variance) /
			((double) noise->freedom[g] + prior);

	for (int t = 0; t < n; t++)
	{
		double		square = ldexp((double) noise->products[t * n + t], -2 * (LOG_BITS - PRODUCT_SHIFT)) /
			Max(noise->pairs[t * n + t], 1);

		deviation[t] = sqrt(Max(square, 1e-12));
		mean += deviation[t] * deviation[t] / n;
	}
	for (int t = 0; t < n; t++)
	{
		noise->scale[t] = deviation[t] / sqrt(mean);
		for (int u = 0; u <= t; u++)
		{
			double		product = ldexp((double) noise->products[t * n + u], -2 * (LOG_BITS - PRODUCT_SHIFT)) /
				Max(noise->pairs[t * n + u], 1);

			noise->correlation[t * n + u] = noise->correlation[u * n + t] =
				t == u ? 1 : product / (deviation[t] * deviation[u]);
		}
	}
}

/*
 * Measure the residuals of a fit.  Afterwards "sums" has those of groups of one
 * value; the others are zero.
 */
void
noise_measure(GroupNoise *noise, const GroupSpace *space, GroupTable *table, const LevelFit *fit, GroupSums *sums)
{
	bool		count = noise->pairs == NULL;
	Size		pairs = (Size) noise->nperiods * noise->nperiods;
	int64		squares = 0;
	int64		freedom = 0;
	LogAmount	logs[GROUP_MAX_PERIODS];
	int32		x[GROUP_MAX_PERIODS];
	int32		present[GROUP_MAX_PERIODS];
	const Spell *spell;

	if (count)
	{
		noise->pairs = (int64 *) allocate(pairs, sizeof(int64));
		noise->shared = (int64 *) allocate((Size) noise->nvalues * noise->nvalues, sizeof(int64));
	}
	memset(noise->products, 0, pairs * sizeof(int64));
	memset(noise->squares, 0, space->ngroups * sizeof(int64));
	memset(noise->freedom, 0, space->ngroups * sizeof(int64));
	group_sums_clear(space, sums);

	table_rewind(table);
	while ((spell = table_next(table, logs)) != NULL)
	{
		level_residuals(fit, spell, logs, noise->nperiods, x, present);
		if (count)
			count_pairs(noise, space, spell, present);
		add_residuals(noise, space, sums, spell, x, present);
		for (int t = 0; t < noise->nperiods; t++)
			freedom += present[t];
		freedom--;
	}
	for (int t = 0; t < noise->nperiods; t++)
		squares += noise->products[t * noise->nperiods + t];
	finish_measures(noise, space, squares >> (2 * (LOG_BITS - PRODUCT_SHIFT) - LOG_BITS), freedom);
}
