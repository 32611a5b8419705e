/*-------------------------------------------------------------------------
 *
 * entity_periods_io.c
 *		One entity's periods out of its profile and of arrays that
 *		leakage_assess and expected_profiles gave.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"

#include "base/base_fmgr.h"
#include "profile/entity_periods_io.h"
#include "profile/profile_io.h"

/* argument n, NULL for no array */
static ArrayType *
array_argument(FunctionCallInfo fcinfo, int n)
{
	if (n == NO_ARGUMENT || PG_ARGISNULL(n))
		return NULL;
	return PG_GETARG_ARRAYTYPE_P(n);
}

/* an array's elements, as many as the profile has periods; NULL for no array */
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

void
entity_periods_read(EntityPeriods *entity, FunctionCallInfo fcinfo,
					int profile, int leaks, int concerned, int absent)
{
	ArrayType  *array = array_argument(fcinfo, absent);

	memset(entity, 0, sizeof(EntityPeriods));
	entity->profile = PG_GETARG_LEAKAGE_PROFILE(profile);
	entity->leaks = period_elements(array_argument(fcinfo, leaks), "expected_leaks", NUMERICOID,
									-1, false, TYPALIGN_INT, entity->profile->nperiods);
	entity->concerned = period_elements(array_argument(fcinfo, concerned), "concerned_periods", BOOLOID,
										1, true, TYPALIGN_CHAR, entity->profile->nperiods);
	if (array != NULL)
	{
		if (array_contains_nulls(array))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("an element of absent is null")));
		entity->absent = (const int32 *) ARR_DATA_PTR(array);
		entity->nabsent = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	}
	entity_periods_begin(entity);
}

int64
entity_period_leak(const EntityPeriod *period)
{
	if (!period->has_leak)
		return 0;
	return money_from_numeric(DatumGetNumeric(period->leak), "expected leak");
}
