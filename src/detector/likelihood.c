/*-------------------------------------------------------------------------
 *
 * likelihood.c
 *		How likely a history is if nothing is wrong, and under each of the
 *		other hypotheses; and what follows for the entity.
 *
 * Positive periods are bins b of log(actual / expected), so that a level or
 * a factor is a shift: with the noise law g, A(S) = product of g(b - S).
 *	none			sum over levels k of pi(k) A(k)
 *	underbilled		sum over k, factors j of pi(k) q(j) A(k - j)
 *	drop			the same with the factor from some period on, mean over
 *					the periods where it can begin
 *	and the mirror images of the last two, with k + j.
 * Missing and zero periods are patterns: a leak gives each number of them the
 * same probability, and each set of so many periods.  The laws of honest
 * entities are in count_law.c, absence_law.c, end_law.c and payer_law.c.
 *
 * Invariants
 *	- doubles are evaluated in one fixed order, element by element.  No sum is
 *	  reordered, so that vectorized code gives the same bits.
 *	- products of many periods are kept near one by powers of two, the same
 *	  for all shifts.  A shift that is 10^200 times less likely than the best
 *	  one of the same periods may count as impossible.
 *	- a history has at most 1,024 periods, so the work on one takes some
 *	  milliseconds, and is not interrupted.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "detector/compensation.h"
#include "detector/likelihood.h"
#include "detector/payer_amounts.h"
#include "detector/rescale.h"

/* with so many levels, sums made side by side are faster */
#define MANY_LEVELS			8

/*
 * A history counts less if its periods jump about this much more than the
 * noise law says, as a ratio of variances.  The law counts like so many of its
 * own steps.
 */
#define RESTLESS_GUARD		1.5
#define RESTLESS_WEIGHT		4

/*
 * Products of the noise law over the periods from each one on, for all shifts:
 * the rows of after[], from the last to the first.
 */
static void
products_after(LikelihoodTables *t, const History *h)
{
	int			points = 2 * t->reach + 1;
	int			stride = row_width(t);
	double	   *row = t->after + (Size) h->positive * stride;
	int			scale = 0;
	int			i;
	int			s;

	for (s = 0; s < points; s++)
		row[s] = 1;
	t->after_scale[h->positive] = 0;

	for (i = h->positive - 1; i >= 0; i--)
	{
		const double *noise = t->noise + NOISE_MARGIN - t->reach - h->bin[i];
		double	   *next = row;

		row = t->after + (Size) i * stride;
		for (s = 0; s < points; s++)
			row[s] = next[s] * noise[s];
		if (i % RESCALE_EVERY == 0)
			scale += rescale(row, points);
		t->after_scale[i] = scale;
	}
}

/*
 * A change at one period: sum over levels k of before(k), times sum over
 * factors j of factor(j) * after(k - j), and for a rise after(k + j).
 *
 * Few levels are taken one after the other, each sum in a register.  Many are
 * taken side by side, which can be vectorized.  Each sum over factors has the
 * same order either way.
 */
static inline void
change_terms(const LikelihoodTables *t, const double *before, const double *after,
			 double *down, double *up)
{
	double		fall[LEVEL_MAX_POINTS];
	double		rise[LEVEL_MAX_POINTS];
	int			points = 2 * t->width + 1;
	const double *low = after + t->reach - t->width - FACTOR_MIN_BINS;
	const double *high = after + t->reach - t->width + FACTOR_MIN_BINS;
	int			k;
	int			j;

	if (points < MANY_LEVELS)
	{
		for (k = 0; k < points; k++)
		{
			double		level_fall = 0;
			double		level_rise = 0;

			for (j = 0; j < FACTORS; j++)
			{
				level_fall += t->factor[j] * low[k - j];
				level_rise += t->factor[j] * high[k + j];
			}
			fall[k] = level_fall;
			rise[k] = level_rise;
		}
	}
	else
	{
		for (k = 0; k < points; k++)
			fall[k] = rise[k] = 0;
		for (j = 0; j < FACTORS; j++, low--, high++)
		{
			double		factor = t->factor[j];

			for (k = 0; k < points; k++)
			{
				fall[k] += factor * low[k];
				rise[k] += factor * high[k];
			}
		}
	}
	*down = *up = 0;
	for (k = 0; k < points; k++)
	{
		*down += before[k] * fall[k];
		*up += before[k] * rise[k];
	}
}

/*
 * An event that changes the history from here on: sum over levels k of
 * before(k), times sum over the factors j of the event of factor(j) * after(k + j).
 */
