/*-------------------------------------------------------------------------
 *
 * stored_periods.c
 *		leakage_periods of what was kept: the rows of an entity out of its
 *		profile and of arrays that leakage_assess and expected_profiles gave,
 *		without another assessment.
 *
 * It returns a row a call, and so streams when it stands in a SELECT list: a
 * table of entities becomes one of periods without being stored between.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/memutils.h"

#include "compat.h"
#include "money.h"
#include "profile_io.h"

PG_FUNCTION_INFO_V1(leakage_stored_periods);

/* the columns of leakage_periods */
enum
{
	PERIOD_PERIOD,
	PERIOD_PRESENT,
	PERIOD_ACTUAL,
	PERIOD_EXPECTED,
	PERIOD_EXPECTED_LEAK,
	PERIOD_CONCERNED,
	PERIOD_COLUMNS
};

/* kept from call to call, and from entity to entity */
typedef struct PeriodRows
{
	TupleDesc	tupdesc;
	MemoryContext context;		/* of one entity: everything below */
	bool		under_way;		/* an entity's rows are being returned */
	const LeakageProfile *profile;
	Datum	   *leaks;			/* an element a period, or NULL */
	Datum	   *concerned;		/* an element a period, or NULL */
	const int32 *absent;
	int			nabsent;
	uint32		next;			/* slot of the profile */
	int			next_absent;
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

/* an array's elements, NULL for no array; as many as the profile has periods */
static Datum *
period_elements(FunctionCallInfo fcinfo, int n, const char *name, Oid type,
				int length, bool by_value, char align, uint32 nperiods)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	if (PG_ARGISNULL(n))
		return NULL;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(n), type, length, by_value, align,
					  &elements, &nulls, &count);
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
read_absent(FunctionCallInfo fcinfo, PeriodRows *rows)
{
	ArrayType  *array;
	uint32		slot = 0;

	rows->nabsent = 0;
	if (PG_ARGISNULL(3))
		return;
	array = PG_GETARG_ARRAYTYPE_P(3);
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("an element of absent is null")));
	rows->absent = (const int32 *) ARR_DATA_PTR(array);
	rows->nabsent = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	for (int i = 0; i < rows->nabsent; i++)
	{
		if (i > 0 && rows->absent[i] <= rows->absent[i - 1])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("absent period %d comes after %d", rows->absent[i], rows->absent[i - 1])));
		while (slot < rows->profile->nperiods && rows->profile->periods[slot].period < rows->absent[i])
			slot++;
		if (slot < rows->profile->nperiods && rows->profile->periods[slot].period == rows->absent[i])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("absent period %d is in the profile", rows->absent[i])));
	}
}

static void
begin_entity(FunctionCallInfo fcinfo, PeriodRows *rows)
{
	MemoryContext old = MemoryContextSwitchTo(rows->context);

	rows->profile = PG_GETARG_LEAKAGE_PROFILE(0);
	rows->leaks = period_elements(fcinfo, 1, "expected_leaks", NUMERICOID, -1, false,
								  TYPALIGN_INT, rows->profile->nperiods);
	rows->concerned = period_elements(fcinfo, 2, "concerned_periods", BOOLOID, 1, true,
									  TYPALIGN_CHAR, rows->profile->nperiods);
	read_absent(fcinfo, rows);
	rows->next = 0;
	rows->next_absent = 0;
	rows->under_way = true;
	MemoryContextSwitchTo(old);
}

/* the columns of the next row: of a period of the profile, or of one that it leaves out */
static void
next_row(PeriodRows *rows, Datum *values)
{
	const ProfilePeriod *p = &rows->profile->periods[rows->next];
	bool		held = rows->next < rows->profile->nperiods &&
		(rows->next_absent == rows->nabsent || p->period < rows->absent[rows->next_absent]);

	values[PERIOD_PERIOD] = Int32GetDatum(held ? p->period : rows->absent[rows->next_absent]);
	values[PERIOD_PRESENT] = BoolGetDatum(held && p->actual_rows > 0);
	values[PERIOD_ACTUAL] = NumericGetDatum(held ? money_to_numeric(p->actual) : rows->zero);
	values[PERIOD_EXPECTED] = NumericGetDatum(held ? money_to_numeric(p->expected) : rows->zero);
	values[PERIOD_EXPECTED_LEAK] = held && rows->leaks != NULL ? rows->leaks[rows->next] : NumericGetDatum(rows->zero);
	values[PERIOD_CONCERNED] = held && rows->concerned != NULL ? rows->concerned[rows->next] : BoolGetDatum(false);
	if (held)
		rows->next++;
	else
		rows->next_absent++;
}

/*
 * leakage_periods(profile, expected_leaks, concerned, absent): a row a call.
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

	if (!rows->under_way && !PG_ARGISNULL(0))
	{
		begin_entity(fcinfo, rows);
		/* a LIMIT may end the rows before they are complete */
		RegisterExprContextCallback(rsinfo->econtext, forget_entity, PointerGetDatum(rows));
	}
	if (!rows->under_way ||
		(rows->next == rows->profile->nperiods && rows->next_absent == rows->nabsent))
	{
		if (rows->under_way)
		{
			UnregisterExprContextCallback(rsinfo->econtext, forget_entity, PointerGetDatum(rows));
			forget_entity(PointerGetDatum(rows));
		}
		rsinfo->isDone = ExprEndResult;
		PG_RETURN_NULL();
	}

	next_row(rows, values);
	rsinfo->isDone = ExprMultipleResult;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(rows->tupdesc, values, nulls)));
}
