/*-------------------------------------------------------------------------
 *
 * trimmed.h
 *		A text argument without the white space around it, and its ASCII.
 *
 * White space is the six ASCII characters, letters are the ASCII letters, and
 * every other byte is itself: so nothing here depends on a locale, and all of
 * it holds in every encoding that contains ASCII.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_TRIMMED_H
#define LEAKAGE_TRIMMED_H

#include "fmgr.h"

#include "base/compat.h"

/* years that dates and weeks may be of */
#define FIRST_YEAR			1900
#define LAST_YEAR			2200

/* a value without the white space around it; len 0 also for SQL NULL */
typedef struct Trimmed
{
	const char *data;
	int			len;
} Trimmed;

static inline bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline char
ascii_upper(char c)
{
	return (c >= 'a' && c <= 'z') ? c - 'a' + 'A' : c;
}

static inline char
ascii_lower(char c)
{
	return (c >= 'A' && c <= 'Z') ? c - 'A' + 'a' : c;
}

static inline Trimmed
trim(const char *data, int len)
{
	Trimmed		result;

	while (len > 0 && is_space(*data))
		data++, len--;
	while (len > 0 && is_space(data[len - 1]))
		len--;
	result.data = data;
	result.len = len;
	return result;
}

/* a text value, trimmed; the bytes stay valid as long as it, or the memory context */
static inline Trimmed
trimmed_datum(Datum datum, bool isnull)
{
	Trimmed		empty = {"", 0};
	text	   *value;

	if (isnull)
		return empty;
	value = DatumGetTextPP(datum);
	return trim(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

/* argument "n", trimmed; the bytes stay valid for the call */
static inline Trimmed
trimmed_argument(FunctionCallInfo fcinfo, int n)
{
	return trimmed_datum(PG_GETARG_DATUM(n), PG_ARGISNULL(n));
}

static inline bool
equals_ignoring_case(Trimmed value, const char *upper)
{
	int			i;

	for (i = 0; i < value.len; i++)
	{
		if (upper[i] == '\0' || ascii_upper(value.data[i]) != upper[i])
			return false;
	}
	return upper[i] == '\0';
}

#endif							/* LEAKAGE_TRIMMED_H */
