/*-------------------------------------------------------------------------
 *
 * summary_io.h
 *		From a Datum of the SQL type revenue_summary to its state.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_SUMMARY_IO_H
#define LEAKAGE_SUMMARY_IO_H

#include "fmgr.h"

#include "summary/summary_update_state.h"

/*
 * The value, detoasted, in any form.  It may be the caller's own bytes, so do
 * not write to it.  This is the only way from a Datum to a summary.
 */
extern RevenueSummary *summary_from_datum(Datum datum);

#define PG_GETARG_SUMMARY(n)		summary_from_datum(PG_GETARG_DATUM(n))
#define PG_GETARG_PACKED_SUMMARY(n)	summary_pack(PG_GETARG_SUMMARY(n))

#endif							/* LEAKAGE_SUMMARY_IO_H */
