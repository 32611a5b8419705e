/*-------------------------------------------------------------------------
 *
 * entity_periods.c
 *		One entity's periods out of its profile and of arrays that
 *		leakage_assess and expected_profiles gave.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"

#include "profile/entity_periods.h"

/* an array's elements, NULL for no array; as many as the profile has periods */
static Datum *
period_elements(ArrayType *array, const char *name, Oid type,
				int length, bool by_value, char align, uint32 nperiods)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	if (array == NULL)
		return NULL;
	deconstruct_array(array, type, length, by_value, align, &elements, &nulls, &count);
	if ((uint32) count != nperiods)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("length of %s is %d, the profile has %u periods", name, count, nperiods)));
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("element %d of %s is null", i + 1, name)));
	}
	return elements;
}

/* the periods that the profile leaves out: ascending, none of the profile's */
static void
read_absent(EntityPeriods *entity, ArrayType *array)
{
	const LeakageProfile *profile = entity->profile;
	uint32		slot = 0;

	entity->nabsent = 0;
	if (array == NULL)
		return;
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("an element of absent is null")));
	entity->absent = (const int32 *) ARR_DATA_PTR(array);
	entity->nabsent = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
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

void
entity_periods_begin(EntityPeriods *entity, const LeakageProfile *profile,
					 ArrayType *leaks, ArrayType *concerned, ArrayType *absent)
{
	entity->profile = profile;
	entity->leaks = period_elements(leaks, "expected_leaks", NUMERICOID, -1, false,
									TYPALIGN_INT, profile->nperiods);
	entity->concerned = period_elements(concerned, "concerned_periods", BOOLOID, 1, true,
										TYPALIGN_CHAR, profile->nperiods);
	read_absent(entity, absent);
	entity->next = 0;
	entity->next_absent = 0;
}

bool
entity_periods_next(EntityPeriods *entity, EntityPeriod *period)
{
	bool		more_absent = entity->next_absent < entity->nabsent;

	if (entity->next < entity->profile->nperiods &&
		!(more_absent && entity->absent[entity->next_absent] < entity->profile->periods[entity->next].period))
	{
		uint32		slot = entity->next++;
		const ProfilePeriod *p = &entity->profile->periods[slot];

		period->period = p->period;
		period->present = p->actual_rows > 0;
		period->concerned = entity->concerned != NULL && DatumGetBool(entity->concerned[slot]);
		period->actual = p->actual;
		period->expected = p->expected;
		period->leak = entity->leaks != NULL ? DatumGetNumeric(entity->leaks[slot]) : NULL;
		return true;
	}
	if (!more_absent)
		return false;
	CHECK_FOR_INTERRUPTS();		/* of these there may be any number */
	memset(period, 0, sizeof(EntityPeriod));
	period->period = entity->absent[entity->next_absent++];
	return true;
}
