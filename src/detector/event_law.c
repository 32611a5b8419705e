/*-------------------------------------------------------------------------
 *
 * event_law.c
 *		Changes that many users share in one period: see event_law.h.
 *
 * Doubles are evaluated in one fixed order, as in likelihood.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "detector/event_law.h"
#include "detector/fit_weight.h"

/* rounds from one event to the next */
#define EVENT_ROUNDS		2

/*
 * An event has so many users more than other periods, so many standard
 * deviations more, and so many times as many.
 */
#define EVENT_LEAST			4.0
#define EVENT_DEVIATIONS	3.5
#define EVENT_TIMES			2.5

/*
 * Users whose noise hides when it was are seen to change in neighboring periods.
 * So events that are found at once are so many periods apart.
 */
#define EVENT_APART			3

/* an event with fewer users is given up */
#define EVENT_KEEP			2.0

/* factors between these bins are no change */
#define EVENT_NO_CHANGE		2

/* users that the law of the factors has before any is seen, all together */
#define EVENT_PRIOR			0.05

EventLaw
event_law_of_model(const LeakageModel *model, int event)
{
	const ModelEvent *e = &model->event[event];
	EventLaw	law;

	law.period = e->period;
	law.log_rate = log(model_value(model, MODEL_EVENT) * ((e->share + 0.5) / (double) MODEL_UNIT));
	for (int i = 0; i < EVENT_FACTORS; i++)
		law.factor[i] = e->factor[i] / (double) MODEL_UNIT;
	return law;
}

int
event_change(const History *h, int period)
{
	int			i = 0;

	while (i < h->positive && h->period[i] < period)
		i++;
	return i >= EVENT_MIN_BEFORE && i < h->positive ? i : -1;
}

/* ---- adding entities */

bool
event_round(const LeakageModel *model)
{
	return model->round >= EVENT_FIRST_ROUND &&
		(model->round - EVENT_FIRST_ROUND) % EVENT_ROUNDS == 0 &&
		model_events(model) < MODEL_EVENTS;
}

EventSearch *
event_search_make(void)
{
	EventSearch *search = palloc0(sizeof(EventSearch));

	search->first = PG_INT32_MAX;
	search->last = PG_INT32_MIN;
	return search;
}

static inline int
period_slot(int period)
{
	return (int) ((uint32) period % EVENT_PERIODS);
}

void
event_search_add(EventSearch *search, const History *h, int from, int to,
				 const double *fall, const double *rise)
{
	int64		share = weight_from_double(1.0 / (to - from + 1));

	search->first = Min(search->first, h->period[from]);
	search->last = Max(search->last, h->period[to]);
	for (int i = from; i <= to; i++)
	{
		int			slot = period_slot(h->period[i]);

		search->fall[slot] += weight_from_double(fall[i]);
		search->rise[slot] += weight_from_double(rise[i]);
		search->possible[slot] += share;
	}
}

void
event_search_merge(EventSearch *search, const EventSearch *other)
{
	search->first = Min(search->first, other->first);
	search->last = Max(search->last, other->last);
	for (int i = 0; i < EVENT_PERIODS; i++)
	{
		search->fall[i] += other->fall[i];
		search->rise[i] += other->rise[i];
		search->possible[i] += other->possible[i];
	}
}

/* ---- finding events */

typedef struct Candidate
{
	int			period;
	bool		fall;
	double		users;			/* more than in other periods */
	double		deviations;
} Candidate;

