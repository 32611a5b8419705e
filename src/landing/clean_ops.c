/*-------------------------------------------------------------------------
 *
 * clean_ops.c
 *		The cleaning rules for SQL: one value of a landing column in, its clean
 *		form out.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/date.h"

#include "base/base_fmgr.h"
#include "landing/clean.h"

PG_FUNCTION_INFO_V1(leakage_clean_id);
PG_FUNCTION_INFO_V1(leakage_id_fault);
PG_FUNCTION_INFO_V1(leakage_clean_text);
PG_FUNCTION_INFO_V1(leakage_clean_label);
PG_FUNCTION_INFO_V1(leakage_fold_case);
PG_FUNCTION_INFO_V1(leakage_clean_gender);
PG_FUNCTION_INFO_V1(leakage_clean_status);
PG_FUNCTION_INFO_V1(leakage_clean_year);
PG_FUNCTION_INFO_V1(leakage_clean_date);
PG_FUNCTION_INFO_V1(leakage_count);
PG_FUNCTION_INFO_V1(leakage_count_fault);
PG_FUNCTION_INFO_V1(leakage_amount);
PG_FUNCTION_INFO_V1(leakage_amount_fault);

/* a constant of the rules, or NULL */
static Datum
return_constant(FunctionCallInfo fcinfo, const char *constant)
{
	if (constant == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(constant));
}

/*
 * leakage_clean_id(text) returns text
 *		An identifier: trimmed, ASCII letters in lower case; NULL where
 *		leakage_id_fault has a reason.
 */
Datum
leakage_clean_id(PG_FUNCTION_ARGS)
{
	Trimmed		value = trimmed_argument(fcinfo, 0);
	text	   *result;

	if (clean_id_fault(value) != NULL)
		PG_RETURN_NULL();
	result = cstring_to_text_with_len(value.data, value.len);
	for (int i = 0; i < value.len; i++)
		VARDATA(result)[i] = ascii_lower(value.data[i]);
	PG_RETURN_TEXT_P(result);
}

/*
 * leakage_id_fault(text) returns text
 *		The reason why an identifier is refused, NULL where it is not.
 */
Datum
leakage_id_fault(PG_FUNCTION_ARGS)
{
	return return_constant(fcinfo, clean_id_fault(trimmed_argument(fcinfo, 0)));
}

static Datum
return_words(FunctionCallInfo fcinfo, bool title_case)
{
	Trimmed		value = trimmed_argument(fcinfo, 0);
	text	   *result;

	if (value.len == 0)
		PG_RETURN_NULL();
	result = (text *) palloc(VARHDRSZ + value.len);
	SET_VARSIZE(result, VARHDRSZ + clean_words(value, title_case, VARDATA(result)));
	PG_RETURN_TEXT_P(result);
}

/*
 * leakage_clean_text(text) returns text
 *		White space cleaned, the spelling kept; NULL if nothing is left.
 */
Datum
leakage_clean_text(PG_FUNCTION_ARGS)
{
	return return_words(fcinfo, false);
}

/*
 * leakage_clean_label(text) returns text
 *		White space cleaned, ASCII letters in title case; NULL if nothing is
 *		left.
 */
Datum
leakage_clean_label(PG_FUNCTION_ARGS)
{
	return return_words(fcinfo, true);
}

/*
 * leakage_fold_case(text) returns text
 *		The same for texts that differ only in case.
 */
Datum
leakage_fold_case(PG_FUNCTION_ARGS)
{
	text	   *value = PG_GETARG_TEXT_PP(0);
	int			length = VARSIZE_ANY_EXHDR(value);
	text	   *result = (text *) palloc(VARHDRSZ + CASE_FOLD_SIZE(length));

	SET_VARSIZE(result, VARHDRSZ + case_fold(VARDATA_ANY(value), length, VARDATA(result)));
	PG_RETURN_TEXT_P(result);
}

/*
 * leakage_clean_gender(text) returns text
 *		Female, Male or Unknown.
 */
Datum
leakage_clean_gender(PG_FUNCTION_ARGS)
{
	return return_constant(fcinfo, clean_gender(trimmed_argument(fcinfo, 0)));
}

/*
 * leakage_clean_status(text) returns text
 *		ACTIVE, IDLE, SUSPEND, DEACTIVE or OTHER.
 */
Datum
leakage_clean_status(PG_FUNCTION_ARGS)
{
	return return_constant(fcinfo, clean_status(trimmed_argument(fcinfo, 0)));
}

/*
 * leakage_clean_year(text) returns integer
 *		Four digits; NULL for anything else.
 */
Datum
leakage_clean_year(PG_FUNCTION_ARGS)
{
	int			year = clean_year(trimmed_argument(fcinfo, 0));

	if (year < 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(year);
}

/*
 * leakage_clean_date(text) returns date
 *		YYYY-MM-DD, of the years FIRST_YEAR to LAST_YEAR; NULL for anything else.
 */
Datum
leakage_clean_date(PG_FUNCTION_ARGS)
{
	int32		days;

	if (!clean_date(trimmed_argument(fcinfo, 0), &days))
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(days);
}

/*
 * leakage_count(text) returns bigint
 *		A number of sessions, NULL where leakage_count_fault has a reason.
 */
Datum
leakage_count(PG_FUNCTION_ARGS)
{
	int64		count;

	if (clean_count(trimmed_argument(fcinfo, 0), &count) != NULL)
		PG_RETURN_NULL();
	PG_RETURN_INT64(count);
}

/*
 * leakage_count_fault(text) returns text
 *		The reason why a number of sessions is refused, NULL where it is not.
 */
Datum
leakage_count_fault(PG_FUNCTION_ARGS)
{
	int64		count;

	return return_constant(fcinfo, clean_count(trimmed_argument(fcinfo, 0), &count));
}

/*
 * leakage_amount(text) returns numeric
 *		The exact value of any finite amount in range, negative ones too; NULL
 *		for anything else.
 */
Datum
leakage_amount(PG_FUNCTION_ARGS)
{
	Trimmed		value = trimmed_argument(fcinfo, 0);
	Decimal		amount;

	if (clean_amount(value, &amount) != NULL)
		PG_RETURN_NULL();
	if (amount.exact && amount.value == 0)
		PG_RETURN_NUMERIC(int64_to_numeric(0));
	if (amount.exact && amount.scale <= EXACT_PLACES)
		PG_RETURN_NUMERIC(exact_amount_to_numeric(amount.value, Max(amount.scale, 0)));

	/* more places than the exact amounts have */
	return DirectFunctionCall3(numeric_in,
							   CStringGetDatum(pnstrdup(value.data, value.len)),
							   ObjectIdGetDatum(InvalidOid),
							   Int32GetDatum(-1));
}

/*
 * leakage_amount_fault(text) returns text
 *		The reason why an amount is refused, NULL where it is not.
 */
Datum
leakage_amount_fault(PG_FUNCTION_ARGS)
{
	Decimal		amount;
	const char *fault = clean_amount(trimmed_argument(fcinfo, 0), &amount);

	if (fault == NULL && amount.negative)
		fault = "amount_negative";
	return return_constant(fcinfo, fault);
}
