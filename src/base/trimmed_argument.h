/*-------------------------------------------------------------------------
 *
 * trimmed_argument.h
 *		Text values and arguments of SQL, trimmed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_TRIMMED_ARGUMENT_H
#define LEAKAGE_TRIMMED_ARGUMENT_H

#include "fmgr.h"

#include "base/compat.h"
#include "base/trimmed.h"

/* a text value, trimmed; the bytes are valid as long as the value and the memory context */
static inline Trimmed
trimmed_datum(Datum datum, bool isnull)
{
	Trimmed		empty = {"", 0};
	text	   *value;

	if (isnull)
		return empty;
	value = DatumGetTextPP(datum);
	return trim(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

/* argument n, trimmed; the bytes are valid during the call */
static inline Trimmed
trimmed_argument(FunctionCallInfo fcinfo, int n)
{
	return trimmed_datum(PG_GETARG_DATUM(n), PG_ARGISNULL(n));
}

#endif							/* LEAKAGE_TRIMMED_ARGUMENT_H */
