/*-------------------------------------------------------------------------
 *
 * clean.c
 *		The cleaning rules of docs/rules.md, section 1: one value of a landing
 *		column in, its clean form out.
 *
 * All of them work on bytes: white space is the six ASCII characters, letters
 * are the ASCII letters, and every other byte is kept as it is.  So a result
 * depends on no locale, and is the same in every encoding that contains ASCII.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "money.h"

#define LABEL_MAX_CHARS		200
#define AMOUNT_MAX_CHARS	400
#define AMOUNT_MAX_PLACES	1000
#define AMOUNT_MAX_EXPONENT	100000	/* beyond it, only the sign of it matters */
#define WEEK_MAX_DIGITS		6
#define COUNT_MAX			INT64CONST(1000000000000)
#define FIRST_YEAR			1900
#define LAST_YEAR			2200

PG_FUNCTION_INFO_V1(leakage_clean_id);
PG_FUNCTION_INFO_V1(leakage_clean_text);
PG_FUNCTION_INFO_V1(leakage_clean_label);
PG_FUNCTION_INFO_V1(leakage_clean_gender);
PG_FUNCTION_INFO_V1(leakage_clean_status);
PG_FUNCTION_INFO_V1(leakage_clean_year);
PG_FUNCTION_INFO_V1(leakage_clean_date);
PG_FUNCTION_INFO_V1(leakage_count);
PG_FUNCTION_INFO_V1(leakage_count_fault);
PG_FUNCTION_INFO_V1(leakage_week);
PG_FUNCTION_INFO_V1(leakage_week_fault);
PG_FUNCTION_INFO_V1(leakage_week_start);
PG_FUNCTION_INFO_V1(leakage_amount);
PG_FUNCTION_INFO_V1(leakage_amount_fault);

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

static Trimmed
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

