/*-------------------------------------------------------------------------
 *
 * hypothesis.h
 *		What may be the case with an entity, and how far the search for it goes.
 *
 * A new hypothesis gets a name here and a rate in model_state.c.  Its law is
 * weighed in likelihood.c, and tested in closed_form.c where that is possible.
 * If it is a way to leak, assessment.c says which periods it concerns and what
 * they leak.  If it is not, it counts as honest: a share of 0 in
 * likelihood_tables.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_HYPOTHESIS_H
#define LEAKAGE_HYPOTHESIS_H

/*
 * Nothing is wrong, the four ways to leak, the mirror images of the last two
 * (rises as large as the falls that are searched for), the two kinds of users
 * who do not pay in every period (payer_law.h), and those whose amounts change
 * when those of many users do (event_law.h).
 */
typedef enum Hypothesis
{
	LEAK_NONE,
	LEAK_MISSING,
	LEAK_ZERO,
	LEAK_DROP,
	LEAK_UNDERBILLED,
	RISE_DROP,
	RISE_UNDERBILLED,
	PAYS_REGULARLY,
	PAYS_IRREGULARLY,
	IN_EVENT,
	HYPOTHESES
} Hypothesis;

/* fewest positive periods for a level, for a change, and on each side of it */
#define LEVEL_MIN_POSITIVE		3
#define CHANGE_MIN_POSITIVE		4
#define CHANGE_MIN_SIDE			2

/* factors of a fall, in bins: from about .65 down to about .1 */
#define FACTOR_MIN_BINS			5
#define FACTOR_MAX_BINS			26

#endif							/* LEAKAGE_HYPOTHESIS_H */
