/*-------------------------------------------------------------------------
 *
 * summary_ops.c
 *		Operators of revenue_summary, and the functions that read one.
 *
 * Arguments may be in any form and never change.  Results are packed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/base_fmgr.h"
#include "summary/summary_io.h"

PG_FUNCTION_INFO_V1(revenue_summary_plus);
PG_FUNCTION_INFO_V1(revenue_summary_minus);
PG_FUNCTION_INFO_V1(revenue_summary_eq);
PG_FUNCTION_INFO_V1(revenue_summary_ne);
PG_FUNCTION_INFO_V1(revenue_summary_hash);
PG_FUNCTION_INFO_V1(revenue_summary_count);
PG_FUNCTION_INFO_V1(revenue_summary_total);
PG_FUNCTION_INFO_V1(revenue_summary_mean);
PG_FUNCTION_INFO_V1(revenue_summary_quantile);
PG_FUNCTION_INFO_V1(revenue_summary_quantiles);
PG_FUNCTION_INFO_V1(revenue_summary_spread);

Datum
revenue_summary_plus(PG_FUNCTION_ARGS)
{
	RevenueSummary *a = PG_GETARG_SUMMARY(0);
	RevenueSummary *b = PG_GETARG_SUMMARY(1);

	PG_RETURN_POINTER(summary_pack(summary_merge(summary_working(a, b->count), b)));
}

Datum
revenue_summary_minus(PG_FUNCTION_ARGS)
{
	RevenueSummary *a = PG_GETARG_SUMMARY(0);
	RevenueSummary *b = PG_GETARG_SUMMARY(1);

	PG_RETURN_POINTER(summary_pack_rest(summary_subtract(summary_working(a, 0), b)));
}

/*
 * Equal contents are equal bytes.
 */
static bool
summaries_equal(FunctionCallInfo fcinfo)
{
	RevenueSummary *a = PG_GETARG_PACKED_SUMMARY(0);
	RevenueSummary *b = PG_GETARG_PACKED_SUMMARY(1);

	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

Datum
revenue_summary_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(summaries_equal(fcinfo));
}

Datum
revenue_summary_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!summaries_equal(fcinfo));
}

Datum
revenue_summary_hash(PG_FUNCTION_ARGS)
{
	RevenueSummary *summary = PG_GETARG_PACKED_SUMMARY(0);

	PG_RETURN_DATUM(hash_any((unsigned char *) summary, VARSIZE(summary)));
}

Datum
revenue_summary_count(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_SUMMARY(0)->count);
}

Datum
revenue_summary_total(PG_FUNCTION_ARGS)
{
	PG_RETURN_NUMERIC(money_sum_to_numeric(summary_total(PG_GETARG_SUMMARY(0))));
}

Datum
revenue_summary_mean(PG_FUNCTION_ARGS)
{
	RevenueSummary *summary = PG_GETARG_SUMMARY(0);

	if (summary->count == 0)
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(money_to_numeric((int64) divide_rounded(summary_total(summary),
															  summary->count)));
}

static void
check_fraction(double q)
{
	if (isnan(q) || q < 0 || q > 1)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("quantile %g is out of range: it must be from 0 to 1", q)));
}

Datum
revenue_summary_quantile(PG_FUNCTION_ARGS)
{
	RevenueSummary *summary = PG_GETARG_PACKED_SUMMARY(0);
	double		q = PG_GETARG_FLOAT8(1);

	check_fraction(q);
	if (summary->count == 0)
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(money_to_numeric(summary_quantile(summary, q)));
}

/*
 * Array of the same shape; NULL for NULL.
 */
Datum
revenue_summary_quantiles(PG_FUNCTION_ARGS)
{
	RevenueSummary *summary = PG_GETARG_PACKED_SUMMARY(0);
	ArrayType  *fractions = PG_GETARG_ARRAYTYPE_P(1);
	Datum	   *values;
	bool	   *nulls;
	int			n;

	deconstruct_array(fractions, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &values, &nulls, &n);
	if (n == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(NUMERICOID));
	for (int i = 0; i < n; i++)
	{
		double		q;

		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
			continue;
		q = DatumGetFloat8(values[i]);
		check_fraction(q);
		nulls[i] = summary->count == 0;
		if (!nulls[i])
			values[i] = NumericGetDatum(money_to_numeric(summary_quantile(summary, q)));
	}
	PG_RETURN_ARRAYTYPE_P(construct_md_array(values, nulls, ARR_NDIM(fractions),
											 ARR_DIMS(fractions), ARR_LBOUND(fractions),
											 NUMERICOID, -1, false, TYPALIGN_INT));
}

/*
 * Interquartile range.
 */
Datum
revenue_summary_spread(PG_FUNCTION_ARGS)
{
	RevenueSummary *summary = PG_GETARG_PACKED_SUMMARY(0);

	if (summary->count == 0)
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(money_to_numeric(summary_quantile(summary, 0.75) -
									   summary_quantile(summary, 0.25)));
}
