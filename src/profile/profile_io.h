/*-------------------------------------------------------------------------
 *
 * profile_io.h
 *		From a Datum of the SQL type leakage_profile to its state, and from the
 *		arguments of an aggregate over periods to a row of it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_PROFILE_IO_H
#define LEAKAGE_PROFILE_IO_H

#include "fmgr.h"
#include "lib/stringinfo.h"

#include "profile/profile_state.h"

/*
 * The value, detoasted and aligned, with at least one period.  It may be the
 * caller's own bytes, so do not write to it.  This is the only way from a Datum
 * to a profile.
 */
extern LeakageProfile *profile_from_datum(Datum datum);

/* the binary form, out and in; what comes in is checked in full, and must end the buffer */
extern void profile_write(StringInfo buf, const LeakageProfile *profile);
extern LeakageProfile *profile_read(StringInfo buf);

#define PG_GETARG_LEAKAGE_PROFILE(n)	profile_from_datum(PG_GETARG_DATUM(n))

/*
 * profile_agg.c: period, actual and expected amount, arguments 1 to 3 of a
 * transition function.  False if the row is to be ignored.
 */
extern bool profile_get_row(FunctionCallInfo fcinfo, ProfilePeriod *row);

#endif							/* LEAKAGE_PROFILE_IO_H */
