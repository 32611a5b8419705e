/*-------------------------------------------------------------------------
 *
 * money.h
 *		Amounts as the C code holds them: int64 micro-units, 10^-6 of the
 *		currency; and sums of them, in 128 bits, which cannot overflow for any
 *		number of rows that a table can hold.
 *
 * Nothing here knows fmgr; the conversions from and to SQL types are in
 * money_numeric.h.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_MONEY_H
#define LEAKAGE_MONEY_H

#define MONEY_PLACES		6
#define MICRO_PER_UNIT		INT64CONST(1000000)

/* amounts must be below this in absolute value: 10^12 units, 10^18 micro-units */
#define MONEY_LIMIT_UNITS	INT64CONST(1000000000000)
#define MONEY_LIMIT			(MONEY_LIMIT_UNITS * MICRO_PER_UNIT)

/* money.c */

/* a / b rounded half away from zero; b > 0 */
extern int128 divide_rounded(int128 a, int128 b);

#endif							/* LEAKAGE_MONEY_H */
