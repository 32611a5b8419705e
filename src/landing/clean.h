/*-------------------------------------------------------------------------
 *
 * clean.h
 *		The cleaning rules of docs/rules.md, section 1: one value of a landing
 *		column in, its clean form out.
 *
 * All of them work on bytes (trimmed.h), so they depend on no locale.  None of
 * them raises an error, whatever the text.  The functions that SQL knows are
 * wrappers of these (clean_ops.c).
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_CLEAN_H
#define LEAKAGE_CLEAN_H

#include "base/base.h"

/* a longer identifier would not fit into the indexes of a mart, with the columns beside it */
#define ID_MAX_BYTES	1000

/* dates and weeks are of these years */
#define FIRST_YEAR			1900
#define LAST_YEAR			2200

/* ---- clean_text.c ---- */

/* NULL, or the reason why an identifier is refused */
extern const char *clean_id_fault(Trimmed value);

/*
 * White space made single spaces, cut to 200 characters, in title case (ASCII
 * letters) if asked for.  "out" has room for as many bytes as the value.
 * Returns the length; 0: nothing is left.
 */
extern int	clean_words(Trimmed value, bool title_case, char *out);

/* Female, Male or Unknown */
extern const char *clean_gender(Trimmed value);

/* ACTIVE, IDLE, SUSPEND, DEACTIVE or OTHER */
extern const char *clean_status(Trimmed value);

/*
 * A whole number without the decimal places that some programs add: 22 of 22.0.
 */
static inline Trimmed
whole_number(Trimmed value)
{
	int			len = value.len;

	while (len > 0 && value.data[len - 1] == '0')
		len--;
	if (len > 1 && len < value.len && value.data[len - 1] == '.' && is_digit(value.data[len - 2]))
		value.len = len - 1;
	return value;
}

/* four digits, plausible or not; -1 for anything else */
extern int	clean_year(Trimmed value);

/* days since 2000-01-01 of YYYY-MM-DD; false for anything else */
extern bool clean_date(Trimmed value, int32 *days);

/* ---- clean_number.c: NULL and the value, or the reason why it is refused ---- */

extern const char *clean_count(Trimmed value, int64 *count);

/*
 * An amount in units of 10^-EXACT_PLACES.  One that is accepted but has more
 * places is not exact.  Amounts below zero are left to the caller: they are
 * refused, but count in the sum of all rows.
 */
extern const char *clean_amount(Trimmed value, Decimal *amount);

/* ---- clean_week.c ---- */

/* how weeks are written: values of the option week_format */
typedef enum WeekFormat
{
	WEEK_OF_YEAR,				/* week: 1 to 53 */
	WEEK_YYYYWW,				/* yyyyww: year and ISO week */
	WEEK_YYYYMM,				/* yyyymm: year and month; then the periods are months */
	WEEK_DATE					/* date: any day of the ISO week, which is kept as yyyyww */
} WeekFormat;

/* false: there is no such format */
extern bool week_format_read(const char *name, int length, WeekFormat *format);

/* NULL and the week, or the reason why it is refused */
extern const char *clean_week(Trimmed value, WeekFormat format, int32 *week);

extern bool week_is_valid(int32 week, WeekFormat format);

/*
 * The Monday of an ISO week as a Julian day, or -1 where the year does not
 * have that week: a 53rd week may belong to the next year.
 */
extern int	clean_week_start(int year, int week);

/*
 * The period of a valid week: its number; or, where that includes the year, the
 * weeks since the one of 1970-01-05, or the months since January 1970, so that
 * years join without a gap.
 */
extern int32 week_to_period(int32 week, WeekFormat format);
extern int32 period_to_week(int32 period, WeekFormat format);

/* the Julian day on which a period begins; "year" is that of WEEK_OF_YEAR, which must be valid */
extern int	period_start(int32 period, WeekFormat format, int year);

#endif							/* LEAKAGE_CLEAN_H */