static void
event_terms(const LikelihoodTables *t, const EventLaw *event, const double *before,
			const double *after, int scale, EventPosterior *p)
{
	int			points = 2 * t->width + 1;
	const double *same = after + t->reach - t->width;
	double		total = 0;

	for (int i = 0; i < EVENT_FACTORS; i++)
	{
		double		sum = 0;

		if (event->factor[i] > 0)
		{
			for (int k = 0; k < points; k++)
				sum += before[k] * same[k + event_bin(i)];
		}
		p->factor[i] = event->factor[i] * sum;
		total += p->factor[i];
	}
	p->log_amounts = total > 0 ? log(total) + scale * M_LN2 : -INFINITY;
	for (int i = 0; i < EVENT_FACTORS; i++)
		p->factor[i] = total > 0 ? p->factor[i] / total : 0;
}

/*
 * log of the mean of terms[from .. to], each times 2^scale.
 */
static double
log_mean(const double *terms, const int *scale, int from, int to)
{
	int			largest = PG_INT32_MIN;
	double		sum = 0;
	int			i;

	for (i = from; i <= to; i++)
	{
		int			exponent;

		if (terms[i] > 0)
		{
			(void) frexp(terms[i], &exponent);
			largest = Max(largest, scale[i] + exponent);
		}
	}
	for (i = from; i <= to; i++)
	{
		if (terms[i] > 0)
			sum += ldexp(terms[i], scale[i] - largest);
	}
	if (sum <= 0)
		return -INFINITY;
	return log(sum / (to - from + 1)) + largest * M_LN2;
}

/*
 * The power that the evidence of this history is raised to: that of the model,
 * and less where the periods jump about more than the noise law says.  The
 * largest jump does not count, since it may be a change.
 */
static double
own_kappa(const LikelihoodTables *t, const History *h)
{
	int			n = h->positive;
	int			sum = 0;
	int			largest = 0;
	double		ratio;
	int			i;

	if (n < CHANGE_MIN_POSITIVE)
		return t->kappa;
	for (i = 1; i < n; i++)
	{
		int			step = abs(h->bin[i] - h->bin[i - 1]);

		sum += step;
		largest = Max(largest, step);
	}
	ratio = (sum - largest) / ((n - 2) * t->noise_step);
	ratio = (ratio * ratio * (n - 2) + RESTLESS_WEIGHT) / (n - 2 + RESTLESS_WEIGHT);
	return ratio > RESTLESS_GUARD ? t->kappa * RESTLESS_GUARD / ratio : t->kappa;
}

/*
 * log of the sum of exp(a).
 */
static double
log_sum(const double *a, int n)
{
	double		largest = -INFINITY;
	double		sum = 0;
	int			i;

	for (i = 0; i < n; i++)
		largest = Max(largest, a[i]);
	if (largest == -INFINITY)
		return largest;
	for (i = 0; i < n; i++)
		sum += exp(a[i] - largest);
	return log(sum) + largest;
}

/*
 * The logarithm of the likelihood if nothing is wrong, and a term for each
 * period where a change can begin.  before[] has what each level adds to the
 * likelihood, up to a power of two.  It adds up to *sum.
 */
static double
go_forward(LikelihoodTables *t, const History *h, double *before, double *sum)
{
	int			n = h->positive;
	int			points = 2 * t->width + 1;
	int			stride = row_width(t);
	int			scale = 0;
	int			i;
	int			k;

	for (k = 0; k < points; k++)
		before[k] = t->level[k];
	for (i = 0; i < t->events; i++)
		t->in_event[i].change = event_change(h, t->event[i].period);
	for (i = 0; i < n; i++)
	{
		const double *noise = t->noise + NOISE_MARGIN - t->width - h->bin[i];

		for (int e = 0; e < t->events; e++)
		{
			if (t->in_event[e].change == i)
				event_terms(t, &t->event[e], before, t->after + (Size) i * stride,
							scale + t->after_scale[i], &t->in_event[e]);
		}
		if (n >= CHANGE_MIN_POSITIVE && i >= CHANGE_MIN_SIDE && i <= n - CHANGE_MIN_SIDE)
		{
			change_terms(t, before, t->after + (Size) i * stride, &t->down[i], &t->up[i]);
			t->scale[i] = scale + t->after_scale[i];
		}
		for (k = 0; k < points; k++)
			before[k] *= noise[k];
		if (i % RESCALE_EVERY == 0)
			scale += rescale(before, points);
	}
	*sum = 0;
	for (k = 0; k < points; k++)
		*sum += before[k];
	return log(*sum) + scale * M_LN2;
}

