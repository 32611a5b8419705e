/*-------------------------------------------------------------------------
 *
 * group_scan_state.c
 *		All windows of one group by generalized least squares; see
 *		group_scan_state.h.
 *
 * With the covariance C of the group's means D, a change in a window r (ones
 * inside, zeros outside) is estimated by r'C^-1 D / r'C^-1 r, and z is the same
 * with the square root below.  One inverse and two prefix sums answer for all
 * windows.
 *
 * The Makefile lets the compiler use vector instructions here.  The loops that
 * profit change one element per turn, so no sum of doubles changes its order.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "groups/group_scan_state.h"

/* the level outside the window is free */
#define FREE_LEVEL			10.0

/* a period without spells says next to nothing */
#define NO_SPELLS			0.01

/*
 * Noise of a period on its own, relative: correlations are estimates, and some
 * have directions almost without noise, where the least shock would seem to be
 * a change.
 */
#define OWN_NOISE			0.1

/* the least variance of a period */
#define LEAST_VARIANCE		1e-9

struct GroupScan
{
	int			nperiods;
	double	   *deep_courses;	/* covariance of the courses of deeper groups */
	double	   *matrix;			/* covariance, then minus its inverse; lower triangle */
	double	   *prefix;			/* sums of the inverse over [0, s) x [0, e) */
	double		weighted[GROUP_MAX_PERIODS + 1];	/* prefix sums of the inverse times the means */
};

/* all windows with so many periods inside and enough outside */
Windows *
windows_make(int nperiods, int min_periods)
{
	Windows    *windows = (Windows *) palloc0(sizeof(Windows));

	windows->windows = (Window *) palloc(Max(nperiods * (nperiods + 1) / 2, 1) * sizeof(Window));
	for (int start = WINDOW_MIN_OUTSIDE; start < nperiods; start++)
	{
		for (int end = start + min_periods; end <= nperiods; end++)
			windows->windows[windows->n++] = (Window) {start, end};
	}
	return windows;
}

GroupScan *
group_scan_make(const GroupNoise *noise)
{
	GroupScan  *scan = (GroupScan *) palloc0(sizeof(GroupScan));
	int			n = noise->nperiods;

	scan->nperiods = n;
	scan->deep_courses = (double *) palloc(n * n * sizeof(double));
	scan->matrix = (double *) palloc(n * n * sizeof(double));
	scan->prefix = (double *) palloc0((n + 1) * (n + 1) * sizeof(double));
	for (int t = 0; t < n; t++)
	{
		for (int u = 0; u <= t; u++)
		{
			double		sum = FREE_LEVEL;

			for (int k = 0; k < noise->degree; k++)
				sum += noise->deep_variance[k] * noise->basis[t][k] * noise->basis[u][k];
			scan->deep_courses[t * n + u] = sum;
		}
	}
	return scan;
}

void
group_scan_end(GroupScan *scan)
{
	pfree(scan->deep_courses);
	pfree(scan->matrix);
	pfree(scan->prefix);
	pfree(scan);
}

/* the covariance of a group's means */
static void
fill_covariance(GroupScan *scan, const GroupNoise *noise, const GroupSums *sums, int group)
{
	int			n = scan->nperiods;
	const int32 *counts = sums->counts + (Size) group * n;
	double		deviation[GROUP_MAX_PERIODS];

	for (int t = 0; t < n; t++)
		deviation[t] = noise->scale[t] * sqrt(noise->own_variance[group] / Max((double) counts[t], NO_SPELLS));
	for (int t = 0; t < n; t++)
	{
		const double *correlation = noise->correlation + t * n;
		const double *courses = scan->deep_courses + t * n;
		double	   *row = scan->matrix + t * n;

		for (int u = 0; u <= t; u++)
			row[u] = deviation[t] * deviation[u] * correlation[u] + courses[u];
		if (group < noise->nvalues)
		{
			const double *variance = noise->course_variance + group * MAX_DEGREE;

			for (int u = 0; u <= t; u++)
			{
				double		sum = FREE_LEVEL;

				for (int k = 0; k < noise->degree; k++)
					sum += variance[k] * noise->basis[t][k] * noise->basis[u][k];
				row[u] += sum - courses[u];
			}
		}
		row[t] += OWN_NOISE * deviation[t] * deviation[t] + noise->shock[group] + LEAST_VARIANCE;
	}
}

