/*-------------------------------------------------------------------------
 *
 * assessment_ops.c
 *		The SQL functions leakage_assess and leakage_periods, around
 *		assessment.c.
 *
 * The assessor is kept from call to call.  It is made anew when a call brings
 * another model.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "detector/assessment.h"
#include "base/base_fmgr.h"
#include "profile/profile_fmgr.h"
#include "detector/model_io.h"

/* the columns of leakage_assess */
enum
{
	OUT_LEAK_PROBABILITY,
	OUT_SCORE,
	OUT_REASON,
	OUT_AMOUNT,
	OUT_EXPECTED_LEAK,
	OUT_P_MISSING,
	OUT_P_ZERO,
	OUT_P_DROP,
	OUT_P_UNDERBILLED,
	OUT_ODDS,
	OUT_CHANGE_PERIOD,
	OUT_CHANGE_FACTOR,
	OUT_LEVEL,
	OUT_OWN_SHARE,
	OUT_MISSING_PERIODS,
	OUT_ZERO_PERIODS,
	OUT_EXPECTED_MISSING,
	OUT_METHOD,
	OUT_P_VALUE,
	OUT_P_NO_LEAK,
	OUT_EXPECTED_LEAKS,
	OUT_CONCERNED,
	OUT_PAYMENT_CLASS,
	OUT_P_EVENT,
	OUT_EVENT_PERIOD,
	OUT_EVENT_FACTOR,
	OUT_EVENT_MONEY,
	OUT_COLUMNS
};

typedef struct AssessCache
{
	Assessor   *assessor;
	TupleDesc	tupdesc;		/* of leakage_assess */
} AssessCache;

PG_FUNCTION_INFO_V1(leakage_assess);
PG_FUNCTION_INFO_V1(leakage_periods);

/*
 * What is kept from call to call, with the model of argument 1.
 */
static AssessCache *
get_cache(FunctionCallInfo fcinfo)
{
	AssessCache *cache = fcinfo->flinfo->fn_extra;
	LeakageModel *model = PG_GETARG_LEAKAGE_MODEL_OR_NULL(1);

	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(AssessCache));
		cache->assessor = assessor_make(fcinfo->flinfo->fn_mcxt, model);
		fcinfo->flinfo->fn_extra = cache;
	}
	else
		assessor_set_model(cache->assessor, model);
	return cache;
}

/*
 * The row type of leakage_assess, found at the first call.
 */
static TupleDesc
get_row_type(FunctionCallInfo fcinfo, AssessCache *cache)
{
	if (cache->tupdesc == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
		TupleDesc	tupdesc;

		if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		cache->tupdesc = BlessTupleDesc(CreateTupleDescCopy(tupdesc));
		MemoryContextSwitchTo(old);
	}
	return cache->tupdesc;
}

/*
 * The columns that come from the periods: two sums, and two arrays with one
 * element for each period.
 */
static void
set_period_columns(const Assessor *assessor, Datum *values)
{
	int			n = (int) assessor->profile->nperiods;
	Datum	   *leaks = (Datum *) palloc(n * sizeof(Datum));
	Datum	   *concerned = (Datum *) palloc(n * sizeof(Datum));
	int128		amount = 0;
	int128		expected_leak = 0;

	for (int i = 0; i < n; i++)
	{
		PeriodVerdict p;

		assess_period(assessor, i, &p);
		amount += p.amount;
		expected_leak += p.expected_leak;
		leaks[i] = NumericGetDatum(money_to_numeric(p.expected_leak));
		concerned[i] = BoolGetDatum(p.concerned);
	}
	values[OUT_AMOUNT] = NumericGetDatum(money_sum_to_numeric(amount));
	values[OUT_EXPECTED_LEAK] = NumericGetDatum(money_sum_to_numeric(expected_leak));
	values[OUT_EXPECTED_LEAKS] =
		PointerGetDatum(construct_array(leaks, n, NUMERICOID, -1, false, TYPALIGN_INT));
	values[OUT_CONCERNED] =
		PointerGetDatum(construct_array(concerned, n, BOOLOID, 1, true, TYPALIGN_CHAR));
}

/*
 * The columns about events.
 */
static void
set_event_columns(const Assessor *assessor, Datum *values, bool *nulls)
{
	const Verdict *v = &assessor->verdict;
	bool		in_event = v->event_change >= 0;

	values[OUT_P_EVENT] = Float8GetDatum(v->p_event);
	nulls[OUT_EVENT_PERIOD] = nulls[OUT_EVENT_FACTOR] = nulls[OUT_EVENT_MONEY] = !in_event;
	if (!in_event)
		return;
	values[OUT_EVENT_PERIOD] = Int32GetDatum(v->event_period);
	values[OUT_EVENT_FACTOR] = Float8GetDatum(1 / v->event_inverse);
	values[OUT_EVENT_MONEY] = NumericGetDatum(money_sum_to_numeric(assess_event_money(assessor)));
}

