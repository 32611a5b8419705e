/*-------------------------------------------------------------------------
 *
 * summary_io.c
 *		Text and binary form of revenue_summary.
 *
 * The text is JSON.  The name of a bucket is its edge that is nearer to zero:
 *
 *		{"count": 3, "total": 15.000000, "buckets": {"4.980736": 3}}
 *
 * The binary form is the version, the number of buckets, count and total, and
 * the packed buckets, which do not depend on the machine's byte order.
 *
 * Both give back the packed bytes exactly.  Whatever the input is, the value
 * that is made of it passes summary_fault().
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"

#include "summary/summary_io.h"

PG_FUNCTION_INFO_V1(revenue_summary_in);
PG_FUNCTION_INFO_V1(revenue_summary_out);
PG_FUNCTION_INFO_V1(revenue_summary_recv);
PG_FUNCTION_INFO_V1(revenue_summary_send);

RevenueSummary *
summary_from_datum(Datum datum)
{
	RevenueSummary *summary = (RevenueSummary *) PG_DETOAST_DATUM(datum);

	if (!summary_is_readable(summary))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("not a valid revenue_summary of version %d", SUMMARY_VERSION)));
	return summary;
}

/*
 * The edge of a bucket that is nearer to zero.
 */
static int64
bucket_edge(int bucket)
{
	int64		range[2];

	summary_bucket_range(bucket, &range[0], &range[1]);
	return range[bucket < 0];
}

/*
 * Read one bucket, "edge": count, and write it behind the others.
 */
static bool
parse_bucket(TextCursor *cursor, StringInfo packed, int *previous)
{
	const char *start;
	int128		edge;
	int64		count;
	int			bucket;

	if (!cursor_expect(cursor, "\""))
		return false;
	start = cursor->at;
	if (!cursor_number(cursor, "amount", MONEY_PLACES, 0, 1 - MONEY_LIMIT, MONEY_LIMIT - 1, &edge) ||
		!cursor_expect(cursor, "\" :") ||
		!cursor_integer(cursor, "count", 1, PG_INT64_MAX, &count))
		return false;
	bucket = summary_bucket((int64) edge);
	if (edge != bucket_edge(bucket))
	{
		char		begin[DECIMAL_TEXT];

		(void) decimal_write(begin, bucket_edge(bucket), MONEY_PLACES, true);
		cursor->at = start;
		return cursor_fault(cursor, psprintf("not the edge of a bucket: the bucket of this amount begins at %s", begin));
	}
	if (bucket <= *previous)
	{
		cursor->at = start;
		return cursor_fault(cursor, "the buckets must ascend");
	}

	enlargeStringInfo(packed, SUMMARY_PACKED_MAX);
	packed->len += summary_put_bucket((unsigned char *) packed->data + packed->len,
									  *previous, bucket, count);
	*previous = bucket;
	return true;
}

/*
 * Read a whole summary into "packed", whose header is still to be filled.
 */
static bool
parse_summary(TextCursor *cursor, StringInfo packed)
{
	int			previous = PG_INT32_MIN;
	int			nbuckets = 0;
	int64		count;
	int128		total;
	RevenueSummary *summary;
	const char *fault;

	if (!cursor_expect(cursor, "{ \"count\" :") ||
		!cursor_integer(cursor, "count", 0, PG_INT64_MAX, &count) ||
		!cursor_expect(cursor, ", \"total\" :") ||
		!cursor_number(cursor, "total", MONEY_PLACES, 0, -SUMMARY_MAX_TOTAL, SUMMARY_MAX_TOTAL, &total) ||
		!cursor_expect(cursor, ", \"buckets\" : {"))
		return false;

	if (!cursor_take(cursor, "}"))
	{
		do
		{
			if (!parse_bucket(cursor, packed, &previous))
				return false;
			nbuckets++;
		} while (cursor_take(cursor, ","));
		if (!cursor_expect(cursor, "}"))
			return false;
	}
	if (!cursor_expect(cursor, "}") || !cursor_expect_end(cursor))
		return false;

	summary = (RevenueSummary *) packed->data;
	SET_VARSIZE(summary, packed->len);
	summary->version = SUMMARY_VERSION;
	summary->form = SUMMARY_PACKED;
	summary->nbuckets = (uint16) nbuckets;
	summary->count = count;
	summary_set_total(summary, total);
	fault = summary_fault(summary);
	return fault == NULL || cursor_fault(cursor, fault);
}

