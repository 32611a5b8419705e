/*-------------------------------------------------------------------------
 *
 * money.c
 *		Arithmetic of amounts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/money.h"

int128
divide_rounded(int128 a, int128 b)
{
	int128		quotient = a / b;
	int128		rest = a - quotient * b;

	Assert(b > 0);

	/* not 2 * rest >= b: that could overflow for the largest divisors */
	if (rest >= 0)
		return rest >= b - rest ? quotient + 1 : quotient;
	return -rest >= b + rest ? quotient - 1 : quotient;
}
