/*-------------------------------------------------------------------------
 *
 * clean_number.c
 *		The cleaning rules of docs/rules.md, sections 1.4 and 1.5, for weeks,
 *		numbers of sessions and amounts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "landing/clean.h"

#define AMOUNT_MAX_CHARS	400
#define AMOUNT_MAX_PLACES	1000
#define AMOUNT_MAX_DIGITS	12		/* before the point */
#define WEEK_MAX_DIGITS		6
#define COUNT_MAX			INT64CONST(1000000000000)

const char *
clean_count(Trimmed value, int64 *count)
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

int32
clean_week_period(int32 week, bool yyyyww)
{
	if (!yyyyww)
		return week;
	return (clean_week_start(week / 100, week % 100) - clean_week_start(1970, 2)) / 7;
}

/*
 * Why a text is not an amount.
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
