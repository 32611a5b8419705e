/*-------------------------------------------------------------------------
 *
 * likelihood.h
 *		How likely a history is if nothing is wrong, and under each of the
 *		ways to leak; and what follows for the entity.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_LIKELIHOOD_H
#define LEAKAGE_LIKELIHOOD_H

#include "profile/profile.h"
#include "detector/model_state.h"

/*
 * What may be the case.  The last two are the mirror images: rises as large
 * as the falls that are searched for.
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
	HYPOTHESES
} Hypothesis;

typedef struct LikelihoodTables LikelihoodTables;

typedef struct Posterior
{
	double		probability[HYPOTHESES];	/* they add up to one */
	double		leak[HYPOTHESES];	/* of the four ways to leak: net of the mirror images */
	double		p_leak;			/* sum of leak[] */
	double		p_no_leak;		/* 1 - p_leak, computed directly */
	double		log_odds;		/* log(p_leak / p_no_leak), may be -infinity */

	/* that as many missing (zero) periods are honest, whatever the amounts say */
	double		honest_missing;
	double		honest_zero;

	/* given that nothing is wrong */
	int			level_width;	/* level_weight[] is for -level_width .. level_width */
	const double *level_weight; /* probability of each level, until the next call */
	const double *level_group;	/* probability that a level is of the second group; or NULL */
	double		level;			/* expected level, as a factor */

	/* given a drop, where there are enough periods; else change is -1 */
	int			change;			/* index into the positive periods: first one after it */
	double		drop_inverse;	/* expected 1 / factor; see likelihood_drop_factor() */

	/* given that it is underbilled */
	double		underbilled_inverse;
} Posterior;

extern LikelihoodTables *likelihood_tables(const LeakageModel *model);
extern void likelihood_free(LikelihoodTables *tables);
extern void likelihood_posterior(LikelihoodTables *tables, const History *history,
								 Posterior *posterior);
extern void likelihood_drop_factor(LikelihoodTables *tables, const History *history,
								   Posterior *posterior);

/* one missing or zero period alone is no evidence: in a short history it would seem to be */
#define COUNT_MIN				2

/* smallest number of positive periods for a level, and for a change within */
#define LEVEL_MIN_POSITIVE		3
#define CHANGE_MIN_POSITIVE		4
#define CHANGE_MIN_SIDE			2

/* factors .1 to .7, in bins */
#define FACTOR_MIN_BINS			5
#define FACTOR_MAX_BINS			26

#endif							/* LEAKAGE_LIKELIHOOD_H */
