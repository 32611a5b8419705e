/*-------------------------------------------------------------------------
 *
 * payer_law.h
 *		The laws of honest users who do not pay in every period.
 *
 * A regular payer pays every d periods, 2 or more, and may skip a payment.  An
 * irregular payer repeats intervals of the user's own, or a short cycle of paid
 * and unpaid periods.  Both laws give the probability of just this set of paid
 * periods, as the laws of missing and of zero periods do, so that they can be
 * compared.
 *
 * The amount of a payment follows from the intervals in one of five ways
 * (PayerScale).  How often each of them is the case is learned from the table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_PAYER_LAW_H
#define LEAKAGE_PAYER_LAW_H

#include "detector/model_state.h"
#include "profile/profile.h"

/*
 * A payment is this many times the level of a period, with noise of its own.
 * Last: payments are like those of the users who pay in every period.
 */
typedef enum PayerScale
{
	SCALE_ONE,					/* once: unpaid periods are not made up for */
	SCALE_MEAN,					/* the mean interval */
	SCALE_BEFORE,				/* the interval before: arrears */
	SCALE_AFTER,				/* the interval after: prepaid */
	SCALE_ORDINARY
} PayerScale;

StaticAssertDecl(SCALE_ORDINARY + 1 == PAYER_SCALES, "a payer scale has no slot in the model");

/* what the two laws see of a history */
typedef struct PayerFacts
{
	bool		applies;		/* two or more unpaid periods between two payments or more */
	int			interval;		/* all intervals are multiples of this one; 0: of none of two or more */
	int			slots;			/* payments that a regular payer could have made */
	int			skipped;		/* and did not make */
	int			mean_shift;		/* the mean interval, in bins */
	double		log_regular;	/* log P(pattern), without that of the skipped payments */
	double		log_irregular;
} PayerFacts;

extern void payer_facts(const History *history, PayerFacts *facts);

/* log P(pattern) of a regular payer */
extern double payer_log_regular(const PayerFacts *facts, double skip_rate);

/* how many bins the i-th payment is above the level of a period */
extern int	payer_shift(const History *history, const PayerFacts *facts, PayerScale scale, int i);

#endif							/* LEAKAGE_PAYER_LAW_H */
