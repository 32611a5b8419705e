/*-------------------------------------------------------------------------
 *
 * assessment_ops.c
 *		leakage_assess and leakage_periods: thin wrappers around assessment.c.
 *
 * What depends on the model only is kept from call to call, and made anew
 * when a call brings another model.
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
	OUT_COLUMNS
};

typedef struct AssessCache
{
	Assessor   *assessor;
	TupleDesc	tupdesc;		/* of leakage_assess */
} AssessCache;

static AssessCache *get_cache(FunctionCallInfo fcinfo);

PG_FUNCTION_INFO_V1(leakage_assess);
PG_FUNCTION_INFO_V1(leakage_periods);

static const char *const reason_name[HYPOTHESES] = {
	[LEAK_NONE] = "none",
	[LEAK_MISSING] = "missing_weeks",
	[LEAK_ZERO] = "zero_weeks",
	[LEAK_DROP] = "drop",
	[LEAK_UNDERBILLED] = "underbilled"
};

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
 * What each period is expected to have leaked, and whether the reason is about
 * it: two arrays, an element a period.
 */
static void
period_arrays(const Assessor *assessor, const LeakageProfile *profile,
			  const Assessment *a, Datum *leaks, Datum *concerned)
{
	int			n = (int) profile->nperiods;
	Datum	   *leak = (Datum *) palloc(n * sizeof(Datum));
	Datum	   *about = (Datum *) palloc(n * sizeof(Datum));

	for (int i = 0; i < n; i++)
	{
		leak[i] = NumericGetDatum(money_to_numeric(period_leak(assessor, profile, a, i)));
		about[i] = BoolGetDatum(period_concerned(assessor, profile, a, i));
	}
	*leaks = PointerGetDatum(construct_array(leak, n, NUMERICOID, -1, false, TYPALIGN_INT));
	*concerned = PointerGetDatum(construct_array(about, n, BOOLOID, 1, true, TYPALIGN_CHAR));
}

/*
 * leakage_assess(profile, model): a record.
 */
Datum
leakage_assess(PG_FUNCTION_ARGS)
{
	LeakageProfile *profile;
	AssessCache *cache;
	Assessment	a;
	const History *h;
	int128		amount;
	int128		expected_leak;
	Datum		values[OUT_COLUMNS];
	bool		nulls[OUT_COLUMNS];

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	profile = PG_GETARG_LEAKAGE_PROFILE(0);
	cache = get_cache(fcinfo);
	if (cache->tupdesc == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
		TupleDesc	tupdesc;

		if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		cache->tupdesc = BlessTupleDesc(CreateTupleDescCopy(tupdesc));
		MemoryContextSwitchTo(old);
	}

	assess(cache->assessor, profile, &a);
	assess_amounts(cache->assessor, profile, &a, &amount, &expected_leak);
	h = &cache->assessor->history;

	memset(nulls, 0, sizeof(nulls));
	values[OUT_LEAK_PROBABILITY] = Float8GetDatum(a.p_leak);
	values[OUT_SCORE] = Float8GetDatum(a.score);
	values[OUT_REASON] = CStringGetTextDatum(reason_name[a.reason]);
	values[OUT_AMOUNT] = NumericGetDatum(money_sum_to_numeric(amount));
	values[OUT_EXPECTED_LEAK] = NumericGetDatum(money_sum_to_numeric(expected_leak));
	values[OUT_P_MISSING] = Float8GetDatum(a.leak[LEAK_MISSING]);
	values[OUT_P_ZERO] = Float8GetDatum(a.leak[LEAK_ZERO]);
	values[OUT_P_DROP] = Float8GetDatum(a.leak[LEAK_DROP]);
	values[OUT_P_UNDERBILLED] = Float8GetDatum(a.leak[LEAK_UNDERBILLED]);
	values[OUT_ODDS] = Float8GetDatum(exp(Min(a.log_odds, 690.0)));

	values[OUT_CHANGE_PERIOD] = (Datum) 0;
	values[OUT_CHANGE_FACTOR] = (Datum) 0;
	nulls[OUT_CHANGE_PERIOD] = a.reason != LEAK_DROP;
	if (a.reason == LEAK_DROP)
		values[OUT_CHANGE_PERIOD] = Int32GetDatum(profile->periods[a.change_slot].period);
	nulls[OUT_CHANGE_FACTOR] = a.reason != LEAK_DROP && a.reason != LEAK_UNDERBILLED;
	if (!nulls[OUT_CHANGE_FACTOR])
		values[OUT_CHANGE_FACTOR] =
			Float8GetDatum(1 / (a.reason == LEAK_DROP ? a.drop_inverse : a.underbilled_inverse));

	values[OUT_LEVEL] = Float8GetDatum(a.level);
	values[OUT_OWN_SHARE] = Float8GetDatum(a.own_share);
	values[OUT_MISSING_PERIODS] = Int32GetDatum(h->missing);
	values[OUT_ZERO_PERIODS] = Int32GetDatum(h->zero + h->idle);
	values[OUT_EXPECTED_MISSING] = Float8GetDatum(a.expected_missing);
	values[OUT_METHOD] = CStringGetTextDatum(a.method);
	values[OUT_P_VALUE] = Float8GetDatum(a.p_value);
	nulls[OUT_P_VALUE] = !a.tested;
	values[OUT_P_NO_LEAK] = Float8GetDatum(a.p_no_leak);
	period_arrays(cache->assessor, profile, &a, &values[OUT_EXPECTED_LEAKS], &values[OUT_CONCERNED]);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(cache->tupdesc, values, nulls)));
}

/*
 * A row of leakage_periods.
 */
static void
put_period(ReturnSetInfo *rsinfo, int32 period, bool present, int64 actual,
		   int64 expected, int64 leak, bool concerned)
{
	Datum		values[PERIOD_COLUMNS];
	bool		nulls[PERIOD_COLUMNS] = {false};

	values[PERIOD_PERIOD] = Int32GetDatum(period);
	values[PERIOD_PRESENT] = BoolGetDatum(present);
	values[PERIOD_ACTUAL] = NumericGetDatum(money_to_numeric(actual));
	values[PERIOD_EXPECTED] = NumericGetDatum(money_to_numeric(expected));
	values[PERIOD_EXPECTED_LEAK] = NumericGetDatum(money_to_numeric(leak));
	values[PERIOD_CONCERNED] = BoolGetDatum(concerned);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * leakage_periods(profile, model): a row a period.
 */
Datum
leakage_periods(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	LeakageProfile *profile;
	Assessor   *assessor;
	Assessment	a;
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	profile = PG_GETARG_LEAKAGE_PROFILE(0);
	assessor = get_cache(fcinfo)->assessor;
	assess(assessor, profile, &a);

	for (i = 0; i < (int) profile->nperiods; i++)
	{
		const ProfilePeriod *p = &profile->periods[i];

		put_period(rsinfo, p->period, p->actual_rows > 0, p->actual, p->expected,
				   period_leak(assessor, profile, &a, i),
				   period_concerned(assessor, profile, &a, i));
	}
	return (Datum) 0;
}
