/*-------------------------------------------------------------------------
 *
 * profile_io.c
 *		Text and binary form of the SQL type leakage_profile.
 *
 * The text form lists the periods in ascending order, each with its actual
 * and its expected amount, which are exact decimals of up to six places:
 *
 *		{22: 10.5/11.2, 23: -/11, 24: 9/-, 25: 30#3/33#3}
 *
 * A dash means no row.  #3 means that the amount is the sum of three rows.  A
 * profile that had to drop its oldest periods begins with {truncated, ...}.
 * The grammar of the input:
 *
 *		profile = "{" [ "truncated" "," ] period { "," period } "}"
 *		period  = integer ":" side "/" side
 *		side    = "-" | decimal [ "#" rows ]
 *
 * White space is allowed between all of these.  The output is as in the
 * example.
 *
 * The binary form is, in network byte order: version and flags (a byte each),
 * number of periods (int32); then for each period its number, actual rows,
 * expected rows (int32 each), actual and expected amount (int64 each, micro-
 * units).
 *
 * Invariants
 *	- both forms are one to one with the contents: equal profiles have equal
 *	  texts and equal bytes, and reading gives what was written.
 *	- what breaks an invariant of profile_state.h is refused.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"

#include "base/base_fmgr.h"
#include "profile/profile_io.h"

/* bytes of a period in the binary form */
#define PERIOD_WIRE_SIZE	(3 * 4 + 2 * 8)

static bool read_profile(TextCursor *cursor, LeakageProfile **profile);
static bool read_period(TextCursor *cursor, ProfilePeriod *period);
static bool read_side(TextCursor *cursor, const char *what, int64 *amount, uint32 *rows);
static void write_side(StringInfo buf, int64 amount, uint32 rows);

PG_FUNCTION_INFO_V1(leakage_profile_in);
PG_FUNCTION_INFO_V1(leakage_profile_out);
PG_FUNCTION_INFO_V1(leakage_profile_recv);
PG_FUNCTION_INFO_V1(leakage_profile_send);

/*
 * The value of a Datum, see profile_io.h.
 *
 * Only what reading it needs is checked here: a value was checked in full when
 * it came in.
 */
LeakageProfile *
profile_from_datum(Datum datum)
{
	LeakageProfile *profile = (LeakageProfile *) PG_DETOAST_DATUM(datum);

	if (VARSIZE(profile) < PROFILE_SIZE(1) ||
		profile->version != PROFILE_VERSION ||
		profile->nperiods == 0 ||
		profile->nperiods > profile->capacity ||
		profile->capacity > PROFILE_MAX_PERIODS ||
		VARSIZE(profile) != PROFILE_SIZE(profile->capacity))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("not a valid leakage_profile of version %d", PROFILE_VERSION)));
	return profile;
}

/*
 * Text to profile.
 */
Datum
leakage_profile_in(PG_FUNCTION_ARGS)
{
	LeakageProfile *profile = profile_make(PROFILE_FIRST_CAPACITY);
	TextCursor	cursor;
	const char *fault;

	cursor_begin(&cursor, PG_GETARG_CSTRING(0), "leakage_profile",
				 "A leakage_profile looks like {22: 10.5/11.2, 23: -/11, 24: 30#3/33#3}: "
				 "period: actual/expected, with the number of rows where it is not one.",
				 fcinfo->context);
	if (!read_profile(&cursor, &profile))
		PG_RETURN_NULL();

	fault = profile_fault(profile, VARSIZE(profile));
	if (fault != NULL)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid leakage_profile: %s", fault)));

	PG_RETURN_POINTER(profile_canonical(profile));
}

/*
 * Profile to text.
 */
Datum
leakage_profile_out(PG_FUNCTION_ARGS)
{
	LeakageProfile *profile = PG_GETARG_LEAKAGE_PROFILE(0);
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoChar(&buf, '{');
	if (profile->flags & PROFILE_TRUNCATED)
		appendStringInfoString(&buf, "truncated, ");
	for (uint32 i = 0; i < profile->nperiods; i++)
	{
		const ProfilePeriod *p = &profile->periods[i];

		appendStringInfo(&buf, "%s%d: ", i > 0 ? ", " : "", p->period);
		write_side(&buf, p->actual, p->actual_rows);
		appendStringInfoChar(&buf, '/');
		write_side(&buf, p->expected, p->expected_rows);
	}
	appendStringInfoChar(&buf, '}');
	PG_RETURN_CSTRING(buf.data);
}

/*
 * The binary form, without a header.
 */
void
profile_write(StringInfo buf, const LeakageProfile *profile)
{
	pq_sendbyte(buf, profile->version);
	pq_sendbyte(buf, profile->flags);
	pq_sendint32(buf, profile->nperiods);
	for (uint32 i = 0; i < profile->nperiods; i++)
	{
		const ProfilePeriod *p = &profile->periods[i];

		pq_sendint32(buf, p->period);
		pq_sendint32(buf, p->actual_rows);
		pq_sendint32(buf, p->expected_rows);
		pq_sendint64(buf, p->actual);
		pq_sendint64(buf, p->expected);
	}
}

