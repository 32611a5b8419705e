/*-------------------------------------------------------------------------
 *
 * clean_number.c
 *		The cleaning rules of docs/rules.md, sections 1.4 and 1.5: weeks, numbers
 *		of sessions, and amounts, each with the reason why it is refused.
 *
 * Each reader returns NULL and the value, or the reason; a pair of functions
 * makes the two available to SQL.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "landing/clean.h"
#include "base/base.h"

#define AMOUNT_MAX_CHARS	400
#define AMOUNT_MAX_PLACES	1000
#define AMOUNT_MAX_DIGITS	12		/* before the point */
#define WEEK_MAX_DIGITS		6
#define COUNT_MAX			INT64CONST(1000000000000)

PG_FUNCTION_INFO_V1(leakage_count);
PG_FUNCTION_INFO_V1(leakage_count_fault);
PG_FUNCTION_INFO_V1(leakage_week);
PG_FUNCTION_INFO_V1(leakage_week_fault);
PG_FUNCTION_INFO_V1(leakage_week_start);
PG_FUNCTION_INFO_V1(leakage_week_period);
PG_FUNCTION_INFO_V1(leakage_amount);
PG_FUNCTION_INFO_V1(leakage_amount_fault);

/*
 * Read a whole number from 0 to COUNT_MAX.  Returns NULL and sets *count, or
 * returns the reason why it is refused.
 */
static const char *
read_count(Trimmed value, int64 *count)
{
	const char *at = value.data;
	const char *end = value.data + value.len;
	Decimal		number;
	DecimalFault fault;

	if (value.len == 0)
		return "sessions_missing";
	fault = decimal_read(&at, end, 0, DECIMAL_PLUS, &number);
	if (fault == DECIMAL_NOT_A_NUMBER || at != end)
		return "sessions_not_numeric";
	if (fault != DECIMAL_OK || number.value < 0 || number.value > COUNT_MAX)
		return "sessions_out_of_range";
	*count = (int64) number.value;
	return NULL;
}

/*
 * leakage_count(text) returns bigint
 *		A number of sessions, NULL where leakage_count_fault has a reason.
 */
Datum
leakage_count(PG_FUNCTION_ARGS)
{
	int64		count;

	if (read_count(trimmed_argument(fcinfo, 0), &count) != NULL)
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
	const char *fault = read_count(trimmed_argument(fcinfo, 0), &count);

	if (fault == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(fault));
}

/*
 * The Monday of an ISO week as a Julian day, or -1 where the year does not
 * have that week: a 53rd week that belongs to the next year.
 */
int
clean_week_start(int year, int week)
{
	int			monday;

	if (year < FIRST_YEAR || year > LAST_YEAR || week < 1 || week > 53)
		return -1;
	monday = isoweek2j(year, week);
	if (week == 53 && monday == isoweek2j(year + 1, 1))
		return -1;
	return monday;
}

/*
 * Read a week number.  Returns NULL and sets *week, or returns the reason why
 * it is refused.
 */
const char *
clean_week(Trimmed value, bool yyyyww, int32 *week)
{
	*week = 0;
	if (value.len == 0)
		return "week_missing";
	if (value.len > WEEK_MAX_DIGITS)
		return "week_not_numeric";
	for (int i = 0; i < value.len; i++)
	{
		if (!is_digit(value.data[i]))
			return "week_not_numeric";
		*week = *week * 10 + (value.data[i] - '0');
	}

	if (yyyyww)
	{
		if (value.len != 6 || clean_week_start(*week / 100, *week % 100) < 0)
			return "week_out_of_range";
	}
	else if (*week < 1 || *week > 53)
		return "week_out_of_range";
	return NULL;
}

/*
 * leakage_week(week text, yyyyww boolean) returns integer
 *		The week number as a whole number, NULL where leakage_week_fault has a
 *		reason.
 */
Datum
leakage_week(PG_FUNCTION_ARGS)
{
	int32		week;

	if (PG_ARGISNULL(1) ||
		clean_week(trimmed_argument(fcinfo, 0), PG_GETARG_BOOL(1), &week) != NULL)
		PG_RETURN_NULL();
	PG_RETURN_INT32(week);
}

/*
 * leakage_week_fault(week text, yyyyww boolean) returns text
 *		The reason why a week number is refused, NULL where it is not.
 */
Datum
leakage_week_fault(PG_FUNCTION_ARGS)
{
	const char *fault;
	int32		week;

	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	fault = clean_week(trimmed_argument(fcinfo, 0), PG_GETARG_BOOL(1), &week);
	if (fault == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(fault));
}

/*
 * leakage_week_start(year integer, week integer) returns date
 *		The Monday of an ISO week, NULL where the year does not have it.
 */
Datum
leakage_week_start(PG_FUNCTION_ARGS)
{
	int			monday = clean_week_start(PG_GETARG_INT32(0), PG_GETARG_INT32(1));

	if (monday < 0)
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(monday - POSTGRES_EPOCH_JDATE);
}

/*
 * The period of a week that clean_week accepts: its number; or, where that has
 * the year, the number of weeks since that of 1970-01-05, so that years join
 * without a gap.
 */
int32
clean_week_period(int32 week, bool yyyyww)
{
	if (!yyyyww)
		return week;
	return (clean_week_start(week / 100, week % 100) - clean_week_start(1970, 2)) / 7;
}

/*
 * leakage_week_period(week integer, yyyyww boolean) returns integer
 *		The period of a week, NULL for what is none.
 */
Datum
leakage_week_period(PG_FUNCTION_ARGS)
{
	int32		week = PG_GETARG_INT32(0);
	bool		yyyyww = PG_GETARG_BOOL(1);

	if (yyyyww ? (week < 0 || clean_week_start(week / 100, week % 100) < 0) : (week < 1 || week > 53))
		PG_RETURN_NULL();
	PG_RETURN_INT32(clean_week_period(week, yyyyww));
}

/*
 * Why a text is no amount.
 */
static const char *
not_an_amount(Trimmed value)
{
	if (equals_ignoring_case(value, "NAN"))
		return "amount_nan";
	if (value.len > 0 && (*value.data == '+' || *value.data == '-'))
	{
		value.data++;
		value.len--;
	}
	if (equals_ignoring_case(value, "INF") || equals_ignoring_case(value, "INFINITY"))
		return "amount_infinite";
	return "amount_not_numeric";
}

/*
 * Read an amount in units of 10^-EXACT_PLACES.  Returns NULL and sets *amount,
 * or returns the reason why it is refused.  An amount that is not refused but
 * has more places is not exact.  Amounts below zero are left to the caller:
 * they are refused, but count in the sum of all rows.
 */
const char *
clean_amount(Trimmed value, Decimal *amount)
{
	const char *at = value.data;
	const char *end = value.data + value.len;
	DecimalFault fault;

	if (value.len == 0)
		return "amount_missing";
	if (value.len > AMOUNT_MAX_CHARS)
		return "amount_not_numeric";
	fault = decimal_read(&at, end, EXACT_PLACES,
						 DECIMAL_PLUS | DECIMAL_BARE_POINT | DECIMAL_EXPONENT, amount);
	if (fault == DECIMAL_NOT_A_NUMBER || at != end)
		return not_an_amount(value);
	if (amount->scale > AMOUNT_MAX_PLACES || amount->magnitude >= AMOUNT_MAX_DIGITS)
		return "amount_out_of_range";
	return NULL;
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
	if (fault == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(fault));
}
