/*-------------------------------------------------------------------------
 *
 * decimal.h
 *		Decimal numbers between text and 128-bit integers: the one reader and
 *		the one writer.
 *
 * Both are exact.  A number with "places" decimal places is a whole number of
 * units of 10^-places; its absolute value is below 10^DECIMAL_DIGITS units.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_DECIMAL_H
#define LEAKAGE_DECIMAL_H

#include "lib/stringinfo.h"

/* digits that an int128 always holds */
#define DECIMAL_DIGITS		38

/* room for any int128 as text: sign, 39 digits, point, leading zero, end */
#define DECIMAL_TEXT		48

/* what decimal_read accepts besides -12.50 */
#define DECIMAL_PLUS		0x01	/* a plus sign: +12.50 */
#define DECIMAL_BARE_POINT	0x02	/* no digits on one side of the point: .5 and 5. */
#define DECIMAL_EXPONENT	0x04	/* an exponent, 1.25e1; and zeros beyond the last place */

typedef enum DecimalFault
{
	DECIMAL_OK,
	DECIMAL_NOT_A_NUMBER,
	DECIMAL_TOO_MANY_PLACES,
	DECIMAL_TOO_LARGE
} DecimalFault;

typedef struct Decimal
{
	int128		value;			/* in units of 10^-places; 0 where there is a fault */
	bool		exact;			/* the number is "value": there is no fault */
	bool		negative;		/* the number is below zero */
	int			magnitude;		/* the first digit other than 0 stands for 10^magnitude;
								 * PG_INT32_MIN: the number is zero */
	int			scale;			/* the last digit as written stands for 10^-scale */
} Decimal;

/* decimal.c */
extern DecimalFault decimal_read(const char **at, const char *end, int places, int flags,
								 Decimal *number);
extern int	decimal_write(char *out, int128 value, int places, bool all_places);
extern void decimal_append(StringInfo buf, int128 value, int places, bool all_places);
extern int128 power_of_ten(int exponent);

#endif							/* LEAKAGE_DECIMAL_H */
