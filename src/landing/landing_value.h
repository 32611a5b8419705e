/*-------------------------------------------------------------------------
 *
 * landing_value.h
 *		A value of a landing table's column.
 *
 * A value that comes from SQL is a StoredValue or a LandingValue: a pointer
 * that is NULL for SQL NULL.  So no code can read a value and miss its null
 * flag.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_LANDING_VALUE_H
#define LEAKAGE_LANDING_VALUE_H

#include "base/base.h"

/* a text as the table stores it, perhaps compressed or out of line */
typedef const struct varlena *StoredValue;

/* the bytes of a text */
typedef struct LandingValue
{
	const char *data;
	int			length;			/* 0 for SQL NULL */
} LandingValue;

static inline Trimmed
landing_trim(LandingValue value)
{
	return trim(value.data == NULL ? "" : value.data, value.length);
}

#endif							/* LEAKAGE_LANDING_VALUE_H */
