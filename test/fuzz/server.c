/*-------------------------------------------------------------------------
 *
 * server.c
 *		The part of the server that the parsers call, for fuzzing.
 *
 * The rest stays unresolved.  A call of it crashes, which is a finding as well:
 * either of a parser that does what it should not, or of a function to be
 * added here.
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz.h"

#include <setjmp.h>

#include "funcapi.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

static sigjmp_buf refused;
static bool accepted;
static int	sqlstate;
static char message[256];
static FmgrInfo function_info;

bool		fuzz_in_aggregate;

/* ---- memory: one context, freed after each input ---- */

static void **chunks;
static size_t nchunks;
static size_t max_chunks;

static struct MemoryContextData the_context;
MemoryContext CurrentMemoryContext = &the_context;
MemoryContext TopMemoryContext = &the_context;

static void
forget(void *pointer)
{
	for (size_t i = nchunks; i-- > 0;)
	{
		if (chunks[i] == pointer)
		{
			chunks[i] = chunks[--nchunks];
			return;
		}
	}
	fuzz_finding("pfree of what palloc did not return", __FILE__, __LINE__);
}

static void *
remember(void *pointer)
{
	if (nchunks == max_chunks)
	{
		max_chunks = Max(2 * max_chunks, 1024);
		chunks = realloc(chunks, max_chunks * sizeof(void *));
	}
	return chunks[nchunks++] = pointer;
}

static void
free_all(void)
{
	while (nchunks > 0)
		free(chunks[--nchunks]);
}

void *
palloc(Size size)
{
	void	   *result;

	if (!AllocSizeIsValid(size))
		fuzz_finding("palloc of an invalid size", __FILE__, __LINE__);
	result = malloc(Max(size, 1));
	memset(result, 0xBE, size);
	return remember(result);
}

void *
palloc0(Size size)
{
	return memset(palloc(size), 0, size);
}

void
pfree(void *pointer)
{
	forget(pointer);
	free(pointer);
}

void *
repalloc(void *pointer, Size size)
{
	forget(pointer);
	return remember(realloc(pointer, Max(size, 1)));
}

void *
repalloc_huge(void *pointer, Size size)
{
	return repalloc(pointer, size);
}

void *
palloc_extended(Size size, int flags)
{
	return (flags & MCXT_ALLOC_ZERO) ? palloc0(size) : palloc(size);
}

void *
MemoryContextAlloc(MemoryContext context, Size size)
{
	return palloc(size);
}

void *
MemoryContextAllocZero(MemoryContext context, Size size)
{
	return palloc0(size);
}

void *
MemoryContextAllocZeroAligned(MemoryContext context, Size size)
{
	return palloc0(size);
}

void *
MemoryContextAllocHuge(MemoryContext context, Size size)
{
	return palloc(size);
}

MemoryContext
AllocSetContextCreateInternal(MemoryContext parent, const char *name, Size least, Size first, Size most)
{
	return &the_context;
}

void
MemoryContextReset(MemoryContext context)
{
}

void
MemoryContextDelete(MemoryContext context)
{
}

char *
pnstrdup(const char *in, Size len)
{
	Size		size = strnlen(in, len);
	char	   *result = palloc(size + 1);

	memcpy(result, in, size);
	result[size] = '\0';
	return result;
}

char *
pstrdup(const char *in)
{
	return pnstrdup(in, strlen(in));
}

/* ---- errors ---- */

void
fuzz_finding(const char *what, const char *file, int line)
{
	fprintf(stderr, "FINDING: %s (%s:%d)\n", what, file, line);
	abort();
}

void
fuzz_accepted(void)
{
	accepted = true;
}

void
fuzz_may_refuse(void)
{
	accepted = false;
}

bool
errstart(int elevel, const char *domain)
{
	if (elevel < ERROR)
		return false;
	sqlstate = ERRCODE_INTERNAL_ERROR;
	return true;
}

bool
errstart_cold(int elevel, const char *domain)
{
	return errstart(elevel, domain);
}

int
errcode(int code)
{
	sqlstate = code;
	return 0;
}

int
errmsg(const char *format,...)
{
	va_list		args;

	va_start(args, format);
	pg_vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	return 0;
}

int
errmsg_internal(const char *format,...)
{
	va_list		args;

	va_start(args, format);
	pg_vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	return 0;
}

