/*-------------------------------------------------------------------------
 *
 * clean.c
 *		The cleaning rules of docs/rules.md, section 1: one value of a landing
 *		column in, its clean form out.
 *
 * All of them work on bytes (trimmed.h), and so depend on no locale.  Weeks,
 * sessions and amounts are in clean_number.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "landing/clean.h"
#include "base/base.h"

#define LABEL_MAX_CHARS		200

PG_FUNCTION_INFO_V1(leakage_clean_id);
PG_FUNCTION_INFO_V1(leakage_id_fault);
PG_FUNCTION_INFO_V1(leakage_clean_text);
PG_FUNCTION_INFO_V1(leakage_clean_label);
PG_FUNCTION_INFO_V1(leakage_clean_gender);
PG_FUNCTION_INFO_V1(leakage_clean_status);
PG_FUNCTION_INFO_V1(leakage_clean_year);
PG_FUNCTION_INFO_V1(leakage_clean_date);

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

const char *
clean_id_fault(Trimmed value)
{
	if (value.len == 0)
		return "msisdn_missing";
	if (value.len > ID_MAX_BYTES)
		return "msisdn_too_long";
	return NULL;
}

/*
 * leakage_clean_id(text) returns text
 *		An identifier: trimmed, ASCII letters lower-cased; NULL where
 *		leakage_id_fault has a reason.
 */
Datum
leakage_clean_id(PG_FUNCTION_ARGS)
{
	Trimmed		value = trimmed_argument(fcinfo, 0);
	text	   *result;
	char	   *out;

	if (clean_id_fault(value) != NULL)
		PG_RETURN_NULL();

	result = (text *) palloc(VARHDRSZ + value.len);
	SET_VARSIZE(result, VARHDRSZ + value.len);
	out = VARDATA(result);
	for (int i = 0; i < value.len; i++)
		out[i] = ascii_lower(value.data[i]);
	PG_RETURN_TEXT_P(result);
}

/*
 * leakage_id_fault(text) returns text
 *		Why an identifier is refused; NULL where it is not.
 */
Datum
leakage_id_fault(PG_FUNCTION_ARGS)
{
	const char *fault = clean_id_fault(trimmed_argument(fcinfo, 0));

	if (fault == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(fault));
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
 * Female, Male or Unknown, by the letters alone.  The words are those of the
 * real file's 79 spellings that can be read in one way only.
 */
const char *
clean_gender(Trimmed value)
{
	static const char *const female[] = {
		"F", "FE", "FEM", "FEMA", "FEMAL", "FEMALE", "FEMEL", "FEMELE",
		"FAMALE", "FEMALEF", "FEMALEH", NULL
	};
	static const char *const male[] = {"M", "MA", "MAL", "MALE", NULL};
	char		letters[sizeof("FEMALEF")];
	int			len = 0;

	for (int i = 0; i < value.len; i++)
	{
		char		c = ascii_upper(value.data[i]);

		if (c < 'A' || c > 'Z')
			continue;
		if (len == sizeof(letters) - 1)
			return "Unknown";
		letters[len++] = c;
	}
	letters[len] = '\0';

	if (is_one_of(letters, female))
		return "Female";
	return is_one_of(letters, male) ? "Male" : "Unknown";
}

/*
 * leakage_clean_gender(text) returns text
 *		Female, Male or Unknown.
 */
Datum
leakage_clean_gender(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(clean_gender(trimmed_argument(fcinfo, 0))));
}

/*
 * ACTIVE, IDLE, SUSPEND, DEACTIVE or OTHER.
 */
const char *
clean_status(Trimmed value)
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

	for (int i = 0; i < (int) lengthof(statuses); i++)
	{
		if (equals_ignoring_case(value, statuses[i].spelling))
			return statuses[i].status;
	}
	return "OTHER";
}

/*
 * leakage_clean_status(text) returns text
 *		ACTIVE, IDLE, SUSPEND, DEACTIVE or OTHER.
 */
Datum
leakage_clean_status(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(clean_status(trimmed_argument(fcinfo, 0))));
}

/*
 * Four digits, or -1 for anything else.  Whether the year is plausible is the
 * mart's to say, which knows the year it is seen from.
 */
int
clean_year(Trimmed value)
{
	int			year = 0;

	if (value.len != 4)
		return -1;
	for (int i = 0; i < 4; i++)
	{
		if (!is_digit(value.data[i]))
			return -1;
		year = year * 10 + (value.data[i] - '0');
	}
	return year;
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
