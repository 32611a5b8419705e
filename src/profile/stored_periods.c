/*-------------------------------------------------------------------------
 *
 * stored_periods.c
 *		leakage_periods of what was kept: the rows of an entity out of its
 *		profile and of arrays that leakage_assess and expected_profiles gave,
 *		without another assessment.
 *
 * In a SELECT list it returns a row a call, and so streams: a table of
 * entities becomes one of periods without being stored between.  In FROM the
 * executor stores the rows in any case, and gets them stored.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "base/base_fmgr.h"
#include "profile/entity_periods.h"
#include "profile/profile_io.h"

PG_FUNCTION_INFO_V1(leakage_stored_periods);

/* kept from call to call, and from entity to entity */
typedef struct PeriodRows
{
	TupleDesc	tupdesc;
	MemoryContext context;		/* of one entity */
	bool		under_way;		/* an entity's rows are being returned */
	EntityPeriods entity;
	Numeric		zero;
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
	rows->zero = money_to_numeric(0);
	MemoryContextSwitchTo(old);
	return rows;
}

static void
begin_entity(FunctionCallInfo fcinfo, PeriodRows *rows)
{
	MemoryContext old = MemoryContextSwitchTo(rows->context);

	entity_periods_begin(&rows->entity, PG_GETARG_LEAKAGE_PROFILE(0),
						 PG_ARGISNULL(1) ? NULL : PG_GETARG_ARRAYTYPE_P(1),
						 PG_ARGISNULL(2) ? NULL : PG_GETARG_ARRAYTYPE_P(2),
						 PG_ARGISNULL(3) ? NULL : PG_GETARG_ARRAYTYPE_P(3));
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
	values[PERIOD_ACTUAL] = NumericGetDatum(p.actual != 0 ? money_to_numeric(p.actual) : rows->zero);
	values[PERIOD_EXPECTED] = NumericGetDatum(p.expected != 0 ? money_to_numeric(p.expected) : rows->zero);
	values[PERIOD_EXPECTED_LEAK] = NumericGetDatum(p.leak != NULL ? p.leak : rows->zero);
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
