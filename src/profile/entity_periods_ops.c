/*-------------------------------------------------------------------------
 *
 * entity_periods_ops.c
 *		leakage_periods of what was kept, and which periods of an entity have no
 *		row, no revenue, no leak: out of its profile and of arrays that
 *		leakage_assess and expected_profiles gave, without another assessment.
 *
 * In a SELECT list leakage_periods returns one row for each call, and so
 * streams: a table of entities becomes one of periods without being stored in
 * between.  In FROM the executor stores the rows in any case, so it gets them
 * stored.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "base/base_fmgr.h"
#include "profile/entity_periods_io.h"

PG_FUNCTION_INFO_V1(leakage_stored_periods);
PG_FUNCTION_INFO_V1(leakage_periods_without_row);
PG_FUNCTION_INFO_V1(leakage_periods_without_revenue);
PG_FUNCTION_INFO_V1(leakage_periods_without_leak);

/* kept from call to call, and from entity to entity */
typedef struct PeriodRows
{
	TupleDesc	tupdesc;
	MemoryContext context;		/* of one entity */
	bool		under_way;		/* an entity's rows are being returned */
	EntityPeriods entity;
	Datum		zero;			/* numeric */
} PeriodRows;

/* forget the entity: its rows are complete, or nobody wants the rest */
static void
forget_entity(Datum arg)
{
	PeriodRows *rows = (PeriodRows *) DatumGetPointer(arg);

	rows->under_way = false;
	MemoryContextReset(rows->context);
}

static PeriodRows *
make_rows(FunctionCallInfo fcinfo)
{
	MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	PeriodRows *rows = (PeriodRows *) palloc0(sizeof(PeriodRows));
	TupleDesc	tupdesc;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	rows->tupdesc = BlessTupleDesc(CreateTupleDescCopy(tupdesc));
	rows->context = AllocSetContextCreate(CurrentMemoryContext, "periods of an entity",
										  ALLOCSET_SMALL_SIZES);
	rows->zero = NumericGetDatum(money_to_numeric(0));
	MemoryContextSwitchTo(old);
	return rows;
}

static void
begin_entity(FunctionCallInfo fcinfo, PeriodRows *rows)
{
	MemoryContext old = MemoryContextSwitchTo(rows->context);

	entity_periods_read(&rows->entity, fcinfo, 0, 1, 2, 3);
	rows->under_way = true;
	MemoryContextSwitchTo(old);
}

/* the columns of the next row; false at the end */
static bool
next_row(PeriodRows *rows, Datum *values)
{
	EntityPeriod p;

	if (!entity_periods_next(&rows->entity, &p))
		return false;
	values[PERIOD_PERIOD] = Int32GetDatum(p.period);
	values[PERIOD_PRESENT] = BoolGetDatum(p.present);
	values[PERIOD_ACTUAL] = p.actual != 0 ? NumericGetDatum(money_to_numeric(p.actual)) : rows->zero;
	values[PERIOD_EXPECTED] = p.expected != 0 ? NumericGetDatum(money_to_numeric(p.expected)) : rows->zero;
	values[PERIOD_EXPECTED_LEAK] = p.has_leak ? p.leak : rows->zero;
	values[PERIOD_CONCERNED] = BoolGetDatum(p.concerned);
	return true;
}

/*
 * leakage_periods(profile, expected_leaks, concerned, absent)
 */
Datum
leakage_stored_periods(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	PeriodRows *rows = (PeriodRows *) fcinfo->flinfo->fn_extra;
	Datum		values[PERIOD_COLUMNS];
	bool		nulls[PERIOD_COLUMNS] = {false};

	if (rsinfo == NULL || !IsA(rsinfo, ReturnSetInfo) || !(rsinfo->allowedModes & SFRM_ValuePerCall))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("set-valued function called in context that cannot accept a set")));
	if (rows == NULL)
		fcinfo->flinfo->fn_extra = rows = make_rows(fcinfo);

	if (rsinfo->allowedModes & SFRM_Materialize_Preferred)
	{
		MemoryContext old = MemoryContextSwitchTo(rsinfo->econtext->ecxt_per_query_memory);

		rsinfo->returnMode = SFRM_Materialize;
		rsinfo->setResult = tuplestore_begin_heap((rsinfo->allowedModes & SFRM_Materialize_Random) != 0,
												  false, work_mem);
		rsinfo->setDesc = NULL; /* the executor would free it; that of the OUT arguments holds */
		MemoryContextSwitchTo(old);
		if (!PG_ARGISNULL(0))
		{
			begin_entity(fcinfo, rows);
			while (next_row(rows, values))
				tuplestore_putvalues(rsinfo->setResult, rows->tupdesc, values, nulls);
			forget_entity(PointerGetDatum(rows));
		}
		return (Datum) 0;
	}

	if (!rows->under_way && !PG_ARGISNULL(0))
	{
		begin_entity(fcinfo, rows);
		/* a LIMIT may end the rows before they are complete */
		RegisterExprContextCallback(rsinfo->econtext, forget_entity, PointerGetDatum(rows));
	}
	if (!rows->under_way || !next_row(rows, values))
	{
		if (rows->under_way)
		{
			UnregisterExprContextCallback(rsinfo->econtext, forget_entity, PointerGetDatum(rows));
			forget_entity(PointerGetDatum(rows));
		}
		rsinfo->isDone = ExprEndResult;
		PG_RETURN_NULL();
	}
	rsinfo->isDone = ExprMultipleResult;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(rows->tupdesc, values, nulls)));
}

/* does a period have it? */
typedef bool (*PeriodTest) (const EntityPeriod *period);

static bool
has_row(const EntityPeriod *period)
{
	return period->present;
}

static bool
has_revenue(const EntityPeriod *period)
{
	return period->actual > 0;
}

static bool
has_leak(const EntityPeriod *period)
{
	return entity_period_leak(period) > 0;
}

/*
 * The periods of argument 0, a profile, and of the absent ones that do not
 * have it, ascending.
 */
static Datum
periods_without(FunctionCallInfo fcinfo, PeriodTest has, int leaks, int absent)
{
	EntityPeriods entity;
	EntityPeriod period;
	Datum	   *periods;
	int			count = 0;

	entity_periods_read(&entity, fcinfo, 0, leaks, NO_ARGUMENT, absent);
	periods = palloc((entity.profile->nperiods + (Size) entity.nabsent) * sizeof(Datum));
	while (entity_periods_next(&entity, &period))
	{
		if (!has(&period))
			periods[count++] = Int32GetDatum(period.period);
	}
	if (count == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(INT4OID));
	PG_RETURN_ARRAYTYPE_P(construct_array(periods, count, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

/*
 * periods_without_row(profile, absent)
 */
Datum
leakage_periods_without_row(PG_FUNCTION_ARGS)
{
	return periods_without(fcinfo, has_row, NO_ARGUMENT, 1);
}

/*
 * periods_without_revenue(profile, absent)
 */
Datum
leakage_periods_without_revenue(PG_FUNCTION_ARGS)
{
	return periods_without(fcinfo, has_revenue, NO_ARGUMENT, 1);
}

/*
 * periods_without_leak(profile, expected_leaks, absent)
 */
Datum
leakage_periods_without_leak(PG_FUNCTION_ARGS)
{
	return periods_without(fcinfo, has_leak, 1, 2);
}
