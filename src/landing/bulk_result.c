/*-------------------------------------------------------------------------
 *
 * bulk_result.c
 *		Results of a bulk pass on their way to SQL.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "base/base_fmgr.h"
#include "landing/bulk_result.h"

void
result_begin(ResultSink *sink, FunctionCallInfo fcinfo)
{
	InitMaterializedSRF(fcinfo, 0);
	sink->rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	sink->row_context = AllocSetContextCreate(CurrentMemoryContext, "leakage bulk result",
											  ALLOCSET_DEFAULT_SIZES);
}

void
result_start_row(ResultSink *sink)
{
	CHECK_FOR_INTERRUPTS();
	sink->caller_context = MemoryContextSwitchTo(sink->row_context);
}

void
result_end_row(ResultSink *sink, Datum *values, bool *nulls)
{
	MemoryContextSwitchTo(sink->caller_context);
	tuplestore_putvalues(sink->rsinfo->setResult, sink->rsinfo->setDesc, values, nulls);
	MemoryContextReset(sink->row_context);
}

Datum
result_key(BulkReader *reader)
{
	BulkKey		key;

	if (!bulk_key_next(reader, &key))
		elog(ERROR, "result of a bulk pass ends within a row");
	return PointerGetDatum(bulk_key_to_text(&key));
}

Datum
result_bytes(BulkReader *reader, Size length)
{
	struct varlena *bytes = palloc(VARHDRSZ + length);

	SET_VARSIZE(bytes, VARHDRSZ + length);
	memcpy(VARDATA(bytes), bulk_read_rest(reader, length), length);
	return PointerGetDatum(bytes);
}

void
result_place(const LandingPlace *place, Datum *values, bool *nulls)
{
	ItemPointer row = palloc(sizeof(ItemPointerData));

	*row = place->row;
	values[0] = ObjectIdGetDatum(place->table);
	values[1] = PointerGetDatum(row);
	nulls[0] = nulls[1] = !OidIsValid(place->table);
}

void
require_argument(FunctionCallInfo fcinfo, int n, const char *name, const char *function)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" of %s is null", name, function)));
}
