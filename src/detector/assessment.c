/*-------------------------------------------------------------------------
 *
 * assessment.c
 *		What a model says about one entity: probability, reason, amounts.
 *
 * Amounts, if the entity leaks in this way, with m the expected amounts and
 * y the actual ones:
 *	missing			level * m of the missing periods inside the span
 *	zero			level * m of the zero periods
 *	drop			(E[1 / factor] - 1) * y from the most likely change on
 *	underbilled		(E[1 / factor] - 1) * y
 * So a fall is made good by the factor that the history makes likely, not by
 * the level before it: a change is seen where the fall looks largest.
 *
 * Invariant: each period's expected leak is rounded to a micro-unit, and the
 * sums are sums of these.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "detector/assessment.h"
#include "utils/memutils.h"

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

/*
 * An assessor for a model, in a memory context.
 */
Assessor *
assessor_make(MemoryContext context, const LeakageModel *model)
{
	Assessor   *assessor = MemoryContextAlloc(context, sizeof(Assessor));

	assessor->context = context;
	assessor->model = NULL;
	assessor->tables = NULL;
	assessor_set_model(assessor, model);
	return assessor;
}

/*
 * Take this model, which most of the time is the one that it has.
 */
void
assessor_set_model(Assessor *assessor, const LeakageModel *model)
{
	MemoryContext old;

	if (model_equal(assessor->model, model))
		return;
	if (assessor->tables != NULL)
		likelihood_free(assessor->tables);
	assessor->tables = NULL;
	if (assessor->model != NULL)
		pfree(assessor->model);
	assessor->model = NULL;
	if (model == NULL)
		return;

	old = MemoryContextSwitchTo(assessor->context);
	assessor->model = model_copy(model);
	if (model->method == MODEL_LIKELIHOOD)
		assessor->tables = likelihood_tables(model);
	MemoryContextSwitchTo(old);
}

/*
 * Assess an entity.
 */
void
assess(Assessor *assessor, const LeakageProfile *profile, Assessment *a)
{
	const LeakageModel *model = assessor->model;
	const History *h = &assessor->history;
	int			change;
	int			i;

	history_read(&assessor->history, profile);
	if (assessor->tables != NULL)
	{
		Posterior	p;
		double		bins = BINS_PER_OCTAVE / M_LN2;
		double		noise = model_value(model, MODEL_NOISE_CV2) * bins * bins / model_kappa(model);
		double		spread = model_value(model, MODEL_SIGMA);

		likelihood_posterior(assessor->tables, h, &p);
		likelihood_drop_factor(assessor->tables, h, &p);
		a->method = "likelihood";
		a->tested = false;
		a->p_value = 1;
		memcpy(a->leak, p.leak, sizeof(a->leak));
		a->p_leak = p.p_leak;
		a->p_no_leak = p.p_no_leak;
		a->log_odds = p.log_odds;
		a->level = p.level;
		a->own_share = h->positive == 0 || p.level_width == 0 ? 0 :
			spread * spread / (spread * spread + noise / h->positive);
		change = p.change;
		a->drop_inverse = p.drop_inverse;
		a->underbilled_inverse = p.underbilled_inverse;
	}
	else
	{
		ClosedForm	c;

		closed_form(model, h, &c);
		a->method = model != NULL ? "closed_form" : "default";
		a->tested = true;
		a->p_value = c.p_value;
		memcpy(a->leak, c.leak, sizeof(a->leak));
		a->p_leak = c.p_leak;
		a->p_no_leak = c.p_no_leak;
		a->log_odds = c.log_odds;
		a->level = c.level;
		a->own_share = c.own_share;
		change = c.change;
		a->drop_inverse = c.drop_inverse;
		a->underbilled_inverse = c.underbilled_inverse;
	}

	/* who reads a probability of one reads certainty */
	a->p_leak = Min(a->p_leak, 1 - DBL_EPSILON / 2);
	a->score = score_of(a->log_odds);
	a->change_slot = change < 0 ? -1 : h->slot[change];
	a->expected_missing = h->interior *
		(model != NULL ? model_value(model, MODEL_HOLE_RATE) : MODEL_DEFAULT_HOLE_RATE);

	a->leak[LEAK_NONE] = 0;
	a->reason = LEAK_NONE;
	for (i = LEAK_MISSING; i <= LEAK_UNDERBILLED; i++)
	{
		if (a->leak[i] > a->leak[a->reason])
			a->reason = i;
	}
}

/*
 * What a slot leaks under one way to leak, if that is the case; micro-units.
 */
static double
period_amount(const Assessor *assessor, const LeakageProfile *profile,
			  const Assessment *a, Hypothesis hypothesis, int slot)
{
	const ProfilePeriod *p = &profile->periods[slot];
	PeriodKind	kind = period_kind(p);

	if (slot < assessor->history.first || slot > assessor->history.last)
		return 0;
	switch (hypothesis)
	{
		case LEAK_MISSING:
			return kind == MISSING_PERIOD ? a->level * p->expected : 0;
		case LEAK_ZERO:
			return kind == ZERO_PERIOD ? a->level * p->expected : 0;
		case LEAK_DROP:
			return kind == PAID_PERIOD && a->change_slot >= 0 && slot >= a->change_slot ?
				(a->drop_inverse - 1) * p->actual : 0;
		case LEAK_UNDERBILLED:
			return kind == PAID_PERIOD ? (a->underbilled_inverse - 1) * p->actual : 0;
		default:
			return 0;
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

/*
 * What a slot is expected to leak.
 */
int64
period_leak(const Assessor *assessor, const LeakageProfile *profile,
			const Assessment *a, int slot)
{
	double		sum = 0;
	int			i;

	for (i = LEAK_MISSING; i <= LEAK_UNDERBILLED; i++)
		sum += a->leak[i] * period_amount(assessor, profile, a, i, slot);
	return micro_units(sum);
}

/*
 * Sums over all periods.
 */
void
assess_amounts(const Assessor *assessor, const LeakageProfile *profile,
			   const Assessment *a, int128 *amount, int128 *expected_leak)
{
	const History *h = &assessor->history;
	int			i;

	*amount = 0;
	*expected_leak = 0;
	if (h->first < 0)
		return;
	for (i = h->first; i <= h->last; i++)
	{
		*amount += micro_units(period_amount(assessor, profile, a, a->reason, i));
		*expected_leak += period_leak(assessor, profile, a, i);
	}
}

/*
 * Does the reason concern this slot?
 */
bool
period_concerned(const Assessor *assessor, const LeakageProfile *profile,
				 const Assessment *a, int slot)
{
	PeriodKind	kind = period_kind(&profile->periods[slot]);

	if (slot < assessor->history.first || slot > assessor->history.last)
		return false;
	switch (a->reason)
	{
		case LEAK_MISSING:
			return kind == MISSING_PERIOD;
		case LEAK_ZERO:
			return kind == ZERO_PERIOD;
		case LEAK_DROP:
			return kind == PAID_PERIOD && slot >= a->change_slot;
		case LEAK_UNDERBILLED:
			return kind == PAID_PERIOD;
		default:
			return false;
	}
}
