/*-------------------------------------------------------------------------
 *
 * entity_periods_state.c
 *		One entity's periods, those of its profile and the absent ones merged.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "profile/entity_periods_state.h"

void
entity_periods_begin(EntityPeriods *entity)
{
	const LeakageProfile *profile = entity->profile;
	uint32		slot = 0;

	entity->next = 0;
	entity->next_absent = 0;
	for (int i = 0; i < entity->nabsent; i++)
	{
		int32		absent = entity->absent[i];

		CHECK_FOR_INTERRUPTS();
		if (i > 0 && absent <= entity->absent[i - 1])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("absent period %d comes after %d", absent, entity->absent[i - 1])));
		while (slot < profile->nperiods && profile->periods[slot].period < absent)
			slot++;
		if (slot < profile->nperiods && profile->periods[slot].period == absent)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("absent period %d is in the profile", absent)));
	}
}

bool
entity_periods_next(EntityPeriods *entity, EntityPeriod *period)
{
	bool		more_absent = entity->next_absent < entity->nabsent;

	memset(period, 0, sizeof(EntityPeriod));
	if (entity->next < entity->profile->nperiods &&
		!(more_absent && entity->absent[entity->next_absent] < entity->profile->periods[entity->next].period))
	{
		uint32		slot = entity->next++;
		const ProfilePeriod *p = &entity->profile->periods[slot];

		period->period = p->period;
		period->present = period_kind(p) != MISSING_PERIOD;
		period->concerned = entity->concerned != NULL && DatumGetBool(entity->concerned[slot]);
		period->actual = p->actual;
		period->expected = p->expected;
		period->has_leak = entity->leaks != NULL;
		if (period->has_leak)
			period->leak = entity->leaks[slot];
		return true;
	}
	if (!more_absent)
		return false;
	CHECK_FOR_INTERRUPTS();		/* there may be any number of these */
	period->period = entity->absent[entity->next_absent++];
	return true;
}
