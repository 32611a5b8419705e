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

/* four digits, plausible or not; -1 for anything else */
extern int	clean_year(Trimmed value);

/* days since 2000-01-01 of YYYY-MM-DD; false for anything else */
extern bool clean_date(Trimmed value, int32 *days);

/* ---- clean_number.c: NULL and the value, or the reason why it is refused ---- */

extern const char *clean_count(Trimmed value, int64 *count);
extern const char *clean_week(Trimmed value, bool yyyyww, int32 *week);

/*
 * An amount in units of 10^-EXACT_PLACES.  One that is accepted but has more
 * places is not exact.  Amounts below zero are left to the caller: they are
 * refused, but count in the sum of all rows.
 */
extern const char *clean_amount(Trimmed value, Decimal *amount);

/*
 * The Monday of an ISO week as a Julian day, or -1 where the year does not
 * have that week: a 53rd week may belong to the next year.
 */
extern int	clean_week_start(int year, int week);

/*
 * The period of a week that clean_week accepts: its number; or, where that
 * includes the year, the weeks since the one of 1970-01-05, so that years join
 * without a gap.
 */
extern int32 clean_week_period(int32 week, bool yyyyww);

#endif							/* LEAKAGE_CLEAN_H */
