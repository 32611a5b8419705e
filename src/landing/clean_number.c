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
#define AMOUNT_MAX_EXPONENT	100000	/* beyond it, only the sign of it matters */
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
	bool		negative = false;

	*count = 0;
	if (value.len == 0)
		return "sessions_missing";
	if (*value.data == '+' || *value.data == '-')
	{
		negative = (*value.data == '-');
		value.data++;
		value.len--;
	}
	if (value.len == 0)
		return "sessions_not_numeric";
	for (int i = 0; i < value.len; i++)
	{
		if (!is_digit(value.data[i]))
			return "sessions_not_numeric";
	}
	for (int i = 0; i < value.len; i++)
	{
		*count = *count * 10 + (value.data[i] - '0');
		if (*count > COUNT_MAX)
			return "sessions_out_of_range";
	}
	if (negative && *count > 0)
		return "sessions_out_of_range";
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
 * Is this a decimal number that numeric_in may be given?  Returns NULL, or
 * the reason why not.  *zero says that no digit of it is other than 0: such a
 * number is zero whatever its exponent, which numeric_in might refuse.
 */
const char *
clean_amount(Trimmed value, bool *zero)
{
	const char *p = value.data;
	const char *end = value.data + value.len;
	Trimmed		unsigned_value = value;
	int			whole = 0;
	int			places = 0;
	int			leading_zeros = 0;	/* of the digits, before the first other */
	int			exponent = 0;
	bool		negative_exponent = false;

	*zero = true;
	if (value.len == 0)
		return "amount_missing";
	if (equals_ignoring_case(value, "NAN"))
		return "amount_nan";
	if (*p == '+' || *p == '-')
	{
		p++;
		unsigned_value.data++;
		unsigned_value.len--;
	}
	if (equals_ignoring_case(unsigned_value, "INF") ||
		equals_ignoring_case(unsigned_value, "INFINITY"))
		return "amount_infinite";
	if (value.len > AMOUNT_MAX_CHARS)
		return "amount_not_numeric";

	for (; p < end && is_digit(*p); p++, whole++)
	{
		*zero &= (*p == '0');
		leading_zeros += *zero;
	}
	if (p < end && *p == '.')
	{
		for (p++; p < end && is_digit(*p); p++, places++)
		{
			*zero &= (*p == '0');
			leading_zeros += *zero;
		}
	}
	if (whole + places == 0)
		return "amount_not_numeric";

	if (p < end && (*p == 'e' || *p == 'E'))
	{
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			negative_exponent = (*p++ == '-');
		if (p == end)
			return "amount_not_numeric";
		for (; p < end && is_digit(*p); p++)
			exponent = Min(exponent * 10 + (*p - '0'), AMOUNT_MAX_EXPONENT);
		if (negative_exponent)
			exponent = -exponent;
	}
	if (p != end)
		return "amount_not_numeric";

	/* the first digit that counts stands for 10^(whole - leading_zeros - 1 + exponent) */
	if (places - exponent > AMOUNT_MAX_PLACES ||
		(!*zero && whole - leading_zeros - 1 + exponent >= 12))
		return "amount_out_of_range";
	return NULL;
}

/* the exact value of an amount that has passed clean_amount */
static Datum
read_amount(Trimmed value, bool zero)
{
	if (zero)
		return NumericGetDatum(int64_to_numeric(0));
	return DirectFunctionCall3(numeric_in,
							   CStringGetDatum(pnstrdup(value.data, value.len)),
							   ObjectIdGetDatum(InvalidOid),
							   Int32GetDatum(-1));
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
	bool		zero;

	if (clean_amount(value, &zero) != NULL)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(read_amount(value, zero));
}

/*
 * leakage_amount_fault(text) returns text
 *		The reason why an amount is refused, NULL where it is not.
 */
Datum
leakage_amount_fault(PG_FUNCTION_ARGS)
{
	Trimmed		value = trimmed_argument(fcinfo, 0);
	bool		zero;
	const char *fault = clean_amount(value, &zero);

	if (fault == NULL && !zero && value.data[0] == '-')
		fault = "amount_negative";
	if (fault == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(fault));
}
