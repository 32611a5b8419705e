/*-------------------------------------------------------------------------
 *
 * event_law.h
 *		Changes that many users share in one period: a new price plan, the end of
 *		a campaign, last weeks that are delivered late.
 *
 * A change of one user may be a leak.  A change that clearly more users have in
 * one period than in the others is an event.  It is honest as far as each of
 * these users is concerned: whoever fits it is in the event, and not a case.
 *
 * An event is a first changed period, the share of the users in it, and a law
 * of the factors that their amounts change by, which are all falls or all rises.  It applies to users with two
 * positive periods or more before that period, and one or more from it on.
 *
 * Events are kept in the model (ModelEvent in model_state.h).  fit_events()
 * finds them, from round EVENT_FIRST_ROUND on, in every second round.  A change that is known beforehand is not here: it is part of
 * what is expected (known_periods.h).
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_EVENT_LAW_H
#define LEAKAGE_EVENT_LAW_H

#include "detector/model_state.h"
#include "profile/profile.h"

#define EVENT_FIRST_ROUND	4

/* positive periods before an event, at least */
#define EVENT_MIN_BEFORE	2

/* the bin of a slot of the law of factors: amounts are multiplied by 2^(bin / 8) */
static inline int
event_bin(int slot)
{
	return slot - EVENT_REACH;
}

/* an event, ready for use */
typedef struct EventLaw
{
	int			period;
	double		log_rate;
	double		factor[EVENT_FACTORS];
} EventLaw;

/* what a history says if the user is in the event */
typedef struct EventPosterior
{
	int			change;			/* first changed positive period, -1: the event does not apply */
	double		log_amounts;	/* log P(amounts) */
	double		factor[EVENT_FACTORS];	/* probability of each factor */
} EventPosterior;

extern EventLaw event_law_of_model(const LeakageModel *model, int event);

/* the first positive period of a history that an event changes, -1: none, or too few before it */
extern int	event_change(const History *history, int period);

/* ---- learning */

/* sums over entities: each event, and the changes of the others in each period */
#define EVENT_PERIODS		1024	/* with periods that are farther apart than this, none is looked for */

typedef struct EventSearch
{
	/* range of the periods with changes; empty: first > last */
	int			first;
	int			last;

	/* by period modulo EVENT_PERIODS: falls, rises, and either if all periods were alike */
	int64		fall[EVENT_PERIODS];
	int64		rise[EVENT_PERIODS];
	int64		possible[EVENT_PERIODS];
} EventSearch;

typedef struct EventSums
{
	int64		factor[MODEL_EVENTS][EVENT_FACTORS];
	EventSearch *search;		/* NULL: not in this round */
} EventSums;

/* is this a round to look for events? */
extern bool event_round(const LeakageModel *model);

extern EventSearch *event_search_make(void);
extern void event_search_merge(EventSearch *search, const EventSearch *other);

/*
 * Add the changes of an entity: probabilities of a fall and of a rise, and the
 * relative weights of the periods from from to to where they can begin.
 */
extern void event_search_add(EventSearch *search, const History *history, int from, int to,
							 const double *fall, const double *rise);

/* the events of a round over so many users; sets MODEL_EVENT, too */
extern void fit_events(LeakageModel *model, const EventSums *sums, double users);

#endif							/* LEAKAGE_EVENT_LAW_H */
