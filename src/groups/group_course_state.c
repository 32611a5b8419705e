/*-------------------------------------------------------------------------
 *
 * group_course_state.c
 *		What groups do when nothing happened to them: courses and shocks, learned
 *		from other groups; see group_noise_state.h.
 *
 * A group of one value learns from the other values of its dimension.  If it is
 * the only one, it learns shocks from all other dimensions, and may take any
 * course.  The more so the fewer others there are: a mean of few variances may
 * be too small by chance.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "groups/group_noise_state.h"

/* back-fitting rounds of the courses of all dimensions */
#define COURSE_ROUNDS		6

/* a mean of variances of so few others may be too small: by 1 + MARGIN / sqrt(others) */
#define MARGIN				2.0

/* median of the square of a standard normal number */
#define MEDIAN_SQUARE		0.455

/* variance of the square of a median absolute deviation, relative, times the number of values */
#define MEDIAN_VARIANCE		2.7

static int
compare_doubles(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

/* the median; sorts the values */
static double
median(double *values, int n)
{
	if (n == 0)
		return 0;
	qsort(values, n, sizeof(double), compare_doubles);
	return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* the dimension of a group of one value */
static int
dimension_of(const GroupSpace *space, int value)
{
	return space->groups[value].values.dimensions[0];
}

/* the groups that "value" learns from, and whether they are of its own dimension */
static int
find_others(const GroupSpace *space, int nvalues, int value, int *others, bool *same)
{
	int			n = 0;

	*same = true;
	for (int i = 0; i < nvalues; i++)
	{
		if (i != value && dimension_of(space, i) == dimension_of(space, value))
			others[n++] = i;
	}
	if (n > 0)
		return n;
	*same = false;
	for (int i = 0; i < nvalues; i++)
	{
		if (i != value)
			others[n++] = i;
	}
	return n;
}

/* weights of groups by how precisely each is known, none above twice the median */
static void
weigh(const double *variance, const int *groups, int n, double *weights)
{
	double	   *sorted = (double *) palloc(Max(n, 1) * sizeof(double));
	double		most;

	for (int i = 0; i < n; i++)
		sorted[i] = weights[i] = 1 / (variance[groups[i]] + 1e-12);
	most = 2 * median(sorted, n);
	for (int i = 0; i < n; i++)
		weights[i] = Min(weights[i], most);
	pfree(sorted);
}

/* mean square of what is left of a group's means after a course, estimated by their median */
static double
rough_square(const GroupNoise *noise, const GroupSpace *space, const GroupSums *sums, int group)
{
	int			n = noise->nperiods;
	double		left[GROUP_MAX_PERIODS];
	double		middle;
	double		mean = 0;

	for (int t = 0; t < n; t++)
	{
		left[t] = group_mean(space, sums, group, t);
		mean += left[t] / n;
	}
	for (int t = 0; t < n; t++)
		left[t] -= mean;
	for (int k = 0; k < noise->degree; k++)
	{
		double		projection = 0;

		for (int t = 0; t < n; t++)
			projection += left[t] * noise->basis[t][k] / n;
		for (int t = 0; t < n; t++)
			left[t] -= projection * noise->basis[t][k];
	}
	for (int t = 0; t < n; t++)
		left[t] = fabs(left[t]);
	middle = 1.4826 * median(left, n);
	return middle * middle * n / (n - noise->degree - 1);
}

/* shocks of groups of one value, and by sums of them, of deeper groups */
static void
learn_shocks(GroupNoise *noise, const GroupSpace *space, const GroupSums *sums, const double *sampling)
{
	int			nvalues = noise->nvalues;
	double	   *square = (double *) palloc(Max(nvalues, 1) * sizeof(double));
	double	   *weights = (double *) palloc(Max(nvalues, 1) * sizeof(double));
	int		   *others = (int *) palloc(Max(nvalues, 1) * sizeof(int));
	double		of_dimension[GROUP_MAX_DIMENSIONS] = {0};
	int			in_dimension[GROUP_MAX_DIMENSIONS] = {0};

	for (int i = 0; i < nvalues; i++)
		square[i] = rough_square(noise, space, sums, i);
	for (int i = 0; i < nvalues; i++)
	{
		double		sum = 0;
		double		weight = 0;
		double		error = 0;
		bool		same;
		int			n = find_others(space, nvalues, i, others, &same);

		weigh(sampling, others, n, weights);
		for (int k = 0; k < n; k++)
		{
			sum += (square[others[k]] - sampling[others[k]]) * weights[k];
			weight += weights[k];
			error += MEDIAN_VARIANCE * square[others[k]] * square[others[k]] / noise->nperiods * weights[k] * weights[k];
		}
		noise->shock[i] = sum > 0 ? (sum + sqrt(error)) / weight : 0;
		of_dimension[dimension_of(space, i)] += noise->shock[i];
		in_dimension[dimension_of(space, i)]++;
	}
	for (int g = nvalues; g < space->ngroups; g++)
	{
		const GroupValues *values = &space->groups[g].values;

		noise->shock[g] = 0;
		for (int d = 0; d < values->depth; d++)
			noise->shock[g] += of_dimension[values->dimensions[d]] / Max(in_dimension[values->dimensions[d]], 1);
	}
	pfree(square);
	pfree(weights);
	pfree(others);
}

/* coefficients of a group's means on the basis */
static void
project(const GroupNoise *noise, const GroupSpace *space, const GroupSums *sums, int group, double *coefficients)
{
	for (int k = 0; k < noise->degree; k++)
		coefficients[k] = 0;
	for (int t = 0; t < noise->nperiods; t++)
	{
		double		mean = group_mean(space, sums, group, t);

		for (int k = 0; k < noise->degree; k++)
			coefficients[k] += mean * noise->basis[t][k] / noise->nperiods;
	}
}

/* how far a group's course may stray, from the coefficients of others; "error" is their variance */
static void
learn_course_variance(GroupNoise *noise, const GroupSpace *space, int value, const double *coefficients,
					  const double *error, int *others, double *weights)
{
	double	   *variance = noise->course_variance + value * MAX_DEGREE;
	double		weight = 0;
	bool		same;
	int			n = find_others(space, noise->nvalues, value, others, &same);

	for (int k = 0; k < noise->degree; k++)
		variance[k] = same ? 0 : FREE_COURSE;
	if (!same)
		return;
	weigh(error, others, n, weights);
	for (int i = 0; i < n; i++)
	{
		const double *of = coefficients + others[i] * MAX_DEGREE;

		weight += weights[i];
		for (int k = 0; k < noise->degree; k++)
			variance[k] += Max(of[k] * of[k] - error[others[i]], 0) * weights[i];
	}
	for (int k = 0; k < noise->degree; k++)
		variance[k] *= (1 + MARGIN / sqrt(n)) / weight;
}

/*
 * The courses of all groups of one value together: a dimension that leans on
 * another must not be charged with the other's season.  Each is what is left of
 * its means after the courses of all others, shrunk.
 */
static void
fit_courses(GroupNoise *noise, const GroupSpace *space, const GroupSums *sums, const double *error)
{
	int			n = noise->nvalues;
	double	   *raw = (double *) palloc0(Max(n, 1) * MAX_DEGREE * sizeof(double));
	double	   *left = (double *) palloc0(Max(n, 1) * MAX_DEGREE * sizeof(double));
	double	   *weights = (double *) palloc(Max(n, 1) * sizeof(double));
	int		   *others = (int *) palloc(Max(n, 1) * sizeof(int));

	for (int i = 0; i < n; i++)
		project(noise, space, sums, i, raw + i * MAX_DEGREE);
	memset(noise->course, 0, n * MAX_DEGREE * sizeof(double));
	for (int round = 0; round < COURSE_ROUNDS; round++)
	{
		memcpy(left, raw, n * MAX_DEGREE * sizeof(double));
		for (int i = 0; i < n; i++)
		{
			const int64 *shared = noise->shared + (Size) i * n;

			for (int j = 0; j < n; j++)
			{
				double		share = (double) shared[j] / Max(shared[i], 1);

				if (share == 0 || dimension_of(space, i) == dimension_of(space, j))
					continue;
				for (int k = 0; k < noise->degree; k++)
					left[i * MAX_DEGREE + k] -= share * noise->course[j * MAX_DEGREE + k];
			}
		}
		for (int i = 0; i < n; i++)
		{
			learn_course_variance(noise, space, i, left, error, others, weights);
			for (int k = 0; k < noise->degree; k++)
			{
				double		variance = noise->course_variance[i * MAX_DEGREE + k];
				double		shrunk = left[i * MAX_DEGREE + k] * variance / (variance + error[i]);
				double	   *course = &noise->course[i * MAX_DEGREE + k];

				*course = round == 0 ? shrunk : (*course + shrunk) / 2;
			}
		}
	}
	pfree(raw);
	pfree(left);
	pfree(weights);
	pfree(others);
}

/*
 * Learn shocks and courses from the sums of groups of one value.
 */
void
noise_learn_values(GroupNoise *noise, const GroupSpace *space, const GroupSums *sums)
{
	int			nvalues = noise->nvalues;
	double	   *sampling = (double *) palloc(Max(nvalues, 1) * sizeof(double));

	for (int i = 0; i < nvalues; i++)
		sampling[i] = sampling_variance(noise, space, sums, i);
	learn_shocks(noise, space, sums, sampling);
	for (int i = 0; i < nvalues; i++)
		sampling[i] = (sampling[i] + noise->shock[i]) / noise->nperiods;
	fit_courses(noise, space, sums, sampling);
	for (int i = 0; i < nvalues; i++)
	{
		for (int t = 0; t < noise->nperiods; t++)
		{
			double		sum = 0;

			for (int k = 0; k < noise->degree; k++)
				sum += noise->course[i * MAX_DEGREE + k] * noise->basis[t][k];
			noise->main_effect[i * noise->nperiods + t] = (int32) rint(ldexp(sum, LOG_BITS));
		}
	}
	pfree(sampling);
}

/*
 * Learn how far the courses of deeper groups stray from the sum of the courses
 * of their values: from the larger half of the groups of two values.
 */
void
noise_learn_deep(GroupNoise *noise, const GroupSpace *space, const GroupSums *sums)
{
	int			first = noise->nvalues;
	int			n = space->of_depth[2];
	double	   *values = (double *) palloc(Max(n, 1) * sizeof(double));
	double	   *all = (double *) palloc(Max(n, 1) * MAX_DEGREE * sizeof(double));
	double		middle;
	int			used = 0;

	for (int i = 0; i < n; i++)
		values[i] = (double) space->groups[first + i].spells;
	middle = median(values, n);
	for (int i = 0; i < n; i++)
	{
		int			g = first + i;
		double		error;
		double		coefficients[MAX_DEGREE];

		if (space->groups[g].spells < middle)
			continue;
		error = (sampling_variance(noise, space, sums, g) + noise->shock[g]) / noise->nperiods;
		project(noise, space, sums, g, coefficients);
		for (int k = 0; k < noise->degree; k++)
			all[used * MAX_DEGREE + k] = coefficients[k] * coefficients[k] - MEDIAN_SQUARE * error;
		used++;
	}
	for (int k = 0; k < noise->degree; k++)
	{
		for (int i = 0; i < used; i++)
			values[i] = all[i * MAX_DEGREE + k];
		noise->deep_variance[k] = Max(median(values, used), 0) / MEDIAN_SQUARE;
	}
	pfree(values);
	pfree(all);
}
