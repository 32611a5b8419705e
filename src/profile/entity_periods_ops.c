/*-------------------------------------------------------------------------
 *
 * entity_periods_ops.c
 *		leakage_periods of what was kept, and in which periods an entity has a
 *		row, revenue, a leak: out of its profile and of arrays that
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
PG_FUNCTION_INFO_V1(leakage_blocks_of_periods);
PG_FUNCTION_INFO_V1(leakage_blocks_with_row);
PG_FUNCTION_INFO_V1(leakage_blocks_with_revenue);
PG_FUNCTION_INFO_V1(leakage_blocks_with_leak);

/* a block is an integer that is never negative */
#define BLOCK_MAX_PERIODS	31
#define MAX_BLOCKS			1024

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
has_period(const EntityPeriod *period)
{
	return true;
}

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

/* how many periods a block holds */
static int
periods_per_block(int nperiods, int nblocks)
{
	int			width;

	if (nblocks < 1 || nblocks > MAX_BLOCKS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of blocks must be between 1 and %d: %d", MAX_BLOCKS, nblocks)));
	width = Max((nperiods + nblocks - 1) / nblocks, 1);
	if (width > BLOCK_MAX_PERIODS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%d periods do not fit in %d blocks of %d", nperiods, nblocks, BLOCK_MAX_PERIODS)));
	return width;
}

static void
check_ascending(const int32 *periods, int nperiods)
{
	for (int i = 1; i < nperiods; i++)
	{
		if (periods[i] <= periods[i - 1])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("all_periods must ascend, but %d follows %d", periods[i], periods[i - 1])));
	}
}

/*
 * The periods of argument 0, a profile, and of the absent ones that have it, as
 * bits.  The arguments after the absent periods are all periods there are, and
 * the number of blocks to divide them into.  The first bit of the first block
 * is the first period.  Periods that are not among all periods are left out.
 */
static Datum
blocks_with(FunctionCallInfo fcinfo, PeriodTest has, int leaks, int absent)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(absent + 1);
	const int32 *periods = (const int32 *) ARR_DATA_PTR(array);
	int			nperiods = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	int			nblocks = PG_GETARG_INT32(absent + 2);
	int			width = periods_per_block(nperiods, nblocks);
	EntityPeriods entity;
	EntityPeriod period;
	Datum	   *blocks;
	int			n = 0;

	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("an element of all_periods is null")));
	check_ascending(periods, nperiods);
	blocks = palloc0(nblocks * sizeof(Datum));
	entity_periods_read(&entity, fcinfo, 0, leaks, NO_ARGUMENT, absent);
	while (entity_periods_next(&entity, &period))
	{
		while (n < nperiods && periods[n] < period.period)
			n++;
		if (n < nperiods && periods[n] == period.period && has(&period))
			blocks[n / width] = Int32GetDatum(DatumGetInt32(blocks[n / width]) | 1 << n % width);
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(blocks, nblocks, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

/*
 * blocks_of_periods(profile, absent, all_periods, blocks)
 */
Datum
leakage_blocks_of_periods(PG_FUNCTION_ARGS)
{
	return blocks_with(fcinfo, has_period, NO_ARGUMENT, 1);
}

/*
 * blocks_with_row(profile, absent, all_periods, blocks)
 */
Datum
leakage_blocks_with_row(PG_FUNCTION_ARGS)
{
	return blocks_with(fcinfo, has_row, NO_ARGUMENT, 1);
}

/*
 * blocks_with_revenue(profile, absent, all_periods, blocks)
 */
Datum
leakage_blocks_with_revenue(PG_FUNCTION_ARGS)
{
	return blocks_with(fcinfo, has_revenue, NO_ARGUMENT, 1);
}

/*
 * blocks_with_leak(profile, expected_leaks, absent, all_periods, blocks)
 */
Datum
leakage_blocks_with_leak(PG_FUNCTION_ARGS)
{
	return blocks_with(fcinfo, has_leak, 1, 2);
}
