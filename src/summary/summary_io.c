/*-------------------------------------------------------------------------
 *
 * summary_io.c
 *		Text and binary form of revenue_summary.
 *
 * Text is JSON, with the edge nearer to zero of each bucket as its name:
 *
 *		{"count": 3, "total": 15.000000, "buckets": {"4.980736": 3}}
 *
 * The binary form is the version, count and total, and the packed buckets,
 * which do not depend on the machine's byte order.
 *
 * Both give the packed bytes back exactly, and trust nothing: whatever form
 * the input has, the value it makes passes summary_fault.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "base/base.h"
#include "summary/summary_state.h"

/* input of this many bytes is quoted in an error message */
#define QUOTED_BYTES	60

PG_FUNCTION_INFO_V1(revenue_summary_in);
PG_FUNCTION_INFO_V1(revenue_summary_out);
PG_FUNCTION_INFO_V1(revenue_summary_recv);
PG_FUNCTION_INFO_V1(revenue_summary_send);

/* a text being read, and what is wrong with it, if something is */
typedef struct SummaryParser
{
	char	   *text;
	char	   *next;
	const char *fault;
} SummaryParser;


static void
skip_space(SummaryParser *parser)
{
	parser->next += strspn(parser->next, " \t\r\n");
}

/*
 * Pass over a string of tokens, with white space before each.  A space in
 * "tokens" parts two of them.
 */
static bool
parse_tokens(SummaryParser *parser, const char *tokens)
{
	const char *token = tokens;
	bool		within = false;

	while (*token != '\0')
	{
		if (*token == ' ')
		{
			within = false;
			token++;
			continue;
		}
		if (!within)
			skip_space(parser);
		if (*parser->next != *token)
			return false;
		within = true;
		parser->next++;
		token++;
	}
	return true;
}

/*
 * Pass over tokens that have to be there.
 */
static bool
expect_tokens(SummaryParser *parser, const char *tokens)
{
	if (parse_tokens(parser, tokens))
		return true;
	parser->fault = psprintf("expected %s", tokens);
	return false;
}

/*
 * Read a decimal number with at most so many places, as a whole number of
 * the last place.
 */
static bool
parse_decimal(SummaryParser *parser, int max_places, int128 *value)
{
	const uint128 limit = (((uint128) 1 << 127) - 1) / 10 - 1;
	uint128		result = 0;
	bool		negative;
	int			digits = 0;
	int			places = -1;

	skip_space(parser);

	negative = *parser->next == '-';
	if (negative)
		parser->next++;

	for (;; parser->next++)
	{
		char		c = *parser->next;

		if (c == '.' && places < 0 && digits > 0 && max_places > 0)
		{
			places = 0;
			continue;
		}
		if (c < '0' || c > '9')
			break;
		digits++;
		if (places >= 0 && ++places > max_places)
		{
			parser->fault = psprintf("more than %d decimal places", max_places);
			return false;
		}
		if (result > limit)
		{
			parser->fault = "the number is too large";
			return false;
		}
		result = result * 10 + (uint128) (c - '0');
	}
	if (digits == 0 || places == 0)
	{
		parser->fault = "expected a number";
		return false;
	}
	for (places = Max(places, 0); places < max_places; places++)
	{
		if (result > limit)
		{
			parser->fault = "the number is too large";
			return false;
		}
		result *= 10;
	}
	*value = negative ? -(int128) result : (int128) result;
	return true;
}

/*
 * Read a count: a whole number from a least one to 2^63 - 1.
 */
static bool
parse_count(SummaryParser *parser, int64 least, int64 *count)
{
	int128		value;

	if (!parse_decimal(parser, 0, &value))
		return false;
	if (value < least || value > PG_INT64_MAX)
	{
		parser->fault = psprintf("a count must be from " INT64_FORMAT " to " INT64_FORMAT,
								 least, PG_INT64_MAX);
		return false;
	}
	*count = (int64) value;
	return true;
}

/*
 * Read one bucket, "edge": count, and write it behind the others.
 */