/*
 * The level, if the entity is honest.
 */
static void
find_level(LikelihoodTables *t, const History *h, const double *before, double sum,
		   Posterior *p, Verdict *v)
{
	int			points = 2 * t->width + 1;
	double		spread = t->sigma;
	int			k;

	p->level_width = t->width;
	p->level_weight = t->weight;
	p->level_group = t->groups ? t->level_group : NULL;
	v->level = 0;
	for (k = 0; k < points; k++)
	{
		t->weight[k] = before[k] / sum;
		v->level += t->weight[k] * t->level_factor[k];
	}
	v->level *= t->noise_mean;
	v->own_share = h->positive == 0 || t->width == 0 ? 0 :
		spread * spread / (spread * spread + t->noise_variance / h->positive);
}

/*
 * log P(just these periods are missing), and log P(just these are zero), for an
 * honest user who pays in every period.
 */
typedef struct HonestPattern
{
	double		kind[COUNT_KINDS];
} HonestPattern;

/*
 * Zero periods at the ends follow laws of their own, or they are like those
 * inside, half of the users each.  Where users differ in how often they have
 * zeros, those with many inside have them at the ends, too.
 */
static HonestPattern
honest_pattern(const LikelihoodTables *t, const History *h)
{
	PeriodCount all = {h->zero, h->present};
	HonestPattern p;

	for (int kind = 0; kind < COUNT_KINDS; kind++)
		p.kind[kind] = absence_law_log_pattern(&t->absence[kind], &t->count[kind], h, kind);
	p.kind[COUNT_ZERO] += end_law_log(&t->end[END_LEAD], h->lead) + end_law_log(&t->end[END_TRAIL], h->trail);
	if (h->paid >= COUNT_MIN_PAID)
	{
		double		alike[2] = {p.kind[COUNT_ZERO], count_law_log_pattern(&t->count[COUNT_ZERO], all)};

		p.kind[COUNT_ZERO] = log_sum(alike, 2) - M_LN2;
	}
	return p;
}

/*
 * Weights of too many missing and of too many zero periods, where any number
 * from 1 to n is equally likely, and any set of so many periods.  Here and
 * below, a weight is the logarithm of rate times likelihood, over the
 * likelihood if nothing is wrong.
 *
 * A leak by zero periods does not know where the first and the last payment
 * are.  So the zero periods at the ends count for the leak, and the laws of the
 * ends against it.
 */
static void
weigh_counts(const LikelihoodTables *t, const History *h, const HonestPattern *honest,
			 const Compensation *paid, double *weight, Posterior *p)
{
	PeriodCount leak[COUNT_KINDS];

	leak[COUNT_MISSING] = history_count(h, COUNT_MISSING);
	leak[COUNT_ZERO].count = h->zero;
	leak[COUNT_ZERO].n = h->present;
	for (int kind = 0; kind < COUNT_KINDS; kind++)
	{
		Hypothesis	reason = count_kinds[kind].leak;
		PeriodCount c = leak[kind];
		weight[reason] = c.count < COUNT_MIN || h->paid < COUNT_MIN_PAID ? -INFINITY :
			t->log_rate[reason] + (-log((double) c.n) - log_choose(c.n, c.count) - honest->kind[kind]);
		p->honest[kind] = 1 / (1 + exp(weight[reason] - log1p(-exp(t->log_rate[reason]))));

		/* who makes up for such periods has lost nothing, and yet teaches no more than others who have as many */
		if (paid->unpaid)
			weight[reason] = -INFINITY;
	}
}

/*
 * Weights of a user who does not pay in every period.
 */
static void
weigh_payers(LikelihoodTables *t, const History *h, const HonestPattern *honest, double none,
			 double *weight)
{
	PayerFacts *facts = &t->payer.facts;
	double		other;

	weight[PAYS_REGULARLY] = weight[PAYS_IRREGULARLY] = -INFINITY;
	payer_facts(h, facts);
	if (!facts->applies)
		return;
	other = payer_amounts(t, h, none, &t->payer) - none
		- honest->kind[COUNT_MISSING] - honest->kind[COUNT_ZERO];
	weight[PAYS_REGULARLY] = t->log_rate[PAYS_REGULARLY] +
		payer_log_regular(facts, t->skip_rate) + other;
	weight[PAYS_IRREGULARLY] = t->log_rate[PAYS_IRREGULARLY] + facts->log_irregular + other;
}

