/*-------------------------------------------------------------------------
 *
 * likelihood.h
 *		How likely a history is if nothing is wrong, and under each of the
 *		other hypotheses; and what follows for the entity.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_LIKELIHOOD_H
#define LEAKAGE_LIKELIHOOD_H

#include "detector/likelihood_tables.h"
#include "detector/verdict.h"

/* what a round of the fit learns from one entity */
typedef struct Posterior
{
	double		probability[HYPOTHESES];	/* they add up to one */

	/* probability that the number of such periods is honest, whatever the amounts say */
	double		honest[COUNT_KINDS];

	/* if the user does not pay in every period; NULL: no reason to think so */
	const PayerPosterior *payer;	/* until the next call */

	/* if the user is in an event: of each event of the model, and the likeliest one, -1: none applies */
	double		event[MODEL_EVENTS];
	int			likeliest_event;

	/* if nothing is wrong */
	int			level_width;	/* level_weight[] is for -level_width .. level_width */
	const double *level_weight; /* probability of each level, until the next call */
	const double *level_group;	/* probability that a level is of the second group; or NULL */
} Posterior;

extern void likelihood_posterior(LikelihoodTables *tables, const History *history,
								 Posterior *posterior);
extern void likelihood_verdict(LikelihoodTables *tables, const History *history,
							   Verdict *verdict);

#endif							/* LEAKAGE_LIKELIHOOD_H */
