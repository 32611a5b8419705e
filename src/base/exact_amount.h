/*-------------------------------------------------------------------------
 *
 * exact_amount.h
 *		Amounts of the revenue file, exact to 24 decimal places, as 128-bit
 *		integers of 10^-24.
 *
 * A double has at most 17 significant digits when it is printed in full.  So
 * doubles of 10^-7 and more fit into 24 places.  Amounts are below 10^12.  The
 * sum of 140 of the largest fits, and so does the sum of 10^8 amounts of a
 * million.  A sum that does not fit is detected.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_EXACT_AMOUNT_H
#define LEAKAGE_EXACT_AMOUNT_H

#include "base/money.h"

#define EXACT_PLACES	24

/* 10^18, which takes 10^-24 to micro-units */
#define EXACT_PER_MICRO	((int128) INT64CONST(1000000000000000000))

/* to micro-units, rounded half away from zero */
static inline int64
exact_amount_to_micro(int128 amount)
{
	return (int64) divide_rounded(amount, EXACT_PER_MICRO);
}

/* add; false where the sum does not fit */
static inline bool
exact_amount_add(int128 *sum, int128 amount)
{
	return !__builtin_add_overflow(*sum, amount, sum);
}

#endif							/* LEAKAGE_EXACT_AMOUNT_H */