static bool
parse_bucket(SummaryParser *parser, StringInfo packed, int *previous)
{
	int128		edge;
	int64		count;
	int64		range[2];
	int			bucket;

	if (!expect_tokens(parser, "\"") || !parse_decimal(parser, 6, &edge))
		return false;
	if (edge <= -MONEY_LIMIT || edge >= MONEY_LIMIT)
	{
		parser->fault = "the amount is out of range: its absolute value must be below 1000000000000";
		return false;
	}
	bucket = summary_bucket((int64) edge);
	summary_bucket_range(bucket, &range[0], &range[1]);
	if (edge != range[bucket < 0])
	{
		char		begin[SUMMARY_AMOUNT_TEXT];

		summary_amount_text(begin, range[bucket < 0]);
		parser->fault = psprintf("not the edge of a bucket: the bucket of this amount begins at %s", begin);
		return false;
	}
	if (bucket <= *previous)
	{
		parser->fault = "the buckets must ascend";
		return false;
	}
	if (!expect_tokens(parser, "\" :") || !parse_count(parser, 1, &count))
		return false;

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
parse_summary(SummaryParser *parser, StringInfo packed)
{
	int			previous = PG_INT32_MIN;
	int			nbuckets = 0;
	int64		count;
	int128		total;
	RevenueSummary *summary;

	if (!expect_tokens(parser, "{ \"count\" :") ||
		!parse_count(parser, 0, &count) ||
		!expect_tokens(parser, ", \"total\" :") ||
		!parse_decimal(parser, 6, &total) ||
		!expect_tokens(parser, ", \"buckets\" : {"))
		return false;

	if (!parse_tokens(parser, "}"))
	{
		do
		{
			if (!parse_bucket(parser, packed, &previous))
				return false;
			nbuckets++;
		} while (parse_tokens(parser, ","));
		if (!expect_tokens(parser, "}"))
			return false;
	}
	if (!expect_tokens(parser, "}"))
		return false;
	skip_space(parser);
	if (*parser->next != '\0')
	{
		parser->fault = "expected the end";
		return false;
	}

	summary = (RevenueSummary *) packed->data;
	SET_VARSIZE(summary, packed->len);
	summary->version = SUMMARY_VERSION;
	summary->form = SUMMARY_PACKED;
	summary->nbuckets = (uint16) nbuckets;
	summary->count = count;
	summary_set_total(summary, total);
	parser->fault = summary_fault(summary);
	return parser->fault == NULL;
}

/*
 * Text to revenue_summary.
 */
Datum
revenue_summary_in(PG_FUNCTION_ARGS)
{
	SummaryParser parser;
	StringInfoData packed;
	int			quoted;

	parser.text = parser.next = PG_GETARG_CSTRING(0);
	parser.fault = NULL;

	initStringInfo(&packed);
	appendStringInfoSpaces(&packed, SUMMARY_HEADER_SIZE);
	memset(packed.data, 0, SUMMARY_HEADER_SIZE);
	if (parse_summary(&parser, &packed))
		PG_RETURN_POINTER(packed.data);

	quoted = pg_mbcliplen(parser.text, strlen(parser.text), QUOTED_BYTES);
	ereturn(fcinfo->context, (Datum) 0,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type %s: \"%.*s%s\"", "revenue_summary",
					quoted, parser.text, parser.text[quoted] == '\0' ? "" : "..."),
			 errdetail("At byte %d: %s.", (int) (parser.next - parser.text) + 1, parser.fault)));
}

/*
 * revenue_summary to text.
 */
Datum
revenue_summary_out(PG_FUNCTION_ARGS)
{
	RevenueSummary *summary = summary_pack((RevenueSummary *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0)));
	StringInfoData out;
	SummaryReader reader;
	char		amount[SUMMARY_AMOUNT_TEXT];
	const char *separator = "";

	summary_amount_text(amount, summary_total(summary));
	initStringInfo(&out);
	appendStringInfo(&out, "{\"count\": " INT64_FORMAT ", \"total\": %s, \"buckets\": {",
					 summary->count, amount);
	summary_read(&reader, summary);
	while (summary_next(&reader))
	{
		int64		range[2];

		summary_bucket_range(reader.bucket, &range[0], &range[1]);
		summary_amount_text(amount, range[reader.bucket < 0]);
		appendStringInfo(&out, "%s\"%s\": " INT64_FORMAT, separator, amount, reader.count);
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
	RevenueSummary *summary = summary_pack((RevenueSummary *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0)));
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
