/*-------------------------------------------------------------------------
 *
 * period_totals_state.c
 *		Sums by period over many entities, exact.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "profile/period_totals_state.h"

PeriodTotals *
period_totals_make(int capacity)
{
	PeriodTotals *totals = palloc(sizeof(PeriodTotals));

	totals->nperiods = 0;
	totals->capacity = Max(capacity, 1);
	totals->totals = palloc(totals->capacity * sizeof(PeriodTotal));
	return totals;
}

/* the slot of a period, or the one where it belongs */
static int
find_slot(const PeriodTotals *totals, int32 period)
{
	int			low = 0;
	int			high = totals->nperiods;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (totals->totals[middle].period < period)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* make room for a period at a slot, with nothing in it */
static PeriodTotal *
insert_slot(PeriodTotals *totals, int slot, int32 period)
{
	PeriodTotal *total;

	CHECK_FOR_INTERRUPTS();		/* descending periods move all others each time */
	if (totals->nperiods == PERIOD_TOTALS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("cannot add up more than %d periods", PERIOD_TOTALS_MAX),
				 errhint("Number periods by weeks or months, in steps of one.")));
	if (totals->nperiods == totals->capacity)
	{
		totals->capacity *= 2;
		totals->totals = repalloc(totals->totals, totals->capacity * sizeof(PeriodTotal));
	}
	total = &totals->totals[slot];
	memmove(total + 1, total, (totals->nperiods - slot) * sizeof(PeriodTotal));
	totals->nperiods++;
	memset(total, 0, sizeof(PeriodTotal));
	total->period = period;
	return total;
}

void
period_totals_add(PeriodTotals *totals, const PeriodTotal *added, int *slot)
{
	PeriodTotal *total;

	if (*slot >= totals->nperiods || totals->totals[*slot].period != added->period)
		*slot = find_slot(totals, added->period);
	if (*slot < totals->nperiods && totals->totals[*slot].period == added->period)
		total = &totals->totals[*slot];
	else
		total = insert_slot(totals, *slot, added->period);

	total->entities += added->entities;
	total->present += added->present;
	total->positive += added->positive;
	total->leaking += added->leaking;
	total->actual += added->actual;
	total->expected += added->expected;
	total->leak += added->leak;
}

static bool
sum_is_possible(int128 sum, int64 entities)
{
	int128		bound = (int128) entities << 63;

	return sum >= -bound && sum <= bound;
}

const char *
period_totals_fault(const PeriodTotals *totals)
{
	for (int i = 0; i < totals->nperiods; i++)
	{
		const PeriodTotal *t = &totals->totals[i];

		if (i > 0 && t->period <= totals->totals[i - 1].period)
			return "the periods do not ascend";
		if (t->entities < 1 || t->entities >= INT64CONST(1) << 62)
			return "the number of entities is out of range";
		if (t->present < 0 || t->present > t->entities ||
			t->positive < 0 || t->positive > t->present ||
			t->leaking < 0 || t->leaking > t->entities)
			return "more entities of a kind than entities";
		if (!sum_is_possible(t->actual, t->entities) ||
			!sum_is_possible(t->expected, t->entities) ||
			!sum_is_possible(t->leak, t->entities))
			return "a sum is out of range";
	}
	return NULL;
}
