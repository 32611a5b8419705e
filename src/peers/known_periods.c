/*-------------------------------------------------------------------------
 *
 * known_periods.c
 *		What is known beforehand of an entity's periods; see known_periods.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/base.h"
#include "peers/known_periods.h"

const ProfilePeriod *
known_periods_fault(const LeakageProfile *known)
{
	for (uint32 i = 0; i < known->nperiods; i++)
	{
		const ProfilePeriod *slot = &known->periods[i];

		if (slot->expected_rows == 0 && (slot->actual <= 0 || slot->actual > FACTOR_MAX))
			return slot;
	}
	return NULL;
}

int64
without_factor(int64 amount, PeriodFactor factor)
{
	int128		result;

	if (factor == FACTOR_ONE)
		return amount;
	Assert(factor > 0);
	/* less than 2^63 times 2^20: it fits 128 bits */
	result = divide_rounded((int128) amount * FACTOR_ONE, factor);
	return (int64) Max(Min(result, PG_INT64_MAX), -PG_INT64_MAX);
}

int64
with_factor(int64 amount, PeriodFactor factor)
{
	Assert(amount >= 0 && factor > 0);
	if (factor == FACTOR_ONE)
		return amount;
	return (int64) Min(divide_rounded((int128) amount * factor, FACTOR_ONE), MONEY_LIMIT - 1);
}
