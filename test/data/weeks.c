/*-------------------------------------------------------------------------
 *
 * weeks.c
 *		Week numbers, with or without their ISO year, and dates.
 *
 * Days are counted from 1970-01-01.
 *
 *-------------------------------------------------------------------------
 */
#include "generate.h"

/*
 * Days from 1970-01-01 to a date of the Gregorian calendar, year 1 on.
 */
static int
days_of(int year, int month, int day)
{
	int			y = month > 2 ? year : year - 1;
	int			m = month > 2 ? month - 3 : month + 9;	/* March is 0 */

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 719469;
}

/*
 * The Monday of the first ISO week of a year: the week of January 4.
 */
static int
first_monday(int year)
{
	int			fourth = days_of(year, 1, 4);

	return fourth - ((fourth + 3) % 7 + 7) % 7;
}

/*
 * The number of weeks of an ISO year: 52 or 53.
 */
static int
weeks_in_iso_year(int year)
{
	return (first_monday(year + 1) - first_monday(year)) / 7;
}

/*
 * Whether the mart would accept the week.
 */
bool
week_valid(int week, bool yyyyww)
{
	if (!yyyyww)
		return week >= 1 && week <= 53;
	return week / 100 >= 1900 && week / 100 <= 2200 &&
		week % 100 >= 1 && week % 100 <= weeks_in_iso_year(week / 100);
}

/*
 * The next week.
 */
int
week_after(int week, bool yyyyww)
{
	if (yyyyww && week % 100 == weeks_in_iso_year(week / 100))
		return (week / 100 + 1) * 100 + 1;
	return week + 1;
}

/*
 * The Monday of a week number as written in the files.
 */
int
monday_of(const Options *opt, int week)
{
	int			year = opt->yyyyww ? week / 100 : opt->year;

	return first_monday(year) + 7 * (week % 100 - 1);
}

/*
 * Write YYYY-MM-DD and a NUL, 11 bytes.
 */
void
date_text(int days, char *text)
{
	int			year = 1970 + days / 366;
	int			month = 1;

	while (days_of(year + 1, 1, 1) <= days)
		year++;
	while (month < 12 && days_of(year, month + 1, 1) <= days)
		month++;
	days -= days_of(year, month, 1);
	text[0] = (char) ('0' + year / 1000 % 10);
	text[1] = (char) ('0' + year / 100 % 10);
	text[2] = (char) ('0' + year / 10 % 10);
	text[3] = (char) ('0' + year % 10);
	text[4] = '-';
	text[5] = (char) ('0' + month / 10);
	text[6] = (char) ('0' + month % 10);
	text[7] = '-';
	text[8] = (char) ('0' + (days + 1) / 10);
	text[9] = (char) ('0' + (days + 1) % 10);
	text[10] = '\0';
}
