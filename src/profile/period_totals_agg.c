/*-------------------------------------------------------------------------
 *
 * period_totals_agg.c
 *		Support functions of the aggregate period_totals: thin wrappers around
 *		period_totals_state.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "base/base_fmgr.h"
#include "profile/entity_periods_io.h"
#include "profile/period_totals_state.h"

#define AGGREGATE	"period_totals"
#define TOTALS_STATE_VERSION	1

/* bytes of a period in the serialized state */
#define TOTAL_WIRE_SIZE		(4 + 4 * 8 + 3 * 16)

/* the columns of the type period_total */
enum
{
	TOTAL_PERIOD,
	TOTAL_ENTITIES,
	TOTAL_PRESENT,
	TOTAL_POSITIVE,
	TOTAL_LEAKING,
	TOTAL_ACTUAL,
	TOTAL_EXPECTED,
	TOTAL_EXPECTED_LEAK,
	TOTAL_COLUMNS
};

PG_FUNCTION_INFO_V1(leakage_period_totals_transition);
PG_FUNCTION_INFO_V1(leakage_period_totals_combine);
PG_FUNCTION_INFO_V1(leakage_period_totals_serialize);
PG_FUNCTION_INFO_V1(leakage_period_totals_deserialize);
PG_FUNCTION_INFO_V1(leakage_period_totals_final);

/*
 * Add an entity (profile, expected leaks, absent).  NULL until there is one.
 */
Datum
leakage_period_totals_transition(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo, AGGREGATE);
	PeriodTotals *state = PG_GETARG_STATE(0);
	EntityPeriods entity;
	EntityPeriod p;
	MemoryContext old;
	int			slot = 0;

	if (PG_ARGISNULL(1))
		PG_RETURN_STATE(state);
	entity_periods_read(&entity, fcinfo, 1, 2, NO_ARGUMENT, 3);

	old = MemoryContextSwitchTo(context);
	if (state == NULL)
		state = period_totals_make(entity.profile->nperiods);
	while (entity_periods_next(&entity, &p))
	{
		int64		leak = entity_period_leak(&p);
		PeriodTotal added = {
			.period = p.period,
			.entities = 1,
			.present = p.present,
			.positive = p.actual > 0,
			.leaking = leak > 0,
			.actual = p.actual,
			.expected = p.expected,
			.leak = leak
		};

		period_totals_add(state, &added, &slot);
		slot++;
	}
	MemoryContextSwitchTo(old);
	PG_RETURN_POINTER(state);
}

/*
 * Add another state.
 */
Datum
leakage_period_totals_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo, AGGREGATE);
	PeriodTotals *state = PG_GETARG_STATE(0);
	PeriodTotals *other = PG_GETARG_STATE(1);
	MemoryContext old;
	int			slot = 0;

	if (other == NULL)
		PG_RETURN_STATE(state);
	old = MemoryContextSwitchTo(context);
	if (state == NULL)
		state = period_totals_make(other->nperiods);
	for (int i = 0; i < other->nperiods; i++, slot++)
		period_totals_add(state, &other->totals[i], &slot);
	MemoryContextSwitchTo(old);
	PG_RETURN_POINTER(state);
}

/*
 * State to bytes, for another process.
 */
Datum
leakage_period_totals_serialize(PG_FUNCTION_ARGS)
{
	PeriodTotals *state;
	StringInfoData buf;

	(void) aggregate_context(fcinfo, AGGREGATE);
	state = (PeriodTotals *) PG_GETARG_POINTER(0);

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, TOTALS_STATE_VERSION);
	pq_sendint32(&buf, state->nperiods);
	for (int i = 0; i < state->nperiods; i++)
	{
		const PeriodTotal *t = &state->totals[i];

		pq_sendint32(&buf, t->period);
		pq_sendint64(&buf, t->entities);
		pq_sendint64(&buf, t->present);
		pq_sendint64(&buf, t->positive);
		pq_sendint64(&buf, t->leaking);
		state_send_sum(&buf, t->actual);
		state_send_sum(&buf, t->expected);
		state_send_sum(&buf, t->leak);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/*
 * Bytes to state.
 */
Datum
leakage_period_totals_deserialize(PG_FUNCTION_ARGS)
{
	PeriodTotals *state;
	StringInfoData buf;
	const char *fault;
	uint32		nperiods;

	state_open(fcinfo, &buf, AGGREGATE, TOTALS_STATE_VERSION);
	nperiods = pq_getmsgint(&buf, 4);
	/* before room is made for them */
	if (nperiods > PERIOD_TOTALS_MAX ||
		buf.len - buf.cursor != (int) nperiods * TOTAL_WIRE_SIZE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of " AGGREGATE ": %d bytes for %u periods",
						buf.len - buf.cursor, nperiods)));
	state = period_totals_make(nperiods);
	state->nperiods = nperiods;
	for (int i = 0; i < state->nperiods; i++)
	{
		PeriodTotal *t = &state->totals[i];

		t->period = (int32) pq_getmsgint(&buf, 4);
		t->entities = pq_getmsgint64(&buf);
		t->present = pq_getmsgint64(&buf);
		t->positive = pq_getmsgint64(&buf);
		t->leaking = pq_getmsgint64(&buf);
		t->actual = state_get_sum(&buf);
		t->expected = state_get_sum(&buf);
		t->leak = state_get_sum(&buf);
	}
	pq_getmsgend(&buf);

	fault = period_totals_fault(state);
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of " AGGREGATE ": %s", fault)));
	PG_RETURN_POINTER(state);
}

/*
 * An array of period_total, ascending by period.  NULL where there was no
 * entity.
 */
Datum
leakage_period_totals_final(PG_FUNCTION_ARGS)
{
	TupleDesc	tupdesc = fcinfo->flinfo->fn_extra;
	PeriodTotals *state;
	Datum	   *elements;

	(void) aggregate_context(fcinfo, AGGREGATE);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (PeriodTotals *) PG_GETARG_POINTER(0);

	if (tupdesc == NULL)
	{
		Oid			type = get_element_type(get_func_rettype(fcinfo->flinfo->fn_oid));
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		tupdesc = lookup_rowtype_tupdesc_copy(type, -1);
		MemoryContextSwitchTo(old);
		fcinfo->flinfo->fn_extra = tupdesc;
	}

	elements = palloc(Max(state->nperiods, 1) * sizeof(Datum));
	for (int i = 0; i < state->nperiods; i++)
	{
		const PeriodTotal *t = &state->totals[i];
		Datum		values[TOTAL_COLUMNS];
		bool		nulls[TOTAL_COLUMNS] = {false};

		values[TOTAL_PERIOD] = Int32GetDatum(t->period);
		values[TOTAL_ENTITIES] = Int64GetDatum(t->entities);
		values[TOTAL_PRESENT] = Int64GetDatum(t->present);
		values[TOTAL_POSITIVE] = Int64GetDatum(t->positive);
		values[TOTAL_LEAKING] = Int64GetDatum(t->leaking);
		values[TOTAL_ACTUAL] = NumericGetDatum(money_sum_to_numeric(t->actual));
		values[TOTAL_EXPECTED] = NumericGetDatum(money_sum_to_numeric(t->expected));
		values[TOTAL_EXPECTED_LEAK] = NumericGetDatum(money_sum_to_numeric(t->leak));
		elements[i] = HeapTupleGetDatum(heap_form_tuple(tupdesc, values, nulls));
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, state->nperiods, tupdesc->tdtypeid,
										  -1, false, TYPALIGN_DOUBLE));
}