/*
 * A profile from its binary form, which is all that is left of "buf".
 */
LeakageProfile *
profile_read(StringInfo buf)
{
	uint8		version = pq_getmsgbyte(buf);
	uint8		flags = pq_getmsgbyte(buf);
	uint32		nperiods = pq_getmsgint(buf, 4);
	LeakageProfile *profile;
	const char *fault;

	if (version != PROFILE_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("leakage_profile of version %u is not known, only version %u is",
						version, PROFILE_VERSION)));

	/* before room is made for them */
	if (nperiods > PROFILE_MAX_PERIODS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid leakage_profile: %u periods are more than the limit of %u",
						nperiods, PROFILE_MAX_PERIODS)));
	if (buf->len - buf->cursor != (int) nperiods * PERIOD_WIRE_SIZE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid leakage_profile: %d bytes for %u periods of %d bytes",
						buf->len - buf->cursor, nperiods, PERIOD_WIRE_SIZE)));

	profile = profile_make(nperiods);
	profile->flags = flags;
	profile->nperiods = nperiods;
	for (uint32 i = 0; i < nperiods; i++)
	{
		ProfilePeriod *p = &profile->periods[i];

		p->period = (int32) pq_getmsgint(buf, 4);
		p->actual_rows = pq_getmsgint(buf, 4);
		p->expected_rows = pq_getmsgint(buf, 4);
		p->actual = pq_getmsgint64(buf);
		p->expected = pq_getmsgint64(buf);
	}
	pq_getmsgend(buf);

	fault = profile_fault(profile, VARSIZE(profile));
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid leakage_profile: %s", fault)));
	return profile;
}

/*
 * Bytes to profile.
 */
Datum
leakage_profile_recv(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(profile_read((StringInfo) PG_GETARG_POINTER(0)));
}

/*
 * Profile to bytes.
 */
Datum
leakage_profile_send(PG_FUNCTION_ARGS)
{
	StringInfoData buf;

	pq_begintypsend(&buf);
	profile_write(&buf, PG_GETARG_LEAKAGE_PROFILE(0));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/*
 * The whole text.  Here and below, false means that an error was given to the
 * error context.  Without one, errors do not return.
 */
static bool
read_profile(TextCursor *cursor, LeakageProfile **result)
{
	LeakageProfile *profile = *result;

	if (!cursor_expect(cursor, "{"))
		return false;
	if (cursor_take(cursor, "truncated"))
	{
		profile->flags |= PROFILE_TRUNCATED;
		if (!cursor_expect(cursor, ","))
			return false;
	}
	do
	{
		if (profile->nperiods == PROFILE_MAX_PERIODS)
			ereturn(cursor->escontext, false,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("more than %d periods in a leakage_profile",
							PROFILE_MAX_PERIODS)));
		profile = profile_reserve(profile, profile->nperiods + 1);
		if (!read_period(cursor, &profile->periods[profile->nperiods]))
			return false;
		profile->nperiods++;
	} while (cursor_take(cursor, ","));

	*result = profile;
	return cursor_take(cursor, "}") ? cursor_expect_end(cursor) : cursor_fault(cursor, "expected \",\" or \"}\"");
}

/*
 * integer ":" side "/" side
 */
static bool
read_period(TextCursor *cursor, ProfilePeriod *period)
{
	int64		number;

	if (!cursor_integer(cursor, "period", PG_INT32_MIN, PG_INT32_MAX, &number))
		return false;
	period->period = (int32) number;
	return cursor_expect(cursor, ":") &&
		read_side(cursor, "actual amount", &period->actual, &period->actual_rows) &&
		cursor_expect(cursor, "/") &&
		read_side(cursor, "expected amount", &period->expected, &period->expected_rows);
}

/*
 * "-" | decimal [ "#" rows ]
 */
static bool
read_side(TextCursor *cursor, const char *what, int64 *amount, uint32 *rows)
{
	int128		number;
	int64		count = 1;

	*amount = 0;
	*rows = 0;
	if (cursor_peek(cursor) == '-' && cursor->at[1] != '.' && !is_digit(cursor->at[1]))
	{
		cursor->at++;
		return true;
	}
	if (!cursor_number(cursor, what, MONEY_PLACES, DECIMAL_PLUS | DECIMAL_BARE_POINT,
					   PG_INT64_MIN, PG_INT64_MAX, &number))
		return false;
	if (cursor_take(cursor, "#") &&
		!cursor_integer(cursor, "number of rows", 1, PG_UINT32_MAX, &count))
		return false;
	*amount = (int64) number;
	*rows = (uint32) count;
	return true;
}

/*
 * Write one amount, without the zeros at its end.
 */
static void
write_side(StringInfo buf, int64 amount, uint32 rows)
{
	if (rows == 0)
	{
		appendStringInfoChar(buf, '-');
		return;
	}
	decimal_append(buf, amount, MONEY_PLACES, false);
	if (rows != 1)
		appendStringInfo(buf, "#%u", rows);
}
