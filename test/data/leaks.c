/*-------------------------------------------------------------------------
 *
 * leaks.c
 *		Plants leakage of known size in an honest history.
 *
 * missing_weeks	2 to half of the interior weeks lose their row
 * zero_weeks		2 to half of the weeks are billed 0
 * drop				from some week on, with at least two weeks before and
 *					after, a factor of .1 to .5 of the amount due is billed
 * underbilled		a factor of .2 to .6 is billed in all weeks
 *
 * Only numbers with at least six weeks leak.  The loss is the amount due minus
 * the amount billed, to the last digit.
 *
 *-------------------------------------------------------------------------
 */
#include "generate.h"

#define MIN_WEEKS 6

const char *const leak_kind_names[LEAK_KINDS] = {
	"missing_weeks", "zero_weeks", "drop", "underbilled"
};

/*
 * Move a random sample of k of the n weeks to the front.
 */
static void
sample(Rng *rng, int *weeks, int n, int k)
{
	for (int i = 0; i < k; i++)
	{
		int			j = rng_between(rng, i, n - 1);
		int			week = weeks[j];

		weeks[j] = weeks[i];
		weeks[i] = week;
	}
}

/*
 * Bill only a factor, in millionths, of the amount due in a week.
 */
static void
bill(History *history, int week, int64_t factor)
{
	int64_t		due = history->honest[week];

	history->billed[week] = due / 1000000 * factor + due % 1000000 * factor / 1000000;
	if (week < history->leak_first)
		history->leak_first = week;
	if (week > history->leak_last)
		history->leak_last = week;
}

/*
 * Make a number leak if it is drawn for leakage.
 */
void
leak_plant(const Options *opt, History *history)
{
	Rng			rng = rng_stream(opt->seed, FOR_LEAK, history->number);
	bool		leaks = rng_chance(&rng, opt->leak);
	LeakKind	kind = opt->kinds[rng_below(&rng, (uint64_t) opt->nkinds)];
	int			weeks[MAX_WEEKS];
	int			n = 0;
	int			present = 0;
	int			first = 0;
	int			last = 0;
	int			k;

	if (!leaks)
		return;
	for (int w = history->first; w <= history->last; w++)
		present += history->present[w];
	if (present < MIN_WEEKS)
		return;

	for (int w = history->first; w <= history->last; w++)
	{
		if (!history->present[w])
			continue;
		if (kind == LEAK_MISSING_WEEKS && (w == history->first || w == history->last))
			continue;
		if (kind == LEAK_ZERO_WEEKS && history->honest[w] == 0)
			continue;
		weeks[n++] = w;
	}

	history->leak_first = MAX_WEEKS;
	history->leak_last = -1;
	history->leak_factor = 0;
	switch (kind)
	{
		case LEAK_MISSING_WEEKS:
		case LEAK_ZERO_WEEKS:
			if (n < 4)
				return;
			k = rng_between(&rng, 2, n / 2);
			sample(&rng, weeks, n, k);
			last = k;
			break;
		case LEAK_DROP:
			first = rng_between(&rng, 2, n - 2);
			last = n;
			history->leak_factor = rng_between(&rng, 100000, 500000);
			break;
		case LEAK_UNDERBILLED:
			last = n;
			history->leak_factor = rng_between(&rng, 200000, 600000);
			break;
		case LEAK_NONE:
			return;
	}
	history->leak = kind;
	for (int i = first; i < last; i++)
	{
		bill(history, weeks[i], history->leak_factor);
		if (kind == LEAK_MISSING_WEEKS)
			history->present[weeks[i]] = false;
	}
}

/*
 * The money lost, as a decimal.
 */
void
leak_amount_text(const Options *opt, const History *history, char *text,
				 size_t size)
{
	int64_t		whole = 0;
	int64_t		part = 0;

	for (int w = 0; w < opt->nweeks; w++)
	{
		int64_t		lost;

		if (!history->used[w])
			continue;
		lost = history->honest[w] - history->billed[w];
		whole += lost / MONEY_ONE;
		part += lost % MONEY_ONE;
		if (part >= MONEY_ONE)
		{
			part -= MONEY_ONE;
			whole++;
		}
	}
	snprintf(text, size, "%lld.%015lld", (long long) whole, (long long) part);
}
