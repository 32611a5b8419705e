/*-------------------------------------------------------------------------
 *
 * clean_text.c
 *		The cleaning rules of docs/rules.md, section 1, for identifiers, labels,
 *		genders, statuses, years and dates.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/datetime.h"

#include "landing/clean.h"

#define LABEL_MAX_CHARS		200

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

int
clean_words(Trimmed value, bool title_case, char *out)
{
	int			len = 0;

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

	/* of text that is not valid, the last character may claim more than there is */
	len = Min(len, pg_mbcharcliplen(out, len, LABEL_MAX_CHARS));
	while (len > 0 && out[len - 1] == ' ')
		len--;					/* the cut may have left one */
	return len;
}

/*
 * By the letters alone.  The words are those of the real file's 79 spellings
 * that can be read in one way only.
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

int
clean_year(Trimmed value)
{
	int			year = 0;

	value = whole_number(value);
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

bool
clean_date(Trimmed value, int32 *days)
{
	int			parts[3] = {0, 0, 0};
	int			part = 0;
	int			julian;
	int			year;
	int			month;
	int			day;

	if (value.len != 10)
		return false;
	for (int i = 0; i < value.len; i++)
	{
		if (i == 4 || i == 7)
		{
			if (value.data[i] != '-')
				return false;
			part++;
		}
		else if (is_digit(value.data[i]))
			parts[part] = parts[part] * 10 + (value.data[i] - '0');
		else
			return false;
	}
	if (parts[0] < FIRST_YEAR || parts[0] > LAST_YEAR ||
		parts[1] < 1 || parts[1] > MONTHS_PER_YEAR || parts[2] < 1 || parts[2] > 31)
		return false;

	/* a day that the month does not have comes back as one of the next month */
	julian = date2j(parts[0], parts[1], parts[2]);
	j2date(julian, &year, &month, &day);
	*days = julian - POSTGRES_EPOCH_JDATE;
	return month == parts[1];
}
