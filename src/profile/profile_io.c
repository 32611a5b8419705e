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
 * A dash stands for no row; #3 says that an amount is the sum of three rows,
 * where it is not one.  A profile that had to drop its oldest periods begins
 * with {truncated, ...}.  In:
 *
 *		profile = "{" [ "truncated" "," ] period { "," period } "}"
 *		period  = integer ":" side "/" side
 *		side    = "-" | decimal [ "#" rows ]
 *
 * White space may stand between all of these.  Out: as in the example.
 *
 * The binary form is, in network byte order: version and flags (a byte each),
 * number of periods (int32); then for each period its number, actual rows,
 * expected rows (int32 each), actual and expected amount (int64 each, micro-
 * units).
 *
 * Invariants
 *	- both forms are one to one with the contents: equal profiles are equal
 *	  texts and equal bytes, and what is read is what was written.
 *	- nothing that breaks an invariant of profile_state.h gets in.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"

#include "profile/profile_io.h"
#include "base/base_fmgr.h"

/* bytes of a period in the binary form */
#define PERIOD_WIRE_SIZE	(3 * 4 + 2 * 8)

static bool read_period(TextReader *reader, ProfilePeriod *period);
static bool read_side(TextReader *reader, int64 *amount, uint32 *rows);
static bool read_amount(TextReader *reader, int64 *amount);
static bool read_integer(TextReader *reader, int64 least, int64 most,
						 const char *what, int64 *value);
static bool syntax_error(TextReader *reader, const char *wanted);
static bool range_error(TextReader *reader, const char *from, const char *what);
static void write_side(StringInfo buf, int64 amount, uint32 rows);

PG_FUNCTION_INFO_V1(leakage_profile_in);
PG_FUNCTION_INFO_V1(leakage_profile_out);
PG_FUNCTION_INFO_V1(leakage_profile_recv);
PG_FUNCTION_INFO_V1(leakage_profile_send);

/*
 * The value of a Datum, see profile_io.h.
 *
 * Only what is needed to read no byte out of bounds is checked here: a value
 * was checked in full when it came in.
 */
