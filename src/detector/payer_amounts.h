/*-------------------------------------------------------------------------
 *
 * payer_amounts.h
 *		How likely the amounts of a user are who does not pay in every period,
 *		and what a round of the fit learns from such users.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_PAYER_AMOUNTS_H
#define LEAKAGE_PAYER_AMOUNTS_H

#include "detector/likelihood_tables.h"

/*
 * log P(amounts), over all scales and levels; fills scale[] and level[] of a
 * posterior that has its facts.  ordinary: the same of a user who pays in every
 * period.
 */
extern double payer_amounts(LikelihoodTables *tables, const History *history,
							double ordinary, PayerPosterior *payer);

/* sums of a round, each weighted with the probability that the user pays in this way */
typedef struct PayerSums
{
	int128		slots;			/* payments that regular payers could have made */
	int128		skipped;
	int128		scale[PAYER_SCALES];
	int64		noise[BIN_COUNT];
} PayerSums;

extern void payer_sums_add(PayerSums *sums, const LikelihoodTables *tables,
						   const History *history, const PayerPosterior *payer,
						   double regular, double irregular);
extern void payer_sums_merge(PayerSums *sums, const PayerSums *other);

/* the laws that the rounds start from, and those that a round gives */
extern void payer_start(LeakageModel *model);
extern void fit_payers(LeakageModel *model, const PayerSums *sums);

#endif							/* LEAKAGE_PAYER_AMOUNTS_H */
