/*-------------------------------------------------------------------------
 *
 * fit_state.c
 *		The sums of one round of learning a leakage_model.  fit_model.c makes
 *		the model from them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "detector/fit_state.h"
#include "detector/fit_weight.h"

/* positive periods for an autocorrelation */
#define CORRELATION_MIN_POSITIVE	6

/* relative deviation of a period that there is noise from: half a bin */
#define CORRELATION_MIN_DEVIATION	0.04

FitState *
fit_make(const LeakageModel *model)
{
	FitState   *state = palloc0(sizeof(FitState));

	if (model != NULL)
	{
		state->model = model_copy(model);
		if (model->method == MODEL_LIKELIHOOD && event_round(model))
			state->events.search = event_search_make();
	}
	else
		state->start = palloc0(sizeof(FitStart));
	return state;
}

static inline int
noise_slot(int bin)
{
	return Max(Min(bin, BIN_MAX), BIN_MIN) - BIN_MIN;
}

/*
 * Autocorrelation of one entity in a round.
 *
 * It is 0 where the periods vary by less than half a bin.  Flat fees are such
 * entities.  If they were left out, the few of them that leak would stand for
 * all.  The start is different: a closed form has no mirrors, and many zeros
 * would hide from it that the other entities have waves.
 */
static double
round_correlation(const History *h)
{
	double		noise = h->positive * CORRELATION_MIN_DEVIATION * CORRELATION_MIN_DEVIATION;

	return h->squares > noise ? h->products / h->squares : 0;
}

/*
 * Divide the probability of a change over the periods where it can begin, by
 * terms that are each times 2^scale.
 */
static void
change_shares(const double *terms, const int *scale, int from, int to, double probability,
			  double *share)
{
	int			largest = PG_INT32_MIN;
	double		sum = 0;

	for (int i = from; i <= to; i++)
	{
		int			exponent;

		if (terms[i] > 0)
		{
			(void) frexp(terms[i], &exponent);
			largest = Max(largest, scale[i] + exponent);
		}
	}
	for (int i = from; i <= to; i++)
	{
		share[i] = terms[i] > 0 ? ldexp(terms[i], scale[i] - largest) : 0;
		sum += share[i];
	}
	for (int i = from; i <= to && sum > 0; i++)
		share[i] *= probability / sum;
}

/*
 * One entity at the start, when no model says yet which entities are honest.
 */
static void
start_add(FitState *state, const History *h)
{
	int			n = h->positive;

	for (int kind = 0; kind < COUNT_KINDS; kind++)
	{
		PeriodCount c = history_count(h, kind);

		if (c.n == 0)
			continue;
		count_start_add(&state->start->counts[kind], c);
		count_sums_add(&state->counts[kind], weight_from_double(1), c);
	}
	if (n >= LEVEL_MIN_POSITIVE)
	{
		double		log_level = log(h->mean);
		int			shift = (int) rint(log_level * BINS_PER_OCTAVE / M_LN2);

		state->sum[START_SQUARES] += weight_from_double(h->squares);
		state->sum[START_FREEDOM] += weight_from_double(n - 1 - h->squares / n);
		state->sum[START_INVERSE] += weight_from_double(1.0 / n);
		state->sum[START_LEVELS]++;
		level_histogram_add(&state->start->levels, log_level);
		for (int i = 0; i < n; i++)
			state->noise[noise_slot(h->bin[i] - shift)]++;
	}
	if (n >= CORRELATION_MIN_POSITIVE && h->squares > 0)
	{
		state->sum[START_CORRELATION] += weight_from_double(h->products / h->squares);
		state->sum[START_CORRELATED]++;
		state->sum[START_CORRELATED_PERIODS] += n;
	}
}

/*
 * What an entity says about events: the factors of those that the model has,
 * and where its own change is likely to begin.
 */
static void
add_events(FitState *state, const History *h, const Posterior *p)
{
	const LikelihoodTables *t = state->tables;
	double		in_event = p->probability[IN_EVENT];
	int			from = CHANGE_MIN_SIDE;
	int			to = h->positive - CHANGE_MIN_SIDE;

	for (int e = 0; e < t->events && in_event > 0; e++)
	{
		double		weight = in_event * p->event[e];

		for (int i = 0; i < EVENT_FACTORS && weight > 0; i++)
			state->events.factor[e][i] += weight_from_double(weight * t->in_event[e].factor[i]);
	}
	if (state->events.search != NULL && h->positive >= CHANGE_MIN_POSITIVE)
	{
		double		fall[PROFILE_MAX_PERIODS];
		double		rise[PROFILE_MAX_PERIODS];

		change_shares(t->down, t->scale, from, to, p->probability[LEAK_DROP], fall);
		change_shares(t->up, t->scale, from, to, p->probability[RISE_DROP], rise);
		event_search_add(state->events.search, h, from, to, fall, rise);
	}
}

/*
 * One entity in a round: the expectation.  Each hypothesis gets the entity's
 * probability of it.  What the entity says about honest levels, noise and
 * autocorrelation counts with the probability that nothing is wrong.
 */