/*
 * Weights of a change, down and up, and where a fall most likely begins.
 */
static void
weigh_change(const LikelihoodTables *t, const History *h, double kappa, double none,
			 double *weight, Verdict *v)
{
	int			from = CHANGE_MIN_SIDE;
	int			to = h->positive - CHANGE_MIN_SIDE;
	int			i;

	v->change = -1;
	weight[LEAK_DROP] = weight[RISE_DROP] = -INFINITY;
	if (h->positive < CHANGE_MIN_POSITIVE)
		return;
	weight[LEAK_DROP] = t->log_rate[LEAK_DROP] +
		kappa * (log_mean(t->down, t->scale, from, to) - none);
	weight[RISE_DROP] = t->log_rate[RISE_DROP] +
		kappa * (log_mean(t->up, t->scale, from, to) - none);

	v->change = from;
	for (i = from + 1; i <= to; i++)
	{
		if (ldexp(t->down[i], t->scale[i] - t->scale[v->change]) > t->down[v->change])
			v->change = i;
	}
}

/*
 * Weight of being in an event, and probability of each event if the user is in
 * one; which one is the likeliest, -1: no event applies.
 */
static void
weigh_events(const LikelihoodTables *t, double kappa, double none, double *weight, Posterior *p)
{
	double		log_weight[MODEL_EVENTS];

	for (int i = 0; i < t->events; i++)
		log_weight[i] = t->in_event[i].change < 0 ? -INFINITY :
			t->event[i].log_rate + kappa * (t->in_event[i].log_amounts - none);
	weight[IN_EVENT] = log_sum(log_weight, t->events);
	p->likeliest_event = -1;
	for (int i = 0; i < t->events; i++)
	{
		p->event[i] = log_weight[i] == -INFINITY ? 0 : exp(log_weight[i] - weight[IN_EVENT]);
		if (p->event[i] > 0 && (p->likeliest_event < 0 || p->event[i] > p->event[p->likeliest_event]))
			p->likeliest_event = i;
	}
}

/*
 * Weights of a level that is too low, or too high, all along.
 */
static void
weigh_level(const LikelihoodTables *t, const History *h, double kappa, double none,
			double *weight, Verdict *v)
{
	double		under = 0;
	double		inverse = 0;
	double		over = 0;
	int			k;

	v->underbilled_inverse = 1;
	weight[LEAK_UNDERBILLED] = weight[RISE_UNDERBILLED] = -INFINITY;
	if (h->positive < LEVEL_MIN_POSITIVE)
		return;
	for (k = 0; k < 2 * t->reach + 1; k++)
	{
		under += t->after[k] * t->under[k];
		inverse += t->after[k] * t->under_inverse[k];
		over += t->after[k] * t->over[k];
	}
	weight[LEAK_UNDERBILLED] = t->log_rate[LEAK_UNDERBILLED] +
		kappa * (log(under) + t->after_scale[0] * M_LN2 - none);
	weight[RISE_UNDERBILLED] = t->log_rate[RISE_UNDERBILLED] +
		kappa * (log(over) + t->after_scale[0] * M_LN2 - none);
	if (under > 0)
		v->underbilled_inverse = inverse / under;
}

/*
 * A change after which as much came in as before is no fall.
 */
static void
drop_made_up_falls(LikelihoodTables *t, const History *h, const Compensation *paid)
{
	for (int i = CHANGE_MIN_SIDE; i <= Min(h->positive - CHANGE_MIN_SIDE, paid->last); i++)
	{
		if (compensates_fall(paid, h, i))
			t->down[i] = 0;
	}
}

/*
 * What the history says under each hypothesis: the weights, the probabilities
 * that they give, and what goes with each hypothesis if it is the case.
 */
