/*-------------------------------------------------------------------------
 *
 * clean_week_ops.h
 *		How SQL-callable functions read the format of weeks.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_CLEAN_WEEK_OPS_H
#define LEAKAGE_CLEAN_WEEK_OPS_H

#include "fmgr.h"

#include "landing/clean.h"

/* argument n, a text that is not NULL: a value of the option week_format; an error for anything else */
extern WeekFormat week_format_argument(FunctionCallInfo fcinfo, int n);

#endif							/* LEAKAGE_CLEAN_WEEK_OPS_H */