/* formatted, so that a wrong format is seen */
int
errdetail(const char *format,...)
{
	char		detail[2048];
	va_list		args;

	va_start(args, format);
	pg_vsnprintf(detail, sizeof(detail), format, args);
	va_end(args);
	return 0;
}

int
errhint(const char *format,...)
{
	char		hint[2048];
	va_list		args;

	va_start(args, format);
	pg_vsnprintf(hint, sizeof(hint), format, args);
	va_end(args);
	return 0;
}

void
errfinish(const char *file, int line, const char *function)
{
	if (accepted)
	{
		fprintf(stderr, "after the input was accepted: %s\n", message);
		fuzz_finding("an error where none may be", file, line);
	}
	if (sqlstate == ERRCODE_INTERNAL_ERROR || sqlstate == ERRCODE_DATA_CORRUPTED)
	{
		fprintf(stderr, "%s\n", message);
		fuzz_finding("an internal error", file, line);
	}
	siglongjmp(refused, 1);
}

#if PG_VERSION_NUM >= 160000
bool
errsave_start(struct Node *context, const char *domain)
{
	return errstart(ERROR, domain);
}

void
errsave_finish(struct Node *context, const char *file, int line, const char *function)
{
	errfinish(file, line, function);
}

void
ExceptionalCondition(const char *condition, const char *file, int line)
{
	fuzz_finding(condition, file, line);
}
#else
void
ExceptionalCondition(const char *condition, const char *kind, const char *file, int line)
{
	fuzz_finding(condition, file, line);
}
#endif

volatile sig_atomic_t InterruptPending;

void
ProcessInterrupts(void)
{
}

/* ---- strings and messages ---- */

char *
psprintf(const char *format,...)
{
	char		result[2048];
	va_list		args;

	va_start(args, format);
	pg_vsnprintf(result, sizeof(result), format, args);
	va_end(args);
	return pstrdup(result);
}

void
initStringInfo(StringInfo buf)
{
	buf->maxlen = 64;
	buf->data = palloc(buf->maxlen);
	resetStringInfo(buf);
}

void
resetStringInfo(StringInfo buf)
{
	buf->data[0] = '\0';
	buf->len = buf->cursor = 0;
}

void
enlargeStringInfo(StringInfo buf, int needed)
{
	int			size = buf->maxlen;

	while (buf->len + needed + 1 > size)
		size *= 2;
	if (size > buf->maxlen)
		buf->data = repalloc(buf->data, size);
	buf->maxlen = size;
}

#if PG_VERSION_NUM >= 170000
#undef appendStringInfoCharMacro
#endif

void
appendBinaryStringInfo(StringInfo buf,
#if PG_VERSION_NUM >= 160000
					   const void *data,
#else
					   const char *data,
#endif
					   int size)
{
	enlargeStringInfo(buf, size);
	memcpy(buf->data + buf->len, data, size);
	buf->len += size;
	buf->data[buf->len] = '\0';
}

void
appendStringInfoString(StringInfo buf, const char *data)
{
	appendBinaryStringInfo(buf, data, strlen(data));
}

void
appendStringInfoChar(StringInfo buf, char c)
{
	appendBinaryStringInfo(buf, &c, 1);
}

void
appendStringInfoSpaces(StringInfo buf, int count)
{
	while (count-- > 0)
		appendStringInfoChar(buf, ' ');
}

void
appendStringInfo(StringInfo buf, const char *format,...)
{
	char		data[2048];
	va_list		args;

	va_start(args, format);
	pg_vsnprintf(data, sizeof(data), format, args);
	va_end(args);
	appendStringInfoString(buf, data);
}

void
pq_copymsgbytes(StringInfo msg,
#if PG_VERSION_NUM >= 170000
				void *out,
#else
				char *out,
#endif
				int size)
{
	if (size < 0 || size > msg->len - msg->cursor)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("insufficient data left in message")));
	memcpy(out, msg->data + msg->cursor, size);
	msg->cursor += size;
}

int
pq_getmsgbyte(StringInfo msg)
{
	unsigned char byte;

	pq_copymsgbytes(msg, (char *) &byte, 1);
	return byte;
}

static uint64
get_number(StringInfo msg, int size)
{
	uint64		result = 0;

	for (int i = 0; i < size; i++)
		result = result << 8 | (uint64) pq_getmsgbyte(msg);
	return result;
}

unsigned int
pq_getmsgint(StringInfo msg, int size)
{
	return (unsigned int) get_number(msg, size);
}

