/*-------------------------------------------------------------------------
 *
 * periods_without.c
 *		Which periods of an entity have no row, no revenue, no leak.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"

#include "base/base_fmgr.h"
#include "profile/entity_periods.h"
#include "profile/profile_io.h"

PG_FUNCTION_INFO_V1(leakage_periods_without_row);
PG_FUNCTION_INFO_V1(leakage_periods_without_revenue);
PG_FUNCTION_INFO_V1(leakage_periods_without_leak);

static bool
has_row(const EntityPeriod *p)
{
	return p->present;
}

static bool
has_revenue(const EntityPeriod *p)
{
	return p->actual > 0;
}

static bool
has_leak(const EntityPeriod *p)
{
	return p->leak != NULL && money_from_numeric(p->leak, "expected leak") > 0;
}

/* the periods that do not have it, ascending */
static Datum
periods_without(FunctionCallInfo fcinfo, bool (*has) (const EntityPeriod *),
				ArrayType *leaks, ArrayType *absent)
{
	EntityPeriods entity;
	EntityPeriod p;
	Datum	   *periods;
	int			count = 0;

	entity_periods_begin(&entity, PG_GETARG_LEAKAGE_PROFILE(0), leaks, NULL, absent);
	periods = palloc((entity.profile->nperiods + (Size) entity.nabsent) * sizeof(Datum));
	while (entity_periods_next(&entity, &p))
	{
		if (!has(&p))
			periods[count++] = Int32GetDatum(p.period);
	}
	if (count == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(INT4OID));
	PG_RETURN_ARRAYTYPE_P(construct_array(periods, count, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

Datum
leakage_periods_without_row(PG_FUNCTION_ARGS)
{
	return periods_without(fcinfo, has_row, NULL, PG_GETARG_ARRAYTYPE_P(1));
}

Datum
leakage_periods_without_revenue(PG_FUNCTION_ARGS)
{
	return periods_without(fcinfo, has_revenue, NULL, PG_GETARG_ARRAYTYPE_P(1));
}

Datum
leakage_periods_without_leak(PG_FUNCTION_ARGS)
{
	return periods_without(fcinfo, has_leak, PG_GETARG_ARRAYTYPE_P(1), PG_GETARG_ARRAYTYPE_P(2));
}