static int
compare_doubles(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

/*
 * How many times as many changes a period has as it would if all periods were
 * alike: the median of the periods.
 */
static double
usual_changes(const EventSearch *search, const int64 *changes)
{
	double		ratio[EVENT_PERIODS];
	int			n = 0;

	for (int i = 0; i < EVENT_PERIODS; i++)
	{
		if (search->possible[i] > 0)
			ratio[n++] = (double) changes[i] / (double) search->possible[i];
	}
	qsort(ratio, n, sizeof(double), compare_doubles);
	return n == 0 ? 0 : (ratio[(n - 1) / 2] + ratio[n / 2]) / 2;
}

/*
 * Is this event a fall?
 */
static bool
is_fall(const ModelEvent *event)
{
	int64		falls = 0;

	for (int i = 0; event_bin(i) < 0; i++)
		falls += event->factor[i];
	return falls > 0;
}

/*
 * Is there such an event already: at this period, or near it among those from
 * "added" on?
 */
static bool
has_event(const ModelEvent *event, int events, int added, int64 period, bool fall)
{
	for (int i = 0; i < events; i++)
	{
		int64		apart = period - event[i].period;

		if (is_fall(&event[i]) == fall && (i < added ? apart == 0 : (apart > -EVENT_APART && apart < EVENT_APART)))
			return true;
	}
	return false;
}

/*
 * Look for the most significant event of one direction, other than these.
 */
static void
find_candidate(const EventSearch *search, bool fall, const ModelEvent *event, int events, int added,
			   Candidate *best)
{
	const int64 *changes = fall ? search->fall : search->rise;
	double		usual = usual_changes(search, changes);

	for (int64 period = search->first; period <= search->last; period++)
	{
		int			slot = period_slot((int) period);
		double		seen = weight_to_double(changes[slot]);
		double		expected = usual * weight_to_double(search->possible[slot]);
		double		deviations = (seen - expected) / sqrt(expected + 1);

		if (seen - expected < EVENT_LEAST || seen <= EVENT_TIMES * expected ||
			deviations <= Max(EVENT_DEVIATIONS, best->deviations) ||
			has_event(event, events, added, period, fall))
			continue;
		best->period = (int) period;
		best->fall = fall;
		best->users = seen - expected;
		best->deviations = deviations;
	}
}

/*
 * Can an event in this direction have the factor of this slot?
 */
static bool
is_factor(int slot, bool fall)
{
	int			bin = event_bin(slot);

	return abs(bin) > EVENT_NO_CHANGE && (bin < 0) == fall;
}

/*
 * The law of the factors that the users in an event show, smoothed over
 * neighboring bins; seen: NULL at the start.
 */
static void
set_factors(ModelEvent *event, bool fall, const int64 *seen)
{
	double		factor[EVENT_FACTORS];

	for (int i = 0; i < EVENT_FACTORS; i++)
	{
		factor[i] = is_factor(i, fall) ? EVENT_PRIOR / EVENT_REACH : 0;
		if (seen == NULL || factor[i] == 0)
			continue;
		factor[i] += 0.5 * weight_to_double(seen[i]);
		if (i > 0)
			factor[i] += 0.25 * weight_to_double(seen[i - 1]);
		if (i < EVENT_FACTORS - 1)
			factor[i] += 0.25 * weight_to_double(seen[i + 1]);
	}
	(void) model_set_shares(event->factor, EVENT_FACTORS, factor);
}

/*
 * Add the events that are new, with their users, the most significant one
 * first.  Returns the number of all events.
 */
static int
find_events(const EventSearch *search, ModelEvent *event, double *in_event, int events)
{
	int			added = events;

	while (events < MODEL_EVENTS)
	{
		Candidate	best = {0};

		find_candidate(search, true, event, events, added, &best);
		find_candidate(search, false, event, events, added, &best);
		if (best.users == 0)
			break;
		event[events].period = best.period;
		set_factors(&event[events], best.fall, NULL);
		in_event[events++] = best.users;
	}
	return events;
}

void
fit_events(LeakageModel *model, const EventSums *sums, double users)
{
	ModelEvent	event[MODEL_EVENTS];
	double		in_event[MODEL_EVENTS];
	double		total = 0;
	int			events = 0;

	memset(event, 0, sizeof(event));
	for (int i = 0; i < model_events(model); i++)
	{
		double		seen = 0;

		for (int j = 0; j < EVENT_FACTORS; j++)
			seen += weight_to_double(sums->factor[i][j]);
		if (seen < EVENT_KEEP)
			continue;
		event[events].period = model->event[i].period;
		set_factors(&event[events], is_fall(&model->event[i]), sums->factor[i]);
		in_event[events++] = seen;
	}
	if (sums->search != NULL &&
		(int64) sums->search->last - sums->search->first < EVENT_PERIODS)
		events = find_events(sums->search, event, in_event, events);

	for (int i = 0; i < events; i++)
		total += in_event[i];
	for (int i = 0; i < events; i++)
		event[i].share = (int32) Max(rint(in_event[i] / total * (double) MODEL_UNIT), 1);
	memcpy(model->event, event, sizeof(event));
	model_set(model, MODEL_EVENT, total / users);
}
