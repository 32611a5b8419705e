/*-------------------------------------------------------------------------
 *
 * decimal.c
 *		Decimal numbers between text and 128-bit integers.
 *
 * The reader is on the way of every row of a bulk pass.  It first finds where
 * the number's parts are, and then converts the digits that count, 18 at a
 * time.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/decimal.h"
#include "base/trimmed.h"

/* digits that an int64 always holds, and the number of them that makes a chunk */
#define CHUNK_DIGITS	18

/* beyond this only the sign of an exponent matters */
#define MAX_EXPONENT	100000

static const int64 powers[CHUNK_DIGITS + 1] = {
	INT64CONST(1), INT64CONST(10), INT64CONST(100), INT64CONST(1000), INT64CONST(10000),
	INT64CONST(100000), INT64CONST(1000000), INT64CONST(10000000), INT64CONST(100000000),
	INT64CONST(1000000000), INT64CONST(10000000000), INT64CONST(100000000000),
	INT64CONST(1000000000000), INT64CONST(10000000000000), INT64CONST(100000000000000),
	INT64CONST(1000000000000000), INT64CONST(10000000000000000),
	INT64CONST(100000000000000000), INT64CONST(1000000000000000000)
};

/*
 * 10^exponent, for 0 to DECIMAL_DIGITS.
 */
int128
power_of_ten(int exponent)
{
	int128		power = 1;

	Assert(exponent >= 0 && exponent <= DECIMAL_DIGITS);
	for (; exponent > CHUNK_DIGITS; exponent -= CHUNK_DIGITS)
		power *= powers[CHUNK_DIGITS];
	return power * powers[exponent];
}

/*
 * The digits from "first" to "last", at most DECIMAL_DIGITS of them, as a
 * whole number.  A point among them is passed over.
 */
static int128
convert_digits(const char *first, const char *last)
{
	int128		value = 0;
	int64		chunk = 0;
	int			n = 0;

	for (; first <= last; first++)
	{
		if (*first == '.')
			continue;
		chunk = chunk * 10 + (*first - '0');
		if (++n == CHUNK_DIGITS)
		{
			value = value * powers[n] + chunk;
			chunk = 0;
			n = 0;
		}
	}
	return value * powers[n] + chunk;
}

/*
 * Read an exponent without its letter.  Returns false if there are no digits.
 */
static bool
read_exponent(const char **at, const char *end, int *exponent)
{
	const char *p = *at;
	const char *digits;
	bool		negative = false;

	if (p < end && (*p == '+' || *p == '-'))
		negative = (*p++ == '-');
	digits = p;
	*exponent = 0;
	for (; p < end && is_digit(*p); p++)
		*exponent = Min(*exponent * 10 + (*p - '0'), MAX_EXPONENT);
	if (negative)
		*exponent = -*exponent;
	*at = p;
	return p > digits;
}

/*
 * Read the longest number that begins at *at and ends before "end", into
 * units of 10^-places.  Without places a point ends the number.
 *
 * *at moves behind the number or, without a number, to the character that
 * cannot be part of it.  All but "value" and "exact" is set for numbers that
 * have too many places or are too large, too.
 */
DecimalFault
decimal_read(const char **at, const char *end, int places, int flags, Decimal *number)
{
	const char *p = *at;
	const char *start;
	const char *point = NULL;
	const char *first = NULL;	/* first and last digit other than 0 */
	const char *last = NULL;
	int			exponent = 0;
	int			last_power = 0;

	memset(number, 0, sizeof(*number));
	number->magnitude = PG_INT32_MIN;
	if (p < end && (*p == '-' || (*p == '+' && (flags & DECIMAL_PLUS))))
		number->negative = (*p++ == '-');

	for (start = p; p < end; p++)
	{
		if (is_digit(*p))
		{
			if (*p == '0')
				continue;
			last = p;
			if (first == NULL)
				first = p;
		}
		else if (*p == '.' && point == NULL && places > 0 &&
				 (p > start || (flags & DECIMAL_BARE_POINT)))
			point = p;
		else
			break;
	}
	*at = p;
	if (p - start == (point != NULL) ||
		(p - 1 == point && !(flags & DECIMAL_BARE_POINT)))
		return DECIMAL_NOT_A_NUMBER;

	/* without a point it stands behind the last digit */
	if (point == NULL)
		point = p;
	else
		number->scale = p - point - 1;
	if ((flags & DECIMAL_EXPONENT) && p < end && (*p == 'e' || *p == 'E'))
	{
		(*at)++;
		if (!read_exponent(at, end, &exponent))
			return DECIMAL_NOT_A_NUMBER;
		number->scale -= exponent;
	}
	if (first == NULL)
		number->negative = false;
	else
	{
		number->magnitude = point - first - (first < point) + exponent;
		last_power = point - last - (last < point) + exponent;
	}
	if (((flags & DECIMAL_EXPONENT) ? -last_power : number->scale) > places)
		return DECIMAL_TOO_MANY_PLACES;
	if (number->magnitude + places >= DECIMAL_DIGITS)
		return DECIMAL_TOO_LARGE;
	if (first != NULL)
		number->value = convert_digits(first, last) * power_of_ten(last_power + places);
	if (number->negative)
		number->value = -number->value;
	number->exact = true;
	return DECIMAL_OK;
}

/*
 * The last digit of a number, which is taken off it.  Most numbers need 64-bit
 * arithmetic only, which is much faster.
 */
static inline char
take_digit(uint128 *rest)
{
	uint64		low = (uint64) *rest;
	char		digit;

	if (*rest > PG_UINT64_MAX)
	{
		digit = '0' + (char) (*rest % 10);
		*rest /= 10;
		return digit;
	}
	*rest = low / 10;
	return '0' + (char) (low % 10);
}

/*
 * Write "value" units of 10^-places: with all its places, or without the zeros
 * at the end.  Returns the length; "out" has room for DECIMAL_TEXT.
 */
int
decimal_write(char *out, int128 value, int places, bool all_places)
{
	char		reversed[DECIMAL_TEXT];
	uint128		rest = value < 0 ? -(uint128) value : (uint128) value;
	int			n = 0;
	int			length = 0;

	Assert(places >= 0 && places <= DECIMAL_DIGITS);
	for (int digits = 0; rest > 0 || digits <= places; digits++)
	{
		char		digit = take_digit(&rest);

		if (digits == places && n > 0)
			reversed[n++] = '.';
		if (digits >= places || all_places || n > 0 || digit != '0')
			reversed[n++] = digit;
	}
	if (value < 0)
		reversed[n++] = '-';
	while (n > 0)
		out[length++] = reversed[--n];
	out[length] = '\0';
	return length;
}

/*
 * The same, appended to a string.
 */
void
decimal_append(StringInfo buf, int128 value, int places, bool all_places)
{
	char		out[DECIMAL_TEXT];

	appendBinaryStringInfo(buf, out, decimal_write(out, value, places, all_places));
}
