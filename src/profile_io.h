/*-------------------------------------------------------------------------
 *
 * profile_io.h
 *		From a Datum of the SQL type leakage_profile to its state.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_PROFILE_IO_H
#define LEAKAGE_PROFILE_IO_H

#include "profile_state.h"

/*
 * The value, detoasted and aligned: possibly the caller's own bytes, so not
 * to be written to.
 */
extern LeakageProfile *profile_from_datum(Datum datum);

#define PG_GETARG_LEAKAGE_PROFILE(n)	profile_from_datum(PG_GETARG_DATUM(n))

#endif							/* LEAKAGE_PROFILE_IO_H */
