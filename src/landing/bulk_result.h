/*-------------------------------------------------------------------------
 *
 * bulk_result.h
 *		Results of a bulk pass on their way to SQL.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_BULK_RESULT_H
#define LEAKAGE_BULK_RESULT_H

#include "fmgr.h"
#include "nodes/execnodes.h"

#include "landing/bulk_key.h"
#include "landing/landing_table.h"

typedef struct ResultSink
{
	ReturnSetInfo *rsinfo;
	MemoryContext row_context;
	MemoryContext caller_context;	/* while a row is put together */
} ResultSink;

/* begins to return a set */
extern void result_begin(ResultSink *sink, FunctionCallInfo fcinfo);

/* a row is put together between these two, in memory of its own */
extern void result_start_row(ResultSink *sink);
extern void result_end_row(ResultSink *sink, Datum *values, bool *nulls);

/* the key that follows in a file of results, as text */
extern Datum result_key(BulkReader *reader);

/* the next "length" bytes of a file of results, as text or bytea */
extern Datum result_bytes(BulkReader *reader, Size length);

/* the two columns "part" and "place" */
extern void result_place(const LandingPlace *place, Datum *values, bool *nulls);

/* an error where argument "n" is null */
extern void require_argument(FunctionCallInfo fcinfo, int n, const char *name, const char *function);

#endif							/* LEAKAGE_BULK_RESULT_H */
