/*-------------------------------------------------------------------------
 *
 * money_numeric.c
 *		Amounts from SQL's numeric and double precision to the int64 micro-units
 *		that the C code computes with, and back.
 *
 * Every conversion to micro-units rounds half away from zero, and refuses what
 * is not finite or not below MONEY_LIMIT after rounding.  Every conversion back
 * is exact.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"

#include "base/compat.h"
#include "base/decimal.h"
#include "base/exact_amount.h"
#include "base/money.h"
#include "base/money_numeric.h"

/* 10^18: sums are split here to pass through int64 */
#define SPLIT_UNITS		INT64CONST(1000000000000000000)

#define NUMERIC_TEXT(value) \
	DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value)))

static void
amount_not_finite(const char *what, const char *value)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s must be finite, got %s", what, value),
			 errhint("Leave such rows out with FILTER (WHERE ...) or a WHERE clause.")));
}

static void
amount_too_large(const char *what, const char *value)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s %s is out of range: its absolute value must be below 1000000000000",
					what, value)));
}

/*
 * The stored form of numeric is the same since 9.1, and pg_upgrade keeps it.  A
 * short or a long header has sign, weight and scale.  Then come digits of base
 * 10000, the most significant one first, which stands for 10000^weight.  NaN
 * and the infinities have both top bits of the header set.
 */
#define STORED_KIND			0xC000
#define STORED_NEGATIVE		0x4000
#define STORED_SHORT		0x8000
#define STORED_SPECIAL		0xC000
#define SHORT_NEGATIVE		0x2000
#define SHORT_WEIGHT_SIGN	0x0040
#define SHORT_WEIGHT		0x003F

/*
 * numeric to micro-units, read from the digits.  This happens for every row,
 * and numeric's own arithmetic takes ten times as long.
 */
int64
money_from_numeric(Numeric value, const char *what)
{
	/* what a digit of weight 2, 1, 0 and -1 stands for, in micro-units */
	static const int64 scale[] = {
		INT64CONST(100000000000000), INT64CONST(10000000000), INT64CONST(1000000), INT64CONST(100)
	};
	const int16 *digits = (const int16 *) VARDATA(value);
	int			ndigits = (VARSIZE(value) - VARHDRSZ) / sizeof(int16);
	uint16		header = (uint16) *digits++;
	bool		negative;
	int			weight;
	int64		micro = 0;

	ndigits--;
	if ((header & STORED_KIND) == STORED_SPECIAL)
		amount_not_finite(what, NUMERIC_TEXT(value));
	if ((header & STORED_KIND) == STORED_SHORT)
	{
		negative = (header & SHORT_NEGATIVE) != 0;
		weight = (int) (header & SHORT_WEIGHT) - (int) (header & SHORT_WEIGHT_SIGN);
	}
	else
	{
		negative = (header & STORED_KIND) == STORED_NEGATIVE;
		weight = *digits++;
		ndigits--;
	}

	if (ndigits > 0 && weight > 2)
		amount_too_large(what, NUMERIC_TEXT(value));
	for (; ndigits > 0 && weight >= -1; weight--, ndigits--)
		micro += *digits++ * scale[2 - weight];

	/* 10^-8: rounded half up, which no later digit can change */
	if (ndigits > 0 && weight == -2)
		micro += (*digits + 50) / 100;
	if (micro >= MONEY_LIMIT)
		amount_too_large(what, NUMERIC_TEXT(value));
	return negative ? -micro : micro;
}

/*
 * double precision to micro-units.  The whole part is multiplied as an
 * integer: integer and bigint amounts come as doubles, and twelve digits times
 * 10^6 are more than a double holds.  The product of the fraction is rounded
 * once by the hardware and once more here, the same way on every machine.
 */
int64
money_from_float8(double value, const char *what)
{
	double		whole = trunc(value);

	if (isnan(value) || isinf(value))
		amount_not_finite(what,
						  DatumGetCString(DirectFunctionCall1(float8out,
															  Float8GetDatum(value))));
	if (fabs(value) >= (double) MONEY_LIMIT_UNITS)
		amount_too_large(what,
						 DatumGetCString(DirectFunctionCall1(float8out,
															 Float8GetDatum(value))));
	return (int64) whole * MICRO_PER_UNIT +
		(int64) round((value - whole) * (double) MICRO_PER_UNIT);
}

Numeric
money_to_numeric(int64 micro)
{
	return int64_div_fast_to_numeric(micro, 6);
}

/*
 * A sum of micro-units to numeric.  Where it does not fit int64, it is split
 * into parts that do.  numeric arithmetic, which is exact, adds them up.
 */
Numeric
money_sum_to_numeric(int128 micro)
{
	int128		units = micro / MICRO_PER_UNIT;
	int64		fraction = (int64) (micro % MICRO_PER_UNIT);
	int64		high = (int64) (units / SPLIT_UNITS);
	int64		low = (int64) (units % SPLIT_UNITS);
	Datum		result;

	if (micro >= PG_INT64_MIN && micro <= PG_INT64_MAX)
		return money_to_numeric((int64) micro);
	result = DirectFunctionCall2(numeric_add,
								 NumericGetDatum(int64_to_numeric(low)),
								 NumericGetDatum(int64_div_fast_to_numeric(fraction, 6)));
	if (high != 0)
		result = DirectFunctionCall2(numeric_add, result,
									 DirectFunctionCall2(numeric_mul,
														 NumericGetDatum(int64_to_numeric(high)),
														 NumericGetDatum(int64_to_numeric(SPLIT_UNITS))));
	return DatumGetNumeric(result);
}

/*
 * An exact amount to numeric: where it does not fit int64, in two parts.
 */
Numeric
exact_amount_to_numeric(int128 amount, int places)
{
	int128		unit = power_of_ten(EXACT_PLACES - places);
	int128		units = amount / unit;
	Numeric		micro;
	Numeric		rest;

	Assert(units * unit == amount);
	if (units >= PG_INT64_MIN && units <= PG_INT64_MAX)
		return int64_div_fast_to_numeric((int64) units, places);
	Assert(places >= MONEY_PLACES);
	micro = money_sum_to_numeric(amount / EXACT_PER_MICRO);
	rest = int64_div_fast_to_numeric((int64) (amount % EXACT_PER_MICRO / unit), places);
	return numeric_add_safe(micro, rest, NULL);
}