static void
round_add(FitState *state, const History *h)
{
	Posterior	p;
	int128	   *sum = state->sum;
	int			n = h->positive;
	double		regular;
	double		irregular;
	double		honest;
	double		square = 0;
	double		group = 0;
	double		group_level = 0;

	if (state->tables == NULL)
		state->tables = likelihood_tables_make(state->model);
	likelihood_posterior(state->tables, h, &p);
	honest = p.probability[LEAK_NONE];
	regular = p.probability[PAYS_REGULARLY];
	irregular = p.probability[PAYS_IRREGULARLY];

	for (int i = 0; i < HYPOTHESES; i++)
		sum[ROUND_PROBABILITY + i] += weight_from_double(p.probability[i]);

	for (int k = -p.level_width; k <= p.level_width; k++)
	{
		double		share = p.level_weight[p.level_width + k];
		int64		weight = weight_from_double(honest * share);

		square += share * k * k;
		if (p.level_group != NULL)
		{
			double		second = share * p.level_group[p.level_width + k];

			group += second;
			group_level += second * k;
		}
		if (weight == 0)
			continue;
		for (int i = 0; i < n; i++)
			state->noise[noise_slot(h->bin[i] - k)] += weight;
	}
	sum[ROUND_LEVEL_SQUARE] += weight_from_double(honest * square);
	sum[ROUND_GROUP] += weight_from_double(honest * group);
	sum[ROUND_GROUP_LEVEL] += weight_from_double(honest * group_level);

	/*
	 * Counts have weights of their own, and not one minus the probability of
	 * the leak.  An entity may have two faults.  Where the other one is likelier,
	 * the probability of this one is near zero, and the count is still not
	 * honest.  A few such entities would teach that honest ones have clusters.
	 * Users who do not pay in every period teach nothing about those who do.
	 */
	for (int kind = 0; kind < COUNT_KINDS; kind++)
	{
		double		weight = p.honest[kind] * (1 - regular - irregular);

		absence_sums_add(&state->absences[kind], &state->counts[kind], &state->tables->absence[kind],
						 &state->tables->count[kind], h, kind, weight);
		if (kind == COUNT_ZERO && h->paid >= COUNT_MIN_PAID)
		{
			state->ends[END_LEAD][end_slot(h->lead)] += weight_from_double(weight);
			state->ends[END_TRAIL][end_slot(h->trail)] += weight_from_double(weight);
		}
	}
	add_events(state, h, &p);
	if (p.payer != NULL && regular + irregular > 0)
		payer_sums_add(&state->payers, state->tables, h, p.payer, regular, irregular);

	if (n >= CORRELATION_MIN_POSITIVE)
	{
		int64		weight = weight_from_double(honest);

		sum[ROUND_CORRELATION] += weight_from_double(honest * round_correlation(h));
		sum[ROUND_CORRELATED] += weight;
		sum[ROUND_CORRELATED_PERIODS] += (int128) weight * n;
	}
}

void
fit_add(FitState *state, const LeakageProfile *profile)
{
	History		history;

	state->users++;
	/* a closed form learns no more */
	if (state->model != NULL && state->model->method == MODEL_CLOSED_FORM)
		return;
	history_read(&history, profile);
	if (history.paid == 0)
		return;
	state->billed++;
	if (state->model == NULL)
		start_add(state, &history);
	else
		round_add(state, &history);
}

void
fit_merge(FitState *state, const FitState *other)
{
	state->users += other->users;
	state->billed += other->billed;
	for (int i = 0; i < FIT_SUMS; i++)
		state->sum[i] += other->sum[i];
	for (int i = 0; i < BIN_COUNT; i++)
		state->noise[i] += other->noise[i];
	for (int kind = 0; kind < COUNT_KINDS; kind++)
	{
		for (int i = 0; i < COUNT_MOMENTS; i++)
			state->counts[kind].moment[i] += other->counts[kind].moment[i];
		absence_sums_merge(&state->absences[kind], &other->absences[kind]);
	}
	for (int end = 0; end < HISTORY_ENDS; end++)
	{
		for (int i = 0; i < END_SLOTS; i++)
			state->ends[end][i] += other->ends[end][i];
	}
	for (int e = 0; e < MODEL_EVENTS; e++)
	{
		for (int i = 0; i < EVENT_FACTORS; i++)
			state->events.factor[e][i] += other->events.factor[e][i];
	}
	if (state->events.search != NULL)
		event_search_merge(state->events.search, other->events.search);
	payer_sums_merge(&state->payers, &other->payers);
	if (state->start == NULL)
		return;
	for (int i = 0; i < FIT_LEVELS; i++)
		state->start->levels.entities[i] += other->start->levels.entities[i];
	for (int kind = 0; kind < COUNT_KINDS; kind++)
	{
		for (int count = 0; count < FIT_FEW; count++)
		{
			for (int i = 0; i < FIT_COUNTS; i++)
				state->start->counts[kind].entities[count][i] +=
					other->start->counts[kind].entities[count][i];
		}
	}
}
