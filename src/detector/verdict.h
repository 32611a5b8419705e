/*-------------------------------------------------------------------------
 *
 * verdict.h
 *		What a model says about one entity.
 *
 * likelihood_verdict() or closed_form() fills a verdict, assess() completes
 * it, and what is published comes out of it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_VERDICT_H
#define LEAKAGE_VERDICT_H

#include <float.h>
#include <math.h>

#include "detector/hypothesis.h"
#include "detector/payment_class.h"

typedef struct Verdict
{
	/* filled by the method */
	const char *method;
	double		leak[HYPOTHESES];	/* probability of each way to leak; 0 for the others */
	double		log_odds;		/* of a leak, may be -infinity */
	double		p_leak;			/* below one */
	double		p_no_leak;		/* 1 - p_leak, computed directly */
	bool		tested;			/* there is a p-value */
	double		p_value;

	double		level;			/* actual over expected amounts, if honest */
	double		own_share;		/* how much of it comes from the entity's own history, 0 to 1 */
	int			change;			/* first positive period after the likeliest change, -1: none */
	double		drop_inverse;	/* expected 1 / factor, if it is a drop at that change */
	double		underbilled_inverse;	/* expected 1 / factor, if it is underbilled */
	double		p_regular;		/* probability that the user pays every so many periods */
	double		p_irregular;	/* and at irregular intervals; 0 without a likelihood */
	double		p_event;		/* probability that the user is in an event; 0 without a likelihood */
	int			event_change;	/* if that is likely, first positive period that the event changes; else -1 */
	int			event_period;	/* first period of that event */
	double		event_inverse;	/* expected 1 / factor of that change */

	/* completed by assess() */
	Hypothesis	reason;			/* likeliest way to leak, LEAK_NONE: the history has room for none */
	double		score;			/* 0 to 100 */
	double		expected_missing;	/* missing periods of an honest entity */
	PaymentClass payment_class;
} Verdict;

/*
 * The odds of a leak, and the two probabilities that follow.  The one of a
 * leak stays below one, since readers take one for certainty.
 */
static inline void
verdict_set_odds(Verdict *verdict, double log_odds)
{
	verdict->log_odds = log_odds;
	verdict->p_leak = Min(1 / (1 + exp(-log_odds)), 1 - DBL_EPSILON / 2);
	verdict->p_no_leak = 1 / (1 + exp(log_odds));
}

#endif							/* LEAKAGE_VERDICT_H */
