/*-------------------------------------------------------------------------
 *
 * count_law.c
 *		The law of an honest entity's missing periods, and that of its zero
 *		periods: see count_law.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "detector/count_law.h"

const CountKindInfo count_kinds[COUNT_KINDS] = {
	[COUNT_MISSING] = {LEAK_MISSING, MODEL_HOLE_RATE, MODEL_HOLE_DISPERSION},
	[COUNT_ZERO] = {LEAK_ZERO, MODEL_ZERO_RATE, MODEL_ZERO_DISPERSION}
};

PeriodCount
history_count(const History *history, CountKind kind)
{
	PeriodCount c;

	c.count = kind == COUNT_MISSING ? history->missing : history->zero_inside;
	c.n = kind == COUNT_MISSING ? history->interior : history->present_inside;
	if (history->paid < COUNT_MIN_PAID)
		c.count = c.n = 0;
	return c;
}

CountLaw
count_law(double rate, double dispersion)
{
	CountLaw	law;

	law.rate = rate;
	law.dispersion = dispersion;
	law.size = dispersion > 0 ? (1 - dispersion) / dispersion : 0;
	law.a = rate * law.size;
	law.b = (1 - rate) * law.size;
	return law;
}

CountLaw
count_law_of_model(const LeakageModel *model, CountKind kind)
{
	return count_law(model_value(model, count_kinds[kind].rate),
					 model_value(model, count_kinds[kind].dispersion));
}

double
log_choose(int n, int k)
{
	return lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0);
}

double
count_law_log_pattern(const CountLaw *law, PeriodCount c)
{
	int			others = c.n - c.count;

	if (law->dispersion > 0)
		return lgamma(c.count + law->a) - lgamma(law->a) + lgamma(others + law->b) - lgamma(law->b)
			- lgamma(c.n + law->size) + lgamma(law->size);
	return c.count * log(law->rate) + others * log1p(-law->rate);
}

double
count_law_log(const CountLaw *law, PeriodCount c)
{
	return log_choose(c.n, c.count) + count_law_log_pattern(law, c);
}

double
count_law_log_tail(const CountLaw *law, PeriodCount c)
{
	double		term = 1;		/* P(x) / P(count) */
	double		sum = 1;

	if (c.count < COUNT_MIN)
		return 0;
	for (int x = c.count; x < c.n; x++)
	{
		double		hit;
		double		miss;

		count_law_step(law, c.n, x, &hit, &miss);
		term *= (double) (c.n - x) / (x + 1);
		term *= hit / miss;
		sum += term;
	}
	return Min(count_law_log(law, c) + log(sum), 0);
}