/*
 * Text to revenue_summary.
 */
Datum
revenue_summary_in(PG_FUNCTION_ARGS)
{
	TextCursor	cursor;
	StringInfoData packed;

	cursor_begin(&cursor, PG_GETARG_CSTRING(0), "revenue_summary", NULL, fcinfo->context);
	initStringInfo(&packed);
	appendStringInfoSpaces(&packed, SUMMARY_HEADER_SIZE);
	memset(packed.data, 0, SUMMARY_HEADER_SIZE);
	if (!parse_summary(&cursor, &packed))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(packed.data);
}

/*
 * revenue_summary to text.
 */
Datum
revenue_summary_out(PG_FUNCTION_ARGS)
{
	RevenueSummary *summary = PG_GETARG_PACKED_SUMMARY(0);
	StringInfoData out;
	SummaryReader reader;
	const char *separator = "";

	initStringInfo(&out);
	appendStringInfo(&out, "{\"count\": " INT64_FORMAT ", \"total\": ", summary->count);
	decimal_append(&out, summary_total(summary), MONEY_PLACES, true);
	appendStringInfoString(&out, ", \"buckets\": {");
	summary_read(&reader, summary);
	while (summary_next(&reader))
	{
		appendStringInfo(&out, "%s\"", separator);
		decimal_append(&out, bucket_edge(reader.bucket), MONEY_PLACES, true);
		appendStringInfo(&out, "\": " INT64_FORMAT, reader.count);
		separator = ", ";
	}
	appendStringInfoString(&out, "}}");
	PG_RETURN_CSTRING(out.data);
}

/*
 * Binary to revenue_summary.
 */
Datum
revenue_summary_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgbyte(buf);
	int			nbuckets;
	int			nbytes;
	RevenueSummary *summary;
	const char *fault;

	if (version != SUMMARY_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("unsupported version %d of a revenue_summary, expected %d",
						version, SUMMARY_VERSION)));
	nbuckets = (int) pq_getmsgint(buf, 2);
	nbytes = buf->len - buf->cursor - 3 * (int) sizeof(int64);
	if (nbytes < 0 || nbytes > nbuckets * SUMMARY_PACKED_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid length of a revenue_summary of %d buckets: %d bytes",
						nbuckets, buf->len)));

	summary = palloc0(SUMMARY_HEADER_SIZE + nbytes);
	SET_VARSIZE(summary, SUMMARY_HEADER_SIZE + nbytes);
	summary->version = SUMMARY_VERSION;
	summary->form = SUMMARY_PACKED;
	summary->nbuckets = (uint16) nbuckets;
	summary->count = pq_getmsgint64(buf);
	summary->total_hi = pq_getmsgint64(buf);
	summary->total_lo = (uint64) pq_getmsgint64(buf);
	pq_copymsgbytes(buf, (char *) summary->data, nbytes);
	pq_getmsgend(buf);

	fault = summary_fault(summary);
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary representation of a revenue_summary: %s", fault)));
	PG_RETURN_POINTER(summary);
}

/*
 * revenue_summary to binary.
 */
Datum
revenue_summary_send(PG_FUNCTION_ARGS)
{
	RevenueSummary *summary = PG_GETARG_PACKED_SUMMARY(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, summary->version);
	pq_sendint16(&buf, summary->nbuckets);
	pq_sendint64(&buf, summary->count);
	pq_sendint64(&buf, summary->total_hi);
	pq_sendint64(&buf, (int64) summary->total_lo);
	pq_sendbytes(&buf, (char *) summary->data, VARSIZE(summary) - SUMMARY_HEADER_SIZE);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
