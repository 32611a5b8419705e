/*-------------------------------------------------------------------------
 *
 * money_numeric.h
 *		Amounts from and to SQL's numeric and double precision.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_MONEY_NUMERIC_H
#define LEAKAGE_MONEY_NUMERIC_H

#include "utils/numeric.h"

/* money_numeric.c */

/*
 * To micro-units, rounded half away from zero.  NaN, infinities and amounts
 * of MONEY_LIMIT and more are errors (22003), which name "what".
 */
extern int64 money_from_numeric(Numeric value, const char *what);
extern int64 money_from_float8(double value, const char *what);

/* from micro-units, exact, with a display scale of six */
extern Numeric money_to_numeric(int64 micro);
extern Numeric money_sum_to_numeric(int128 micro);

/*
 * From exact amounts, with a display scale of "places".  The amount must not
 * have more places than that.  Sums of amounts need at least MONEY_PLACES.
 */
extern Numeric exact_amount_to_numeric(int128 amount, int places);

#endif							/* LEAKAGE_MONEY_NUMERIC_H */