/* argument "n", trimmed; the bytes stay valid for the call */
static Trimmed
trimmed_argument(FunctionCallInfo fcinfo, int n)
{
	Trimmed		empty = {"", 0};
	text	   *value;

	if (PG_ARGISNULL(n))
		return empty;
	value = PG_GETARG_TEXT_PP(n);
	return trim(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

static bool
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

static bool
is_one_of(const char *word, const char *const *words)
{
	for (; *words != NULL; words++)
	{
		if (strcmp(word, *words) == 0)
			return true;
	}
	return false;
}

/*
 * leakage_clean_id(text) returns text
 *		An identifier: trimmed, ASCII letters lower-cased; NULL if nothing is left.
 */
Datum
leakage_clean_id(PG_FUNCTION_ARGS)
{
	Trimmed		value = trimmed_argument(fcinfo, 0);
	text	   *result;
	char	   *out;

	if (value.len == 0)
		PG_RETURN_NULL();

	result = (text *) palloc(VARHDRSZ + value.len);
	SET_VARSIZE(result, VARHDRSZ + value.len);
	out = VARDATA(result);
	for (int i = 0; i < value.len; i++)
		out[i] = ascii_lower(value.data[i]);
	PG_RETURN_TEXT_P(result);
}

/*
 * White space trimmed and runs of it made one space, cut to LABEL_MAX_CHARS
 * characters, in title case if asked for; NULL if nothing is left.
 */
static text *
clean_words(Trimmed value, bool title_case)
{
	text	   *result;
	char	   *out;
	int			len = 0;

	if (value.len == 0)
		return NULL;

	result = (text *) palloc(VARHDRSZ + value.len);
	out = VARDATA(result);
	for (int i = 0; i < value.len; i++)
	{
		char		c = value.data[i];

		if (is_space(c))
		{
			if (!is_space(value.data[i - 1]))
				out[len++] = ' ';
			continue;
		}
		if (title_case)
		{
			char		before = len > 0 ? out[len - 1] : ' ';
			bool		inside = is_digit(before) || IS_HIGHBIT_SET(before) ||
				(ascii_lower(before) >= 'a' && ascii_lower(before) <= 'z');

			c = inside ? ascii_lower(c) : ascii_upper(c);
		}
		out[len++] = c;
	}

	len = pg_mbcharcliplen(out, len, LABEL_MAX_CHARS);
	while (len > 0 && out[len - 1] == ' ')
		len--;					/* the cut may have left one */
	SET_VARSIZE(result, VARHDRSZ + len);
	return result;
}

/*
 * leakage_clean_text(text) returns text
 *		White space cleaned, the spelling kept.
 */
Datum
leakage_clean_text(PG_FUNCTION_ARGS)
{
	text	   *result = clean_words(trimmed_argument(fcinfo, 0), false);

	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(result);
}

/*
 * leakage_clean_label(text) returns text
 *		White space cleaned, ASCII letters in title case.
 */
Datum
leakage_clean_label(PG_FUNCTION_ARGS)
{
	text	   *result = clean_words(trimmed_argument(fcinfo, 0), true);

	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(result);
}

/*
 * leakage_clean_gender(text) returns text
 *		Female, Male or Unknown, by the letters alone.  The words are those of
 *		the real file's 79 spellings that can be read in one way only.
 */
Datum
leakage_clean_gender(PG_FUNCTION_ARGS)
{
	static const char *const female[] = {
		"F", "FE", "FEM", "FEMA", "FEMAL", "FEMALE", "FEMEL", "FEMELE",
		"FAMALE", "FEMALEF", "FEMALEH", NULL
	};
	static const char *const male[] = {"M", "MA", "MAL", "MALE", NULL};
	Trimmed		value = trimmed_argument(fcinfo, 0);
	char		letters[sizeof("FEMALEF")];
	int			len = 0;

	for (int i = 0; i < value.len; i++)
	{
		char		c = ascii_upper(value.data[i]);

		if (c < 'A' || c > 'Z')
			continue;
		if (len == sizeof(letters) - 1)
			PG_RETURN_TEXT_P(cstring_to_text("Unknown"));
		letters[len++] = c;
	}
	letters[len] = '\0';

	if (is_one_of(letters, female))
		PG_RETURN_TEXT_P(cstring_to_text("Female"));
	if (is_one_of(letters, male))
		PG_RETURN_TEXT_P(cstring_to_text("Male"));
	PG_RETURN_TEXT_P(cstring_to_text("Unknown"));
}

/*
 * leakage_clean_status(text) returns text
 *		ACTIVE, IDLE, SUSPEND, DEACTIVE or OTHER.
 */
Datum
leakage_clean_status(PG_FUNCTION_ARGS)
{
	static const struct
	{
		const char *spelling;
		const char *status;
	}			statuses[] = {
		{"ACTIVE", "ACTIVE"},
		{"IDLE", "IDLE"},
		{"SUSPEND", "SUSPEND"},
		{"SUSPENDED", "SUSPEND"},
		{"DEACTIVE", "DEACTIVE"},
		{"DEACTIVATE", "DEACTIVE"},
		{"DEACTIVATED", "DEACTIVE"}
	};
	Trimmed		value = trimmed_argument(fcinfo, 0);

	for (int i = 0; i < (int) lengthof(statuses); i++)
	{
		if (equals_ignoring_case(value, statuses[i].spelling))
			PG_RETURN_TEXT_P(cstring_to_text(statuses[i].status));
	}
	PG_RETURN_TEXT_P(cstring_to_text("OTHER"));
}

/*
 * leakage_clean_year(text) returns integer
 *		Four digits; NULL for anything else.  Whether the year is plausible is
 *		the mart's to say, which knows the year it is seen from.
 */
Datum
leakage_clean_year(PG_FUNCTION_ARGS)
{
	Trimmed		value = trimmed_argument(fcinfo, 0);
	int32		year = 0;

	if (value.len != 4)
		PG_RETURN_NULL();
	for (int i = 0; i < 4; i++)
	{
		if (!is_digit(value.data[i]))
			PG_RETURN_NULL();
		year = year * 10 + (value.data[i] - '0');
	}
	PG_RETURN_INT32(year);
}

/*
 * leakage_clean_date(text) returns date
 *		YYYY-MM-DD, of the years FIRST_YEAR to LAST_YEAR; NULL for anything else.
 */
Datum
leakage_clean_date(PG_FUNCTION_ARGS)
{
	Trimmed		value = trimmed_argument(fcinfo, 0);
	int			parts[3] = {0, 0, 0};
	int			part = 0;
	int			julian;
	int			year;
	int			month;
	int			day;

	if (value.len != 10)
		PG_RETURN_NULL();
	for (int i = 0; i < value.len; i++)
	{
		if (i == 4 || i == 7)
		{
			if (value.data[i] != '-')
				PG_RETURN_NULL();
			part++;
		}
		else if (is_digit(value.data[i]))
			parts[part] = parts[part] * 10 + (value.data[i] - '0');
		else
			PG_RETURN_NULL();
	}
	if (parts[0] < FIRST_YEAR || parts[0] > LAST_YEAR ||
		parts[1] < 1 || parts[1] > MONTHS_PER_YEAR || parts[2] < 1 || parts[2] > 31)
		PG_RETURN_NULL();

	/* a day that the month does not have comes back as one of the next month */
	julian = date2j(parts[0], parts[1], parts[2]);
	j2date(julian, &year, &month, &day);
	if (month != parts[1])
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(julian - POSTGRES_EPOCH_JDATE);
}

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
static int
iso_week_start(int year, int week)
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
static const char *
read_week(Trimmed value, bool yyyyww, int32 *week)
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
		if (value.len != 6 || iso_week_start(*week / 100, *week % 100) < 0)
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
		read_week(trimmed_argument(fcinfo, 0), PG_GETARG_BOOL(1), &week) != NULL)
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
	fault = read_week(trimmed_argument(fcinfo, 0), PG_GETARG_BOOL(1), &week);
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
	int			monday = iso_week_start(PG_GETARG_INT32(0), PG_GETARG_INT32(1));

	if (monday < 0)
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(monday - POSTGRES_EPOCH_JDATE);
}

/*
 * Is this a decimal number that numeric_in may be given?  Returns NULL, or
 * the reason why not.  *zero says that no digit of it is other than 0: such a
 * number is zero whatever its exponent, which numeric_in might refuse.
 */
static const char *
check_amount_syntax(Trimmed value, bool *zero)
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

/* the exact value of an amount that has passed check_amount_syntax */
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

	if (check_amount_syntax(value, &zero) != NULL)
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
	const char *fault = check_amount_syntax(value, &zero);

	if (fault == NULL && !zero && value.data[0] == '-')
		fault = "amount_negative";
	if (fault == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(fault));
}