static void
weigh(LikelihoodTables *t, const History *h, double *weight, Posterior *p, Verdict *v)
{
	double		before[LEVEL_MAX_POINTS];
	double		kappa = own_kappa(t, h);
	HonestPattern honest = honest_pattern(t, h);
	Compensation paid;
	double		none;
	double		sum;

	likelihood_tables_reserve(t, h->positive);
	products_after(t, h);
	none = go_forward(t, h, before, &sum);
	find_level(t, h, before, sum, p, v);

	weight[LEAK_NONE] = t->log_rate[LEAK_NONE];
	paid = compensation(h, v->level, t->extraordinary);
	weigh_counts(t, h, &honest, &paid, weight, p);
	weigh_payers(t, h, &honest, none, weight);
	p->payer = t->payer.facts.applies ? &t->payer : NULL;
	if (paid.last >= 0)
		drop_made_up_falls(t, h, &paid);
	weigh_change(t, h, kappa, none, weight, v);
	weigh_level(t, h, kappa, none, weight, v);
	if (paid.level)
		weight[LEAK_UNDERBILLED] = -INFINITY;
	weigh_events(t, kappa, none, weight, p);

	sum = log_sum(weight, HYPOTHESES);
	for (int i = 0; i < HYPOTHESES; i++)
		p->probability[i] = exp(weight[i] - sum);
}

/*
 * The odds of a leak, net of the mirror images.
 */
static double
net_log_odds(const LikelihoodTables *t, const double *weight)
{
	double		bad[HYPOTHESES];
	double		good[HYPOTHESES];

	for (int i = 0; i < HYPOTHESES; i++)
	{
		double		share = t->share[i];

		bad[i] = share > 0 ? weight[i] + log(share) : -INFINITY;
		good[i] = share < 1 ? weight[i] + log1p(-share) : -INFINITY;
	}
	return log_sum(bad, HYPOTHESES) - log_sum(good, HYPOTHESES);
}

/*
 * Expected 1 / factor of a drop at the likeliest change, after products_after()
 * for the same history.
 */
static double
drop_inverse(LikelihoodTables *t, const History *h, int change)
{
	const double *after;
	double		before[LEVEL_MAX_POINTS];
	double		total = 0;
	double		inverse = 0;
	int			points = 2 * t->width + 1;
	int			i;
	int			j;
	int			k;

	if (change < 0)
		return 1;
	for (k = 0; k < points; k++)
		before[k] = t->level[k];
	for (i = 0; i < change; i++)
	{
		const double *noise = t->noise + NOISE_MARGIN - t->width - h->bin[i];

		for (k = 0; k < points; k++)
			before[k] *= noise[k];
		if (i % RESCALE_EVERY == 0)
			(void) rescale(before, points);
	}
	after = t->after + (Size) change * row_width(t) + t->reach - t->width;
	for (k = 0; k < points; k++)
	{
		double		fall = 0;
		double		fall_inverse = 0;

		for (j = 0; j < FACTORS; j++)
		{
			fall += t->factor[j] * after[k - FACTOR_MIN_BINS - j];
			fall_inverse += t->factor_inverse[j] * after[k - FACTOR_MIN_BINS - j];
		}
		total += before[k] * fall;
		inverse += before[k] * fall_inverse;
	}
	return total > 0 ? inverse / total : 1;
}

/*
 * The event that most probably explains the amounts, if any does.
 */
static void
set_event(const LikelihoodTables *t, const History *h, const Posterior *p, Verdict *v)
{
	v->p_event = p->probability[IN_EVENT];
	v->event_change = -1;
	if (v->p_event <= 0.5)
		return;
	v->event_change = t->in_event[p->likeliest_event].change;
	v->event_period = t->event[p->likeliest_event].period;
	v->event_inverse = 0;
	for (int i = 0; i < EVENT_FACTORS; i++)
		v->event_inverse += t->in_event[p->likeliest_event].factor[i] *
			exp2(-(double) event_bin(i) / BINS_PER_OCTAVE);
}

/*
 * What a round of the fit learns from a history.
 */
void
likelihood_posterior(LikelihoodTables *t, const History *h, Posterior *p)
{
	double		weight[HYPOTHESES];
	Verdict		ignored;

	weigh(t, h, weight, p, &ignored);
}

/*
 * What the model says about the entity with this history.
 */
void
likelihood_verdict(LikelihoodTables *t, const History *h, Verdict *v)
{
	double		weight[HYPOTHESES];
	Posterior	p;

	weigh(t, h, weight, &p, v);
	v->method = model_method_name[MODEL_LIKELIHOOD];
	for (int i = 0; i < HYPOTHESES; i++)
		v->leak[i] = t->share[i] * p.probability[i];
	verdict_set_odds(v, net_log_odds(t, weight));
	v->p_regular = p.probability[PAYS_REGULARLY];
	v->p_irregular = p.probability[PAYS_IRREGULARLY];
	set_event(t, h, &p, v);
	v->tested = false;
	v->p_value = 1;
	v->drop_inverse = drop_inverse(t, h, v->change);
}
