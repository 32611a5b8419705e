/*-------------------------------------------------------------------------
 *
 * network_state.c
 *		What happened to everybody at once; see network_state.h and
 *		docs/groups.md, section 6.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "groups/network_state.h"

/* a period is compared with the median of so many before and after it */
#define NEIGHBORS			3

/* an odd period is so many standard deviations away, and so far on the logarithmic scale */
#define ODD_DEVIATIONS		6.0
#define ODD_LEAST			0.05

/* a change of the level: the error of the test, and the periods before and after it */
#define LEVEL_ALPHA			0.005
#define LEVEL_MIN_PERIODS	3
#define LEVEL_LEAST			0.03

/* missing rows: standard deviations, and a share of all */
#define SHORT_DEVIATIONS	6.0
#define SHORT_LEAST			0.03
#define SHORT_END_LEAST		0.1

/* the least standard deviations that are believed */
#define LEAST_DEVIATION		0.002
#define LEAST_RATE_DEVIATION	0.002

#define NORMAL_95			1.959963984540054

static int
compare_doubles(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

static double
median_of(const double *values, int n)
{
	double		sorted[GROUP_MAX_PERIODS];

	memcpy(sorted, values, n * sizeof(double));
	qsort(sorted, n, sizeof(double), compare_doubles);
	return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

/* standard deviation around "middle", from the median absolute deviation */
static double
robust_deviation(const double *values, int n, double middle)
{
	double		deviations[GROUP_MAX_PERIODS] = {0};

	for (int i = 0; i < n; i++)
		deviations[i] = fabs(values[i] - middle);
	return 1.4826 * median_of(deviations, n);
}

static double
normal_tails(double z, double tests)
{
	return Min(erfc(z / sqrt(2.0)) * tests, 1);
}

/* periods unlike those around them; "odd" marks them */
static int
find_odd(const double *index, int n, NetworkRemark *remarks, int max, bool *odd)
{
	double		left[GROUP_MAX_PERIODS] = {0};
	double		deviation;
	int			found = 0;

	for (int t = 0; t < n; t++)
	{
		double		around[2 * NEIGHBORS];
		int			count = 0;

		for (int u = Max(t - NEIGHBORS, 0); u <= Min(t + NEIGHBORS, n - 1); u++)
		{
			if (u != t)
				around[count++] = index[u];
		}
		left[t] = index[t] - median_of(around, count);
	}
	deviation = Max(robust_deviation(left, n, 0), LEAST_DEVIATION);
	for (int t = 0; t < n; t++)
	{
		odd[t] = fabs(left[t]) > ODD_DEVIATIONS * deviation && fabs(left[t]) > ODD_LEAST;
		if (!odd[t] || found == max)
			continue;
		remarks[found++] = (NetworkRemark)
		{
			.kind = NETWORK_ODD,
			.window = {t, t + 1},
			.change = expm1(left[t]),
			.least = expm1(left[t] - NORMAL_95 * deviation),
			.most = expm1(left[t] + NORMAL_95 * deviation),
			.p_value = normal_tails(fabs(left[t]) / deviation, n)
		};
	}
	return found;
}

/* z of a t statistic with so many degrees of freedom, by Wallace's approximation */
static double
normal_of_t(double t, double freedom)
{
	return (8 * freedom + 1) / (8 * freedom + 3) * sqrt(freedom * log1p(t * t / freedom));
}

/* take the projections on the columns before off "column", and give it length 1; 0 if nothing is left */
static double
orthogonalize(double columns[][GROUP_MAX_PERIODS], int before, double *column, int n)
{
	double		squares = 0;

	for (int pass = 0; pass < 2; pass++)
	{
		for (int k = 0; k < before; k++)
		{
			double		projection = 0;

			for (int t = 0; t < n; t++)
				projection += column[t] * columns[k][t];
			for (int t = 0; t < n; t++)
				column[t] -= projection * columns[k][t];
		}
	}
	for (int t = 0; t < n; t++)
		squares += column[t] * column[t];
	return sqrt(squares);
}

/* a lasting change of the level against a smooth course, without odd periods */
static int
find_level(const GroupNoise *noise, const double *index, const bool *odd, NetworkRemark *remark)
{
	double		columns[MAX_DEGREE + 1][GROUP_MAX_PERIODS];
	double		left[GROUP_MAX_PERIODS] = {0};
	int			n = noise->nperiods;
	int			ncolumns = noise->degree + 1;
	int			used = 0;
	double		freedom;
	double		squares;
	double		best = 0;

	for (int t = 0; t < n; t++)
		used += !odd[t];
	freedom = used - ncolumns - 1;
	if (freedom < 3)
		return 0;
	for (int k = 0; k < ncolumns; k++)
	{
		double		length;

		for (int t = 0; t < n; t++)
			columns[k][t] = odd[t] ? 0 : k == 0 ? 1 : noise->basis[t][k - 1];
		length = orthogonalize(columns, k, columns[k], n);
		for (int t = 0; t < n; t++)
			columns[k][t] = length > 1e-6 ? columns[k][t] / length : 0;
	}
	for (int t = 0; t < n; t++)
		left[t] = odd[t] ? 0 : index[t];
	squares = orthogonalize(columns, ncolumns, left, n);
	squares *= squares;

	for (int start = LEVEL_MIN_PERIODS; start <= n - LEVEL_MIN_PERIODS; start++)
	{
		double		step[GROUP_MAX_PERIODS];
		double		length;
		double		product = 0;
		double		error;

		for (int t = 0; t < n; t++)
			step[t] = t >= start && !odd[t];
		length = orthogonalize(columns, ncolumns, step, n);
		if (length < 1e-3)
			continue;
		for (int t = 0; t < n; t++)
			product += step[t] * left[t] / length;
		error = sqrt(Max(squares - product * product, 0) / freedom);
		error = Max(error, LEAST_DEVIATION / 2);
		if (fabs(product) <= best * error)
			continue;
		best = fabs(product) / error;
		*remark = (NetworkRemark)
		{
			.kind = NETWORK_LEVEL,
			.window = {start, n},
			.change = expm1(product / length),
			.least = expm1((product - NORMAL_95 * error) / length),
			.most = expm1((product + NORMAL_95 * error) / length),
			.p_value = normal_tails(normal_of_t(best, freedom), n - 2 * LEVEL_MIN_PERIODS + 1)
		};
	}
	return best > 0 && remark->p_value < LEVEL_ALPHA && fabs(log1p(remark->change)) > LEVEL_LEAST;
}

/* the share of the spells with an amount in the period before that have none in each */
static void
measure_stops(GroupSearch *search, double *stops)
{
	GroupTable *table = search->table;
	int64		before[GROUP_MAX_PERIODS] = {0};
	int64		stopped[GROUP_MAX_PERIODS] = {0};
	LogAmount	logs[GROUP_MAX_PERIODS];
	const Spell *spell;

	table_rewind(table);
	while ((spell = table_next(table, logs)) != NULL)
	{
		for (int t = 1; t < table->nperiods; t++)
		{
			before[t] += logs[t - 1] != NO_AMOUNT;
			stopped[t] += logs[t - 1] != NO_AMOUNT && logs[t] == NO_AMOUNT;
		}
	}
	for (int t = 1; t < table->nperiods; t++)
		stops[t] = (double) stopped[t] / Max(before[t], 1);
}

/* one remark if rates[at] is far above those from 1 to n - 1 */
static int
find_short(const double *rates, int n, int at, NetworkKind kind, double least, NetworkRemark *remark)
{
	double		usual = median_of(rates + 1, n - 1);
	double		deviation = Max(robust_deviation(rates + 1, n - 1, usual), LEAST_RATE_DEVIATION);
	double		excess = rates[at] - usual;

	if (excess < least || excess < SHORT_DEVIATIONS * deviation)
		return 0;
	*remark = (NetworkRemark)
	{
		.kind = kind,
		.window = {at, at + 1},
		.change = -excess,
		.least = -Min(excess + NORMAL_95 * deviation, 1),
		.most = -(excess - NORMAL_95 * deviation),
		.usual = usual,
		.p_value = normal_tails(excess / deviation, n)
	};
	return 1;
}

static void
sum_revenue(GroupSearch *search, NetworkRemark *remarks, int n)
{
	LogAmount	logs[GROUP_MAX_PERIODS];
	int64		amounts[GROUP_MAX_PERIODS];

	table_rewind_amounts(search->table);
	while (table_next_amounts(search->table, logs, amounts) != NULL)
	{
		for (int i = 0; i < n; i++)
		{
			for (int t = remarks[i].window.start; t < remarks[i].window.end; t++)
				remarks[i].money.revenue += amounts[t];
		}
	}
}

/*
 * Remarks on everybody, after the search: at most NETWORK_MAX_REMARKS.
 */
int
network_remarks(GroupSearch *search, NetworkRemark *remarks)
{
	int			nperiods = search->table->nperiods;
	int			n;
	double		index[GROUP_MAX_PERIODS];
	double		stops[GROUP_MAX_PERIODS];
	bool		odd[GROUP_MAX_PERIODS];
	GroupValues everybody = {0};

	for (int t = 0; t < nperiods; t++)
		index[t] = ldexp((double) search->fit->period[t], -LOG_BITS);
	n = find_odd(index, nperiods, remarks, NETWORK_MAX_REMARKS / 2, odd);
	n += find_level(search->noise, index, odd, &remarks[n]);

	/* inside the table, who comes back was absent; at its end, nobody knows */
	for (int t = 1; t < nperiods - 1 && n < NETWORK_MAX_REMARKS - 1; t++)
		n += find_short(search->absences->rate, nperiods - 1, t, NETWORK_SHORT, SHORT_LEAST, &remarks[n]);
	measure_stops(search, stops);
	n += find_short(stops, nperiods, nperiods - 1, NETWORK_SHORT_END, SHORT_END_LEAST, &remarks[n]);

	if (n > 0)
		sum_revenue(search, remarks, n);
	for (int i = 0; i < n; i++)
		remarks[i].money.entities = count_entities(search->table, &everybody);
	return n;
}
