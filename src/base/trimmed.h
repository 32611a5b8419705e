/*-------------------------------------------------------------------------
 *
 * trimmed.h
 *		A text without the white space around it, and its ASCII characters.
 *
 * White space is the six ASCII characters, letters are the ASCII letters, and
 * every other byte stands for itself.  So nothing here depends on a locale, and
 * it works in every encoding that contains ASCII.
 *
 * Nothing here knows fmgr; trimmed_argument.h reads a Datum.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_TRIMMED_H
#define LEAKAGE_TRIMMED_H

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