/* replace the lower triangle of a positive definite matrix by minus its inverse, one sweep per row */
static void
invert(double *matrix, int n)
{
	for (int k = 0; k < n; k++)
	{
		double		column[GROUP_MAX_PERIODS];
		double		pivot = Max(matrix[k * n + k], LEAST_VARIANCE * LEAST_VARIANCE);

		for (int i = 0; i < n; i++)
			column[i] = i < k ? matrix[k * n + i] : matrix[i * n + k];
		for (int i = 0; i < n; i++)
		{
			double		factor = column[i] / pivot;
			double	   *restrict row = matrix + i * n;

			if (i == k)
				continue;
			for (int j = 0; j <= i; j++)
				row[j] -= factor * column[j];
			if (i > k)
				row[k] = factor;
		}
		for (int j = 0; j < k; j++)
			matrix[k * n + j] = column[j] / pivot;
		matrix[k * n + k] = -1 / pivot;
	}
}

/*
 * Prepare a group: afterwards any window can be asked for.
 */
void
group_scan(GroupScan *scan, const GroupSpace *space, const GroupNoise *noise, const GroupSums *sums, int group)
{
	int			n = scan->nperiods;

	fill_covariance(scan, noise, sums, group);
	invert(scan->matrix, n);
	for (int t = 0; t < n; t++)
	{
		for (int u = t + 1; u < n; u++)
			scan->matrix[t * n + u] = scan->matrix[u * n + t];
	}
	for (int t = 0; t < n; t++)
		scan->weighted[t + 1] = 0;
	for (int u = 0; u < n; u++)
	{
		double		mean = group_mean(space, sums, group, u);
		const double *row = scan->matrix + u * n;

		for (int t = 0; t < n; t++)
			scan->weighted[t + 1] -= row[t] * mean;
	}
	for (int t = 0; t < n; t++)
	{
		const double *above = scan->prefix + t * (n + 1);
		double	   *row = scan->prefix + (t + 1) * (n + 1);
		double		sum = 0;

		scan->weighted[t + 1] += scan->weighted[t];
		for (int u = 0; u < n; u++)
		{
			sum -= scan->matrix[t * n + u];
			row[u + 1] = above[u + 1] + sum;
		}
	}
}

/*
 * The change in one window; z has its sign.
 */
void
group_scan_window(const GroupScan *scan, Window window, WindowBest *result)
{
	int			n = scan->nperiods + 1;
	int			s = window.start;
	int			e = window.end;
	double		sum = scan->weighted[e] - scan->weighted[s];
	double		weight = scan->prefix[e * n + e] - 2 * scan->prefix[s * n + e] + scan->prefix[s * n + s];

	weight = Max(weight, LEAST_VARIANCE);
	result->error = 1 / sqrt(weight);
	result->change = sum / weight;
	result->z = ldexp(rint(ldexp(sum * result->error, 20)), -20);
}

/*
 * The windows that speak most for a fall, and for a rise; of equal ones the
 * first.
 */
void
group_scan_best(const GroupScan *scan, const Windows *windows, WindowBest *fall, WindowBest *rise)
{
	memset(fall, 0, sizeof(WindowBest));
	memset(rise, 0, sizeof(WindowBest));
	for (int i = 0; i < windows->n; i++)
	{
		WindowBest	here;

		group_scan_window(scan, windows->windows[i], &here);
		here.window = i;
		if (here.z > rise->z)
			*rise = here;
		here.z = -here.z;
		if (here.z > fall->z)
			*fall = here;
	}
}
