/*-------------------------------------------------------------------------
 *
 * internal_agg.c
 *		What aggregates with a state of type internal share.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"

#include "base/compat.h"
#include "base/internal_agg.h"

MemoryContext
aggregate_context(FunctionCallInfo fcinfo, const char *aggregate)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "support function of %s called outside an aggregate", aggregate);
	return context;
}

void
state_open(FunctionCallInfo fcinfo, StringInfo buf, const char *aggregate, int version)
{
	bytea	   *bytes;
	int			found;

	(void) aggregate_context(fcinfo, aggregate);
	bytes = PG_GETARG_BYTEA_PP(0);
	initReadOnlyStringInfo(buf, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));

	found = pq_getmsgbyte(buf);
	if (found != version)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("state of %s of version %d is not known, only version %d is",
						aggregate, found, version)));
}

void
state_send_sum(StringInfo buf, int128 sum)
{
	pq_sendint64(buf, (uint64) (((uint128) sum) >> 64));
	pq_sendint64(buf, (uint64) sum);
}

int128
state_get_sum(StringInfo buf)
{
	uint128		high = (uint64) pq_getmsgint64(buf);
	uint128		low = (uint64) pq_getmsgint64(buf);

	return (int128) (high << 64 | low);
}
