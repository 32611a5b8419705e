/*-------------------------------------------------------------------------
 *
 * clean_week_ops.c
 *		The cleaning rules of weeks for SQL.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/date.h"

#include "base/base_fmgr.h"
#include "landing/clean_week_ops.h"

PG_FUNCTION_INFO_V1(leakage_week);
PG_FUNCTION_INFO_V1(leakage_week_fault);
PG_FUNCTION_INFO_V1(leakage_week_start);
PG_FUNCTION_INFO_V1(leakage_week_period);
PG_FUNCTION_INFO_V1(leakage_period_week);
PG_FUNCTION_INFO_V1(leakage_period_start);

WeekFormat
week_format_argument(FunctionCallInfo fcinfo, int n)
{
	text	   *name = PG_GETARG_TEXT_PP(n);
	WeekFormat	format = WEEK_OF_YEAR;

	if (!week_format_read(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), &format))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown week format \"%s\"", text_to_cstring(name)),
				 errhint("The week formats are week, yyyyww, yyyymm and date.")));
	return format;
}

/*
 * leakage_week(value text, week_format text) returns integer
 *		The week as a whole number, NULL where leakage_week_fault has a reason.
 */
Datum
leakage_week(PG_FUNCTION_ARGS)
{
	int32		week;

	if (PG_ARGISNULL(1) ||
		clean_week(trimmed_argument(fcinfo, 0), week_format_argument(fcinfo, 1), &week) != NULL)
		PG_RETURN_NULL();
	PG_RETURN_INT32(week);
}

/*
 * leakage_week_fault(value text, week_format text) returns text
 *		The reason why a week is refused, NULL where it is not.
 */
Datum
leakage_week_fault(PG_FUNCTION_ARGS)
{
	const char *fault;
	int32		week;

	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	fault = clean_week(trimmed_argument(fcinfo, 0), week_format_argument(fcinfo, 1), &week);
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
 * leakage_week_period(week integer, week_format text) returns integer
 *		The period of a week, NULL for a number that is not a week.
 */
Datum
leakage_week_period(PG_FUNCTION_ARGS)
{
	int32		week = PG_GETARG_INT32(0);
	WeekFormat	format = week_format_argument(fcinfo, 1);

	if (!week_is_valid(week, format))
		PG_RETURN_NULL();
	PG_RETURN_INT32(week_to_period(week, format));
}

/*
 * A period that a week or the week after it can have; others are beyond any
 * calendar.
 */
static bool
is_period(int32 period, WeekFormat format)
{
	if (format == WEEK_OF_YEAR)
		return period >= 1 && period <= 54;
	if (format == WEEK_YYYYMM)
		return period >= week_to_period(FIRST_YEAR * 100 + 1, format) &&
			period <= week_to_period(LAST_YEAR * 100 + 12, format) + 1;
	return period >= week_to_period(FIRST_YEAR * 100 + 1, format) &&
		period <= week_to_period(LAST_YEAR * 100 + 52, format) + 1;
}

/*
 * leakage_period_week(period integer, week_format text) returns integer
 *		The week of a period, NULL for a number that is not a period.
 */
Datum
leakage_period_week(PG_FUNCTION_ARGS)
{
	int32		period = PG_GETARG_INT32(0);
	WeekFormat	format = week_format_argument(fcinfo, 1);

	if (!is_period(period, format))
		PG_RETURN_NULL();
	PG_RETURN_INT32(period_to_week(period, format));
}

/*
 * leakage_period_start(period integer, week_format text, year integer)
 * returns date
 *		The first day of a period; NULL for a number that is not a period, and
 *		where the year is needed but is not one.
 */
Datum
leakage_period_start(PG_FUNCTION_ARGS)
{
	int32		period;
	WeekFormat	format;
	int			year = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT32(2);

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	period = PG_GETARG_INT32(0);
	format = week_format_argument(fcinfo, 1);
	if (!is_period(period, format) || (format == WEEK_OF_YEAR && clean_week_start(year, 1) < 0))
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(period_start(period, format, year) - POSTGRES_EPOCH_JDATE);
}