/*
 * leakage_assess(profile, model)
 */
Datum
leakage_assess(PG_FUNCTION_ARGS)
{
	AssessCache *cache;
	TupleDesc	tupdesc;
	const LeakageProfile *profile;
	const History *h;
	const Verdict *v;
	Datum		values[OUT_COLUMNS];
	bool		nulls[OUT_COLUMNS] = {false};

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	profile = PG_GETARG_LEAKAGE_PROFILE(0);
	cache = get_cache(fcinfo);
	tupdesc = get_row_type(fcinfo, cache);
	v = assess(cache->assessor, profile);
	h = &cache->assessor->history;

	values[OUT_LEAK_PROBABILITY] = Float8GetDatum(v->p_leak);
	values[OUT_SCORE] = Float8GetDatum(v->score);
	values[OUT_REASON] = CStringGetTextDatum(reason_name[v->reason]);
	values[OUT_P_MISSING] = Float8GetDatum(v->leak[LEAK_MISSING]);
	values[OUT_P_ZERO] = Float8GetDatum(v->leak[LEAK_ZERO]);
	values[OUT_P_DROP] = Float8GetDatum(v->leak[LEAK_DROP]);
	values[OUT_P_UNDERBILLED] = Float8GetDatum(v->leak[LEAK_UNDERBILLED]);
	values[OUT_ODDS] = Float8GetDatum(exp(Min(v->log_odds, 690.0)));

	nulls[OUT_CHANGE_PERIOD] = v->reason != LEAK_DROP;
	values[OUT_CHANGE_PERIOD] = nulls[OUT_CHANGE_PERIOD] ? (Datum) 0 :
		Int32GetDatum(profile->periods[h->slot[v->change]].period);
	nulls[OUT_CHANGE_FACTOR] = v->reason != LEAK_DROP && v->reason != LEAK_UNDERBILLED;
	values[OUT_CHANGE_FACTOR] = nulls[OUT_CHANGE_FACTOR] ? (Datum) 0 :
		Float8GetDatum(1 / (v->reason == LEAK_DROP ? v->drop_inverse : v->underbilled_inverse));

	values[OUT_LEVEL] = Float8GetDatum(v->level);
	values[OUT_OWN_SHARE] = Float8GetDatum(v->own_share);
	values[OUT_MISSING_PERIODS] = Int32GetDatum(h->missing);
	values[OUT_ZERO_PERIODS] = Int32GetDatum(h->zero + h->idle);
	values[OUT_EXPECTED_MISSING] = Float8GetDatum(v->expected_missing);
	values[OUT_METHOD] = CStringGetTextDatum(v->method);
	values[OUT_P_VALUE] = Float8GetDatum(v->p_value);
	nulls[OUT_P_VALUE] = !v->tested;
	values[OUT_PAYMENT_CLASS] = CStringGetTextDatum(payment_class_name[v->payment_class]);
	set_event_columns(cache->assessor, values, nulls);
	values[OUT_P_NO_LEAK] = Float8GetDatum(v->p_no_leak);
	set_period_columns(cache->assessor, values);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(tupdesc, values, nulls)));
}

/*
 * leakage_periods(profile, model): one row for each period.
 */
Datum
leakage_periods(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	LeakageProfile *profile;
	Assessor   *assessor;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	profile = PG_GETARG_LEAKAGE_PROFILE(0);
	assessor = get_cache(fcinfo)->assessor;
	(void) assess(assessor, profile);

	for (int i = 0; i < (int) profile->nperiods; i++)
	{
		const ProfilePeriod *p = &profile->periods[i];
		PeriodVerdict verdict;
		Datum		values[PERIOD_COLUMNS];
		bool		nulls[PERIOD_COLUMNS] = {false};

		assess_period(assessor, i, &verdict);
		values[PERIOD_PERIOD] = Int32GetDatum(p->period);
		values[PERIOD_PRESENT] = BoolGetDatum(period_kind(p) != MISSING_PERIOD);
		values[PERIOD_ACTUAL] = NumericGetDatum(money_to_numeric(p->actual));
		values[PERIOD_EXPECTED] = NumericGetDatum(money_to_numeric(p->expected));
		values[PERIOD_EXPECTED_LEAK] = NumericGetDatum(money_to_numeric(verdict.expected_leak));
		values[PERIOD_CONCERNED] = BoolGetDatum(verdict.concerned);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
