/*-------------------------------------------------------------------------
 *
 * money.h
 *		Amounts as the C code holds them: int64 micro-units, 10^-6 of the
 *		currency; and sums of them, in 128 bits, which cannot overflow for any
 *		number of rows that a table can hold.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_MONEY_H
#define LEAKAGE_MONEY_H

#include "utils/numeric.h"

#define MICRO_PER_UNIT	INT64CONST(1000000)

/* amounts must be below this in absolute value: 10^12 units, 10^18 micro-units */
#define MONEY_LIMIT_UNITS	INT64CONST(1000000000000)
#define MONEY_LIMIT			(MONEY_LIMIT_UNITS * MICRO_PER_UNIT)

/* money.c */

/*
 * To micro-units, rounded half away from zero.  NaN, infinities and amounts
 * of MONEY_LIMIT and more are errors (22003), which name "what".
 */
extern int64 money_from_numeric(Numeric value, const char *what);
extern int64 money_from_float8(double value, const char *what);

/* from micro-units, exact, with a display scale of six */
extern Numeric money_to_numeric(int64 micro);
extern Numeric money_sum_to_numeric(int128 micro);

/* a / b rounded half away from zero; b > 0 */
extern int128 divide_rounded(int128 a, int128 b);

#endif							/* LEAKAGE_MONEY_H */
