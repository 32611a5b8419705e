/*-------------------------------------------------------------------------
 *
 * level_fit_state.c
 *		Own levels and period effects; see level_fit_state.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "groups/level_fit_state.h"

/* rounds before and after the limit is known */
#define FIRST_ROUNDS	2
#define ROUNDS			6

/* the limit before it is known, and in the first round, where levels are rough */
#define WIDE_LIMIT		(4 * LOG_ONE)
#define WIDEST_LIMIT	(8 * LOG_ONE)

/* the limit is three standard deviations, from the median of the absolute residuals */
#define LIMIT_MEDIANS	(3 * 1.4826)

/* bins of absolute residuals, each of 2^-10 */
#define BIN_SHIFT		(LOG_BITS - 10)
#define BINS			((WIDE_LIMIT >> BIN_SHIFT) * 2 + 1)

LevelFit *
level_fit_make(const GroupTable *table)
{
	LevelFit   *fit = (LevelFit *) palloc0(sizeof(LevelFit));

	fit->own = (LogAmount *) MemoryContextAllocHuge(CurrentMemoryContext, Max(table->nspells, 1) * sizeof(LogAmount));
	return fit;
}

void
level_fit_end(LevelFit *fit)
{
	pfree(fit->own);
	pfree(fit);
}

/* the mean of a spell's residuals, limited */
static int32
mean_residual(const LogAmount *logs, int nperiods, LogAmount own, const LogAmount *period, int32 limit)
{
	int64		sum = 0;
	int64		n = 0;

	for (int t = 0; t < nperiods; t++)
	{
		if (logs[t] != NO_AMOUNT)
		{
			sum += limited((int64) logs[t] - own - period[t], limit);
			n++;
		}
	}
	return n == 0 ? 0 : (int32) rounded_quotient(sum, n);
}

static LogAmount
mean_log(const LogAmount *logs, int nperiods)
{
	int64		sum = 0;
	int64		n = 0;

	for (int t = 0; t < nperiods; t++)
	{
		if (logs[t] != NO_AMOUNT)
		{
			sum += logs[t];
			n++;
		}
	}
	return n == 0 ? 0 : (LogAmount) rounded_quotient(sum, n);
}

/*
 * Fit from the beginning, in so many rounds.  Spells of the group "without", if
 * there is one, do not take part.
 */
static void
fit_rounds(LevelFit *fit, GroupTable *table, const GroupValues *without, int rounds, int32 limit)
{
	int			nperiods = table->nperiods;

	memset(fit->period, 0, sizeof(fit->period));
	for (int round = 0; round <= rounds; round++)
	{
		int32		previous = round <= 1 ? WIDEST_LIMIT : limit;
		int32		next = round == 0 ? WIDEST_LIMIT : limit;
		int64		sums[GROUP_MAX_PERIODS] = {0};
		int64		counts[GROUP_MAX_PERIODS] = {0};
		LogAmount	logs[GROUP_MAX_PERIODS];
		const Spell *spell;

		table_rewind(table);
		while ((spell = table_next(table, logs)) != NULL)
		{
			LogAmount  *own = &fit->own[spell->number];

			if (without != NULL && group_has(without, spell))
				continue;
			*own = round == 0 ? mean_log(logs, nperiods) :
				*own + mean_residual(logs, nperiods, *own, fit->period, previous);
			for (int t = 0; t < nperiods; t++)
			{
				if (logs[t] != NO_AMOUNT)
				{
					sums[t] += limited((int64) logs[t] - *own - fit->period[t], next);
					counts[t]++;
				}
			}
		}
		for (int t = 0; t < nperiods && round < rounds; t++)
		{
			if (counts[t] > 0)
				fit->period[t] += (LogAmount) rounded_quotient(sums[t], counts[t]);
		}
	}
}

/*
 * What is left of a spell's amounts, limited, and with a mean of zero; 0 where
 * there is no amount.
 */
void
level_residuals(const LevelFit *fit, const Spell *spell, const LogAmount *logs, int nperiods,
				int32 *residuals, int32 *present)
{
	LogAmount	own = fit->own[spell->number];
	int64		sum = 0;
	int64		n = 0;
	int32		mean;

	for (int t = 0; t < nperiods; t++)
	{
		present[t] = logs[t] != NO_AMOUNT;
		residuals[t] = present[t] ? limited((int64) logs[t] - own - fit->period[t], fit->limit) : 0;
		sum += residuals[t];
		n += present[t];
	}
	mean = n == 0 ? 0 : (int32) rounded_quotient(sum, n);
	for (int t = 0; t < nperiods; t++)
		residuals[t] -= present[t] ? mean : 0;
}

/* the limit of residuals, from a fit with a wide one */
static LogAmount
find_limit(LevelFit *fit, GroupTable *table)
{
	int64	   *bins = (int64 *) palloc0(BINS * sizeof(int64));
	int64		total = 0;
	int64		below = 0;
	int			median = 0;
	LogAmount	logs[GROUP_MAX_PERIODS];
	int32		residuals[GROUP_MAX_PERIODS];
	int32		present[GROUP_MAX_PERIODS];
	const Spell *spell;

	fit->limit = WIDE_LIMIT;
	table_rewind(table);
	while ((spell = table_next(table, logs)) != NULL)
	{
		level_residuals(fit, spell, logs, table->nperiods, residuals, present);
		for (int t = 0; t < table->nperiods; t++)
		{
			if (present[t])
			{
				bins[Min(abs(residuals[t]) >> BIN_SHIFT, BINS - 1)]++;
				total++;
			}
		}
	}
	while (median < BINS - 1 && 2 * (below + bins[median]) < total)
		below += bins[median++];
	pfree(bins);
	return Max((LogAmount) (LIMIT_MEDIANS * ((median << BIN_SHIFT) + (1 << (BIN_SHIFT - 1)))), 1);
}

/*
 * Fit all spells, or those outside a group.  The limit is found once.
 */
void
level_fit(LevelFit *fit, GroupTable *table, const GroupValues *without)
{
	if (fit->limit == 0)
	{
		fit_rounds(fit, table, without, FIRST_ROUNDS, WIDE_LIMIT);
		fit->limit = find_limit(fit, table);
	}
	fit_rounds(fit, table, without, ROUNDS, fit->limit);
}
