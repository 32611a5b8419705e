/*-------------------------------------------------------------------------
 *
 * clean_number.c
 *		The cleaning rules of docs/rules.md, sections 1.4 and 1.5, for numbers of
 *		sessions and amounts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "landing/clean.h"

#define AMOUNT_MAX_CHARS	400
#define AMOUNT_MAX_PLACES	1000
#define AMOUNT_MAX_DIGITS	12		/* before the point */
#define COUNT_MAX			INT64CONST(1000000000000)

const char *
clean_count(Trimmed value, int64 *count)
{
	const char *at = value.data;
	const char *end;
	Decimal		number;
	DecimalFault fault;

	if (value.len == 0)
		return "sessions_missing";
	value = whole_number(value);
	end = value.data + value.len;
	fault = decimal_read(&at, end, 0, DECIMAL_PLUS, &number);
	if (fault == DECIMAL_NOT_A_NUMBER || at != end)
		return "sessions_not_numeric";
	if (fault != DECIMAL_OK || number.value < 0 || number.value > COUNT_MAX)
		return "sessions_out_of_range";
	*count = (int64) number.value;
	return NULL;
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