int64
pq_getmsgint64(StringInfo msg)
{
	return (int64) get_number(msg, sizeof(int64));
}

void
pq_getmsgend(StringInfo msg)
{
	if (msg->cursor != msg->len)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("invalid message format")));
}

void
pq_begintypsend(StringInfo buf)
{
	initStringInfo(buf);
	appendStringInfoSpaces(buf, VARHDRSZ);
}

bytea *
pq_endtypsend(StringInfo buf)
{
	SET_VARSIZE(buf->data, buf->len);
	return (bytea *) buf->data;
}

void
pq_sendbytes(StringInfo buf,
#if PG_VERSION_NUM >= 160000
			 const void *data,
#else
			 const char *data,
#endif
			 int size)
{
	appendBinaryStringInfo(buf, data, size);
}

/* ---- encodings: every byte is a character ---- */

int
pg_mbcliplen(const char *data, int len, int limit)
{
	return Min(len, limit);
}

int
pg_mbcharcliplen(const char *data, int len, int limit)
{
	return Min(len, limit);
}

bool
pg_verifymbstr(const char *data, int len, bool no_error)
{
	return memchr(data, 0, len) == NULL;
}

int
GetDatabaseEncoding(void)
{
	return PG_SQL_ASCII;
}

/* ---- values ---- */

struct varlena *
pg_detoast_datum(struct varlena *datum)
{
	return datum;
}

struct varlena *
pg_detoast_datum_packed(struct varlena *datum)
{
	return datum;
}

struct varlena *
pg_detoast_datum_copy(struct varlena *datum)
{
	return memcpy(palloc(VARSIZE_ANY(datum)), datum, VARSIZE_ANY(datum));
}

text *
cstring_to_text_with_len(const char *data, int len)
{
	return (text *) DatumGetPointer(fuzz_text((const uint8 *) data, len).value);
}

text *
cstring_to_text(const char *data)
{
	return cstring_to_text_with_len(data, strlen(data));
}

int
AggCheckCallContext(FunctionCallInfo fcinfo, MemoryContext *context)
{
	if (context != NULL)
		*context = CurrentMemoryContext;
	return fuzz_in_aggregate ? AGG_CONTEXT_AGGREGATE : 0;
}

/* numeric: no parser of the extension looks into the values that it makes */
static Numeric
some_numeric(void)
{
	Numeric		result = palloc0(16);

	SET_VARSIZE(result, 16);
	return result;
}

Numeric
int64_to_numeric(int64 value)
{
	return some_numeric();
}

Numeric
int64_div_fast_to_numeric(int64 value, int log10)
{
	return some_numeric();
}

Numeric
numeric_add_opt_error(Numeric a, Numeric b, bool *error)
{
	return some_numeric();
}

Datum
numeric_in(PG_FUNCTION_ARGS)
{
	return NumericGetDatum(some_numeric());
}

Datum
numeric_out(PG_FUNCTION_ARGS)
{
	return CStringGetDatum(pstrdup("0"));
}

Datum
numeric_add(PG_FUNCTION_ARGS)
{
	return NumericGetDatum(some_numeric());
}

Datum
numeric_mul(PG_FUNCTION_ARGS)
{
	return NumericGetDatum(some_numeric());
}

Datum
float8out(PG_FUNCTION_ARGS)
{
	return CStringGetDatum(pstrdup("0"));
}

Datum
DirectFunctionCall1Coll(PGFunction function, Oid collation, Datum a)
{
	return FUZZ_CALL(function, FUZZ_DATUM(a)).value;
}

Datum
DirectFunctionCall2Coll(PGFunction function, Oid collation, Datum a, Datum b)
{
	return FUZZ_CALL(function, FUZZ_DATUM(a), FUZZ_DATUM(b)).value;
}

Datum
DirectFunctionCall3Coll(PGFunction function, Oid collation, Datum a, Datum b, Datum c)
{
	return FUZZ_CALL(function, FUZZ_DATUM(a), FUZZ_DATUM(b), FUZZ_DATUM(c)).value;
}

/* ---- dates: as in the server ---- */

int
date2j(int year, int month, int day)
{
	int			century;

	if (month > 2)
	{
		month += 1;
		year += 4800;
	}
	else
	{
		month += 13;
		year += 4799;
	}
	century = year / 100;
	return year * 365 - 32167 + year / 4 - century + century / 4 + 7834 * month / 256 + day;
}

