/*-------------------------------------------------------------------------
 *
 * clean_week.c
 *		The cleaning rules of docs/rules.md, section 1.4, for weeks: how a landing
 *		table writes them, and which period each of them is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "landing/clean.h"

#define WEEK_MAX_DIGITS		6

bool
week_format_read(const char *name, int length, WeekFormat *format)
{
	static const char *const names[] = {
		[WEEK_OF_YEAR] = "week",
		[WEEK_YYYYWW] = "yyyyww",
		[WEEK_YYYYMM] = "yyyymm",
		[WEEK_DATE] = "date"
	};

	for (int i = 0; i < (int) lengthof(names); i++)
	{
		if (length == (int) strlen(names[i]) && memcmp(name, names[i], length) == 0)
		{
			*format = (WeekFormat) i;
			return true;
		}
	}
	return false;
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

/* year and ISO week of a Julian day, as yyyyww */
static int32
iso_week(int julian)
{
	int			year;
	int			month;
	int			day;

	j2date(julian, &year, &month, &day);
	return date2isoyear(year, month, day) * 100 + date2isoweek(year, month, day);
}

bool
week_is_valid(int32 week, WeekFormat format)
{
	switch (format)
	{
		case WEEK_OF_YEAR:
			return week >= 1 && week <= 53;
		case WEEK_YYYYMM:
			return week / 100 >= FIRST_YEAR && week / 100 <= LAST_YEAR &&
				week % 100 >= 1 && week % 100 <= MONTHS_PER_YEAR;
		case WEEK_YYYYWW:
		case WEEK_DATE:
			return week >= 0 && clean_week_start(week / 100, week % 100) >= 0;
	}
	return false;
}

const char *
clean_week(Trimmed value, WeekFormat format, int32 *week)
{
	*week = 0;
	if (value.len == 0)
		return "week_missing";
	if (format == WEEK_DATE)
	{
		int32		days;

		if (!clean_date(value, &days))
			return "week_not_date";
		*week = iso_week(days + POSTGRES_EPOCH_JDATE);
	}
	else
	{
		value = whole_number(value);
		if (value.len > WEEK_MAX_DIGITS)
			return "week_not_numeric";
		for (int i = 0; i < value.len; i++)
		{
			if (!is_digit(value.data[i]))
				return "week_not_numeric";
			*week = *week * 10 + (value.data[i] - '0');
		}
		if (format != WEEK_OF_YEAR && value.len != 6)
			return "week_out_of_range";
	}
	return week_is_valid(*week, format) ? NULL : "week_out_of_range";
}

int32
week_to_period(int32 week, WeekFormat format)
{
	if (format == WEEK_OF_YEAR)
		return week;
	if (format == WEEK_YYYYMM)
		return (week / 100 - 1970) * MONTHS_PER_YEAR + week % 100 - 1;
	return (clean_week_start(week / 100, week % 100) - clean_week_start(1970, 2)) / 7;
}

int32
period_to_week(int32 period, WeekFormat format)
{
	int			months = period + 1970 * MONTHS_PER_YEAR;

	if (format == WEEK_OF_YEAR)
		return period;
	if (format == WEEK_YYYYMM)
		return months / MONTHS_PER_YEAR * 100 + months % MONTHS_PER_YEAR + 1;
	return iso_week(clean_week_start(1970, 2) + 7 * period);
}

int
period_start(int32 period, WeekFormat format, int year)
{
	int			months = period + 1970 * MONTHS_PER_YEAR;

	if (format == WEEK_OF_YEAR)
		return clean_week_start(year, 1) + 7 * (period - 1);
	if (format == WEEK_YYYYMM)
		return date2j(months / MONTHS_PER_YEAR, months % MONTHS_PER_YEAR + 1, 1);
	return clean_week_start(1970, 2) + 7 * period;
}
