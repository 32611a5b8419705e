/*-------------------------------------------------------------------------
 *
 * compensation.h
 *		Payments that make up for what is missing.
 *
 * A user whose periods brought in what is expected of them has lost nothing,
 * however irregular they are.  Ordinary payments vary, so that some of them are
 * large by chance.  Only extraordinary ones count, which no noise explains.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_COMPENSATION_H
#define LEAKAGE_COMPENSATION_H

#include "profile/profile.h"

/* what the extraordinary payments of one history make up for */
typedef struct Compensation
{
	int			last;			/* the last one, as a positive period; -1 if none */
	bool		unpaid;			/* the missing and the zero periods */
	bool		level;			/* a level that is too low */
} Compensation;

/*
 * level: actual over expected amounts of an ordinary period; beyond: payments
 * above this many times the level are extraordinary.
 */
extern Compensation compensation(const History *history, double level, double beyond);

/* is a fall that begins at a positive period made up for by what is paid from there on? */
extern bool compensates_fall(const Compensation *compensation, const History *history, int change);

#endif							/* LEAKAGE_COMPENSATION_H */
