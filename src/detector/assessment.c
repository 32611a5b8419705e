/*-------------------------------------------------------------------------
 *
 * assessment.c
 *		What a model says about an entity, and about each of its periods.
 *
 * Amounts, if the entity leaks in this way, with m the expected amounts and
 * y the actual ones:
 *	missing			level * m of the missing periods inside the span
 *	zero			level * m of the zero periods
 *	drop			(E[1 / factor] - 1) * y from the likeliest change on
 *	underbilled		(E[1 / factor] - 1) * y
 * So a fall is made good by the factor that the history makes likely, and not
 * by the level before it: a change is seen where the fall looks largest.
 *
 * Invariant: the amounts of each period are rounded to a micro-unit and are
 * not below zero.  The amounts of an entity are the sums of these.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "detector/assessment.h"
#include "detector/closed_form.h"
#include "detector/likelihood.h"
#include "utils/memutils.h"

const char *const reason_name[HYPOTHESES] = {
	[LEAK_NONE] = "none",
	[LEAK_MISSING] = "missing_weeks",
	[LEAK_ZERO] = "zero_weeks",
	[LEAK_DROP] = "drop",
	[LEAK_UNDERBILLED] = "underbilled"
};

/* log odds at which the score is 50 * (1 + sqrt(1/2)) */
#define SCORE_SCALE			5.0

/* an amount of a period is cut to this, in micro-units */
#define AMOUNT_LIMIT		9e18

/*
 * 0 to 100, rising with the log odds of a leak, slowly towards the ends so
 * that any two odds differ.
 */
static double
score_of(double log_odds)
{
	if (log_odds <= -1e15)
		return 0;
	if (log_odds >= 1e15)
		return 100;
	return 50 * (1 + log_odds / sqrt(log_odds * log_odds + SCORE_SCALE * SCORE_SCALE));
}

Assessor *
assessor_make(MemoryContext context, const LeakageModel *model)
{
	Assessor   *assessor = MemoryContextAllocZero(context, sizeof(Assessor));

	assessor->context = context;
	assessor_set_model(assessor, model);
	return assessor;
}

void
assessor_set_model(Assessor *assessor, const LeakageModel *model)
{
	MemoryContext old;

	if (assessor->model != NULL && assessor->is_default == (model == NULL) &&
		(model == NULL || model_equal(assessor->model, model)))
		return;
	if (assessor->tables != NULL)
		likelihood_tables_free(assessor->tables);
	assessor->tables = NULL;
	if (assessor->model != NULL)
		pfree(assessor->model);
	assessor->model = NULL;

	old = MemoryContextSwitchTo(assessor->context);
	assessor->is_default = model == NULL;
	assessor->model = model == NULL ? model_make() : model_copy(model);
	if (assessor->model->method == MODEL_LIKELIHOOD)
		assessor->tables = likelihood_tables_make(assessor->model);
	MemoryContextSwitchTo(old);
}

const Verdict *
assess(Assessor *assessor, const LeakageProfile *profile)
{
	const History *h = &assessor->history;
	Verdict    *v = &assessor->verdict;

	assessor->profile = profile;
	history_read(&assessor->history, profile);
	if (assessor->tables != NULL)
		likelihood_verdict(assessor->tables, h, v);
	else
		closed_form(assessor->model, assessor->is_default, h, v);

	v->score = score_of(v->log_odds);
	v->expected_missing = h->interior * model_value(assessor->model, MODEL_HOLE_RATE);
	v->payment_class = payment_class(h, v->p_regular, v->p_irregular);
	v->reason = LEAK_NONE;
	for (int i = LEAK_MISSING; i <= LEAK_UNDERBILLED; i++)
	{
		if (v->leak[i] > v->leak[v->reason])
			v->reason = i;
	}
	return v;
}

void
assessor_lower(Assessor *assessor, double share)
{
	Verdict    *v = &assessor->verdict;
	double		p_leak = 0;

	if (share >= 1)
		return;					/* to the last bit as it was */
	for (int i = LEAK_MISSING; i <= LEAK_UNDERBILLED; i++)
	{
		v->leak[i] *= share;
		p_leak += v->leak[i];
	}
	verdict_set_odds(v, log(p_leak) - log1p(-Min(p_leak, 1 - DBL_EPSILON / 2)));
	v->score = score_of(v->log_odds);
}

/*
 * Does a way to leak concern this period?
 */
static bool
concerns(const Assessor *assessor, Hypothesis leak, int slot)
{
	const History *h = &assessor->history;
	int			change = assessor->verdict.change;
	PeriodKind	kind = period_kind(&assessor->profile->periods[slot]);

	if (slot < h->first || slot > h->last)
		return false;
	switch (leak)
	{
		case LEAK_MISSING:
			return kind == MISSING_PERIOD;
		case LEAK_ZERO:
			return kind == ZERO_PERIOD;
		case LEAK_DROP:
			return kind == PAID_PERIOD && change >= 0 && slot >= h->slot[change];
		case LEAK_UNDERBILLED:
			return kind == PAID_PERIOD;
		default:
			return false;
	}
}

/*
 * What a period that a way to leak concerns has leaked, if that is the case;
 * micro-units.
 */
static double
amount_of(const Assessor *assessor, Hypothesis leak, int slot)
{
	const ProfilePeriod *p = &assessor->profile->periods[slot];
	const Verdict *v = &assessor->verdict;

	switch (leak)
	{
		case LEAK_DROP:
			return (v->drop_inverse - 1) * p->actual;
		case LEAK_UNDERBILLED:
			return (v->underbilled_inverse - 1) * p->actual;
		default:
			return v->level * p->expected;
	}
}

/*
 * Rounded to a micro-unit, and cut to what fits; not below zero.
 */
static int64
micro_units(double amount)
{
	return (int64) round(Max(Min(amount, AMOUNT_LIMIT), 0));
}

void
assess_period(const Assessor *assessor, int slot, PeriodVerdict *result)
{
	const Verdict *v = &assessor->verdict;
	double		sum = 0;

	result->concerned = false;
	result->amount = 0;
	for (Hypothesis leak = LEAK_MISSING; leak <= LEAK_UNDERBILLED; leak++)
	{
		double		amount;

		if (!concerns(assessor, leak, slot))
			continue;
		amount = amount_of(assessor, leak, slot);
		sum += v->leak[leak] * amount;
		if (leak == v->reason)
		{
			result->concerned = true;
			result->amount = micro_units(amount);
		}
	}
	result->expected_leak = micro_units(sum);
}

int128
assess_event_money(const Assessor *assessor)
{
	const History *h = &assessor->history;
	const Verdict *v = &assessor->verdict;
	int128		sum = 0;

	if (v->event_change < 0)
		return 0;
	for (int i = v->event_change; i < h->positive; i++)
	{
		double		amount = (v->event_inverse - 1) * assessor->profile->periods[h->slot[i]].actual;

		sum += (int64) round(Max(Min(amount, AMOUNT_LIMIT), -AMOUNT_LIMIT));
	}
	return sum;
}