void
j2date(int jd, int *year, int *month, int *day)
{
	unsigned int julian = jd + 32044;
	unsigned int quad = julian / 146097;
	unsigned int extra = (julian - quad * 146097) * 4 + 3;
	int			y;

	julian += 60 + quad * 3 + extra / 146097;
	quad = julian / 1461;
	julian -= quad * 1461;
	y = julian * 4 / 1461;
	julian = ((y != 0) ? ((julian + 305) % 365) : ((julian + 306) % 366)) + 123;
	y += quad * 4;
	*year = y - 4800;
	quad = julian * 2141 / 65536;
	*day = julian - 7834 * quad / 256;
	*month = (quad + 10) % MONTHS_PER_YEAR + 1;
}

int
isoweek2j(int year, int week)
{
	int			day4 = date2j(year, 1, 4);

	return (week - 1) * 7 + (day4 - (day4 + 7) % 7);
}

int
date2isoweek(int year, int month, int day)
{
	int			julian = date2j(year, month, day);

	return (julian - isoweek2j(date2isoyear(year, month, day), 1)) / 7 + 1;
}

int
date2isoyear(int year, int month, int day)
{
	int			julian = date2j(year, month, day);

	if (julian < isoweek2j(year, 1))
		return year - 1;
	return julian >= isoweek2j(year + 1, 1) ? year + 1 : year;
}

/* ---- calls ---- */

FuzzValue
fuzz_call(PGFunction function, int nargs, const FuzzValue *args)
{
	LOCAL_FCINFO(fcinfo, FUNC_MAX_ARGS);
	FuzzValue	result;

	InitFunctionCallInfoData(*fcinfo, &function_info, nargs, InvalidOid, NULL, NULL);
	for (int i = 0; i < nargs; i++)
	{
		fcinfo->args[i].value = args[i].value;
		fcinfo->args[i].isnull = args[i].isnull;
	}
	result.value = function(fcinfo);
	result.isnull = fcinfo->isnull;
	return result;
}

FuzzValue
fuzz_cstring(const uint8 *data, size_t size)
{
	return FUZZ_DATUM(CStringGetDatum(pnstrdup((const char *) data, size)));
}

FuzzValue
fuzz_text(const uint8 *data, size_t size)
{
	char	   *result = palloc(VARHDRSZ + size);

	SET_VARSIZE(result, VARHDRSZ + size);
	memcpy(VARDATA(result), data, size);
	return FUZZ_DATUM(PointerGetDatum(result));
}

FuzzValue
fuzz_message(const uint8 *data, size_t size)
{
	StringInfo	msg = palloc(sizeof(StringInfoData));

	msg->data = memcpy(palloc(size), data, size);
	msg->len = msg->maxlen = size;
	msg->cursor = 0;
	return FUZZ_DATUM(PointerGetDatum(msg));
}

FuzzValue
fuzz_read(const FuzzType *type, const uint8 *data, size_t size)
{
	if (data[0] == 't')
		return FUZZ_CALL(type->in, fuzz_cstring(data + 1, size - 1));
	return FUZZ_CALL(type->recv, fuzz_message(data + 1, size - 1));
}

bool
fuzz_same(FuzzValue a, FuzzValue b)
{
	void	   *x = DatumGetPointer(a.value);
	void	   *y = DatumGetPointer(b.value);

	return VARSIZE(x) == VARSIZE(y) && memcmp(x, y, VARSIZE(x)) == 0;
}

void
fuzz_round_trip(const FuzzType *type, FuzzValue value)
{
	FuzzValue	text = FUZZ_CALL(type->out, value);
	FuzzValue	bytes = FUZZ_CALL(type->send, value);
	struct varlena *sent = (struct varlena *) DatumGetPointer(bytes.value);

	FUZZ_CHECK(fuzz_same(value, FUZZ_CALL(type->in, text)));
	FUZZ_CHECK(fuzz_same(value, FUZZ_CALL(type->recv, fuzz_message((uint8 *) VARDATA(sent),
																  VARSIZE(sent) - VARHDRSZ))));
}

/* what libFuzzer calls */
extern int	LLVMFuzzerTestOneInput(const uint8 *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	if (size == 0)
		return 0;
	accepted = false;
	fuzz_in_aggregate = false;
	memset(&function_info, 0, sizeof(function_info));
	function_info.fn_mcxt = CurrentMemoryContext;
	if (sigsetjmp(refused, 0) == 0)
		fuzz_one(data, size);
	free_all();
	return 0;
}