LeakageProfile *
profile_from_datum(Datum datum)
{
	LeakageProfile *profile = (LeakageProfile *) PG_DETOAST_DATUM(datum);

	if (VARSIZE(profile) < PROFILE_SIZE(0) ||
		profile->version != PROFILE_VERSION ||
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
	TextReader	reader;
	LeakageProfile *profile = profile_make(PROFILE_FIRST_CAPACITY);
	const char *fault;

	reader.text = reader.at = PG_GETARG_CSTRING(0);
	reader.escontext = fcinfo->context;

	if (!read_mark(&reader, '{'))
	{
		syntax_error(&reader, "\"{\"");
		PG_RETURN_NULL();
	}

	skip_space(&reader);
	if (strncmp(reader.at, "truncated", 9) == 0)
	{
		reader.at += 9;
		profile->flags |= PROFILE_TRUNCATED;
		if (!read_mark(&reader, ','))
		{
			syntax_error(&reader, "\",\"");
			PG_RETURN_NULL();
		}
	}

	do
	{
		if (profile->nperiods == PROFILE_MAX_PERIODS)
			ereturn(reader.escontext, (Datum) 0,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("more than %d periods in a leakage_profile",
							PROFILE_MAX_PERIODS)));
		profile = profile_reserve(profile, profile->nperiods + 1);
		if (!read_period(&reader, &profile->periods[profile->nperiods]))
			PG_RETURN_NULL();
		profile->nperiods++;
	} while (read_mark(&reader, ','));

	if (!read_mark(&reader, '}'))
	{
		syntax_error(&reader, "\",\" or \"}\"");
		PG_RETURN_NULL();
	}
	skip_space(&reader);
	if (*reader.at != '\0')
	{
		syntax_error(&reader, "end of text");
		PG_RETURN_NULL();
	}

	fault = profile_fault(profile, VARSIZE(profile));
	if (fault != NULL)
		ereturn(reader.escontext, (Datum) 0,
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
 * integer ":" side "/" side.  Here and below: false when an error was given
 * to the error context (without one, errors do not return).
 */
static bool
read_period(TextReader *reader, ProfilePeriod *period)
{
	int64		number;

	if (!read_integer(reader, PG_INT32_MIN, PG_INT32_MAX, "period", &number))
		return false;
	period->period = (int32) number;
	if (!read_mark(reader, ':'))
		return syntax_error(reader, "\":\"");
	if (!read_side(reader, &period->actual, &period->actual_rows))
		return false;
	if (!read_mark(reader, '/'))
		return syntax_error(reader, "\"/\"");
	return read_side(reader, &period->expected, &period->expected_rows);
}

/*
 * "-" | decimal [ "#" rows ]
 */
static bool
read_side(TextReader *reader, int64 *amount, uint32 *rows)
{
	int64		count = 1;

	*amount = 0;
	*rows = 0;

	skip_space(reader);
	if (reader->at[0] == '-' &&
		reader->at[1] != '.' && !isdigit((unsigned char) reader->at[1]))
	{
		reader->at++;
		return true;
	}

	if (!read_amount(reader, amount))
		return false;
	if (read_mark(reader, '#') &&
		!read_integer(reader, 1, PG_UINT32_MAX, "number of rows", &count))
		return false;
	*rows = (uint32) count;
	return true;
}

/*
 * A decimal number of up to six places, as micro-units.
 */
static bool
read_amount(TextReader *reader, int64 *amount)
{
	const char *start = reader->at;
	uint64		limit = PG_INT64_MAX;
	uint64		micro = 0;
	int			places = -1;	/* after the point; -1 before it */
	bool		digits = false;
	bool		negative = (*start == '-');

	if (*start == '-' || *start == '+')
		reader->at++;
	if (negative)
		limit++;

	for (;; reader->at++)
	{
		char		c = *reader->at;

		if (c == '.' && places < 0)
			places = 0;
		else if (isdigit((unsigned char) c))
		{
			digits = true;
			if (places >= 0 && ++places > 6)
				return syntax_error(reader, "at most six decimal places");
			if (micro > limit / 10)
				return range_error(reader, start, "amount");
			micro = micro * 10 + (c - '0');
		}
		else
			break;
	}
	if (!digits)
		return syntax_error(reader, "an amount or \"-\"");

	for (places = Max(places, 0); places < 6; places++)
	{
		if (micro > limit / 10)
			return range_error(reader, start, "amount");
		micro *= 10;
	}
	if (micro > limit)
		return range_error(reader, start, "amount");

	/* negated as unsigned, because the least int64 has no positive twin */
	*amount = (int64) (negative ? UINT64CONST(0) - micro : micro);
	return true;
}

/*
 * A whole number within limits.
 */
static bool
read_integer(TextReader *reader, int64 least, int64 most,
			 const char *what, int64 *value)
{
	const char *start;
	int64		number = 0;
	bool		negative;

	skip_space(reader);
	start = reader->at;
	negative = (*start == '-');
	if (negative)
		reader->at++;
	if (!isdigit((unsigned char) *reader->at))
		return syntax_error(reader, what);

	for (; isdigit((unsigned char) *reader->at); reader->at++)
	{
		number = number * 10 + (*reader->at - '0');
		if (number > -(int64) PG_INT32_MIN && number > most)
			return range_error(reader, start, what);
	}
	if (negative)
		number = -number;
	if (number < least || number > most)
		return range_error(reader, start, what);
	*value = number;
	return true;
}

/*
 * Refuse the text: at this place something else was wanted.
 */
static bool
syntax_error(TextReader *reader, const char *wanted)
{
	int			length = strlen(reader->text);
	int			quoted = pg_mbcliplen(reader->text, length, QUOTED_BYTES);

	ereturn(reader->escontext, false,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type leakage_profile: \"%.*s%s\"",
					quoted, reader->text, quoted < length ? "..." : ""),
			 errdetail("Expected %s at byte %d.",
					   wanted, (int) (reader->at - reader->text) + 1),
			 errhint("A leakage_profile looks like {22: 10.5/11.2, 23: -/11, 24: 30#3/33#3}: "
					 "period: actual/expected, with the number of rows where it is not one.")));
}

/*
 * Refuse a number that begins at "from".
 */
static bool
range_error(TextReader *reader, const char *from, const char *what)
{
	ereturn(reader->escontext, false,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s is out of range in a leakage_profile: \"%.*s\"",
					what, (int) Min(strspn(from, "+-.0123456789"), QUOTED_BYTES), from)));
}

/*
 * Write one amount, without the zeros at its end.
 */
static void
write_side(StringInfo buf, int64 amount, uint32 rows)
{
	uint64		magnitude = amount < 0 ? UINT64CONST(0) - (uint64) amount : (uint64) amount;
	uint32		micro = magnitude % MICRO_PER_UNIT;

	if (rows == 0)
	{
		appendStringInfoChar(buf, '-');
		return;
	}

	appendStringInfo(buf, "%s" UINT64_FORMAT, amount < 0 ? "-" : "",
					 magnitude / MICRO_PER_UNIT);
	if (micro > 0)
	{
		appendStringInfo(buf, ".%06u", micro);
		while (buf->data[buf->len - 1] == '0')
			buf->data[--buf->len] = '\0';
	}
	if (rows != 1)
		appendStringInfo(buf, "#%u", rows);
}
