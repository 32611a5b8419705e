/*-------------------------------------------------------------------------
 *
 * exact_amount.c
 *		Amounts of the revenue file, exact to 24 decimal places.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/exact_amount.h"

/* digits that an int128 holds for sure */
#define MAX_DIGITS			37

static int128
power_of_ten(int exponent)
{
	int128		power = 1;

	while (exponent-- > 0)
		power *= 10;
	return power;
}

bool
exact_amount_read(Trimmed value, int128 *amount)
{
	const char *p = value.data;
	const char *end = value.data + value.len;
	bool		negative = false;
	bool		point = false;
	int128		digits = 0;		/* up to the last that is not 0 */
	int			ndigits = 0;
	int			zeros = 0;		/* after it */
	int			places = 0;		/* of the digits and the zeros after them */
	int			exponent = 0;
	bool		negative_exponent = false;

	if (*p == '+' || *p == '-')
		negative = (*p++ == '-');
	for (; p < end && (is_digit(*p) || *p == '.'); p++)
	{
		if (*p == '.')
		{
			point = true;
			continue;
		}
		places += point;
		if (*p == '0')
		{
			zeros++;
			continue;
		}
		if (ndigits > 0)
			ndigits += zeros;
		if (++ndigits > MAX_DIGITS)
			return false;
		digits = (digits == 0 ? 0 : digits * power_of_ten(zeros + 1)) + (*p - '0');
		zeros = 0;
	}
	if (digits == 0)
	{
		*amount = 0;			/* whatever its exponent */
		return true;
	}
	if (p < end)				/* e */
	{
		p++;
		if (*p == '+' || *p == '-')
			negative_exponent = (*p++ == '-');
		for (; p < end; p++)
			exponent = Min(exponent * 10 + (*p - '0'), 10000);
		if (negative_exponent)
			exponent = -exponent;
	}

	/* the last digit stands for 10^(zeros - places + exponent) */
	exponent += zeros - places + EXACT_PLACES;
	if (exponent < 0 || ndigits + exponent > MAX_DIGITS)
		return false;
	*amount = digits * power_of_ten(exponent);
	if (negative)
		*amount = -*amount;
	return true;
}

int64
exact_amount_to_micro(int128 amount)
{
	int128		half = EXACT_PER_MICRO / 2;

	return (int64) ((amount < 0 ? amount - half : amount + half) / EXACT_PER_MICRO);
}
