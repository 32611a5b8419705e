/*-------------------------------------------------------------------------
 *
 * clean.h
 *		The cleaning rules of docs/rules.md, section 1, for C callers: the
 *		functions that SQL knows are wrappers of these.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_CLEAN_H
#define LEAKAGE_CLEAN_H

#include "base/base_fmgr.h"

/* a longer identifier would not fit into the indexes of a mart, with the columns beside it */
#define ID_MAX_BYTES	1000

/* dates and weeks are of these years */
#define FIRST_YEAR			1900
#define LAST_YEAR			2200

/* clean.c: constant strings, or a year or -1; of an identifier NULL, or the reason why it is refused */
extern const char *clean_id_fault(Trimmed value);
extern const char *clean_gender(Trimmed value);
extern const char *clean_status(Trimmed value);
extern int	clean_year(Trimmed value);

/* clean_number.c: NULL and the value, or the reason why it is refused */
extern const char *clean_week(Trimmed value, bool yyyyww, int32 *week);
extern const char *clean_amount(Trimmed value, Decimal *amount);
extern int	clean_week_start(int year, int week);
extern int32 clean_week_period(int32 week, bool yyyyww);

#endif							/* LEAKAGE_CLEAN_H */
