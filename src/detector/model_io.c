/*-------------------------------------------------------------------------
 *
 * model_io.c
 *		Text and binary form of the SQL type leakage_model.
 *
 * The text form names everything, in one order:
 *
 *		{method: likelihood, round: 12, users: 19470, sigma: 3.508, ...,
 *		 noise: {-7: 0.003, -6: 0.018, ...}}
 *
 * Numbers are exact decimals of up to nine places.  Bins of the noise law
 * that are not named are zero.  White space may stand between the parts.
 *
 * The binary form is, in network byte order: version and method (a byte
 * each), round (int16), users (int64), the parameters in the order of the
 * text (int64 each, units of 10^-9), the bins of the noise law (int32 each).
 *
 * Invariant: both forms are one to one with the contents.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "common/int.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"

#include "detector/model_io.h"
#include "base/base_fmgr.h"

/* bytes of the binary form */
#define MODEL_WIRE_SIZE		(1 + 1 + 2 + 8 + 8 * MODEL_PARAMETERS + 4 * BIN_COUNT)

static bool read_model(TextReader *reader, LeakageModel *model);
static bool read_noise(TextReader *reader, LeakageModel *model);
static bool read_key(TextReader *reader, const char *key);
static bool read_decimal(TextReader *reader, int places, const char *what, int64 *value);
static bool read_word(TextReader *reader, const char *word);
static bool syntax_error(TextReader *reader, const char *wanted);
static void write_decimal(StringInfo buf, int64 value);

PG_FUNCTION_INFO_V1(leakage_model_in);
PG_FUNCTION_INFO_V1(leakage_model_out);
PG_FUNCTION_INFO_V1(leakage_model_recv);
PG_FUNCTION_INFO_V1(leakage_model_send);

LeakageModel *
model_from_datum(Datum datum)
{
	LeakageModel *model = (LeakageModel *) PG_DETOAST_DATUM(datum);

	if (VARSIZE(model) != sizeof(LeakageModel) ||
		model->version != MODEL_VERSION ||
		model->method >= MODEL_METHODS)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("not a valid leakage_model of version %d", MODEL_VERSION)));
	return model;
}

void
require_same_model(const LeakageModel *a, const LeakageModel *b, const char *aggregate)
{
	if (!model_equal(a, b))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rows with different models in one %s", aggregate),
				 errhint("Pass the same model, or NULL, with every row of a group.")));
}

/*
 * Text to model.
 */
Datum
leakage_model_in(PG_FUNCTION_ARGS)
{
	TextReader	reader;
	LeakageModel *model = model_make();
	const char *fault;

	reader.text = reader.at = PG_GETARG_CSTRING(0);
	reader.escontext = fcinfo->context;

	if (!read_model(&reader, model))
		PG_RETURN_NULL();

	fault = model_fault(model, VARSIZE(model));
	if (fault != NULL)
		ereturn(reader.escontext, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid leakage_model: %s", fault)));
	PG_RETURN_POINTER(model);
}

/*
 * Model to text.
 */
Datum
leakage_model_out(PG_FUNCTION_ARGS)
{
	LeakageModel *model = PG_GETARG_LEAKAGE_MODEL(0);
	StringInfoData buf;
	bool		first = true;
	int			i;

	initStringInfo(&buf);
	appendStringInfo(&buf, "{method: %s, round: %u, users: " INT64_FORMAT,
					 model_method_name[model->method],
					 model->round, model->users);
	for (i = 0; i < MODEL_PARAMETERS; i++)
	{
		appendStringInfo(&buf, ", %s: ", model_parameters[i].name);
		write_decimal(&buf, model->parameter[i]);
	}
	appendStringInfoString(&buf, ", noise: {");
	for (i = 0; i < BIN_COUNT; i++)
	{
		if (model->noise[i] == 0)
			continue;
		appendStringInfo(&buf, "%s%d: ", first ? "" : ", ", BIN_MIN + i);
		write_decimal(&buf, model->noise[i]);
		first = false;
	}
	appendStringInfoString(&buf, "}}");
	PG_RETURN_CSTRING(buf.data);
}

/*
 * The binary form, without a header.
 */
void
model_write(StringInfo buf, const LeakageModel *model)
{
	int			i;

	pq_sendbyte(buf, model->version);
	pq_sendbyte(buf, model->method);
	pq_sendint16(buf, model->round);
	pq_sendint64(buf, model->users);
	for (i = 0; i < MODEL_PARAMETERS; i++)
		pq_sendint64(buf, model->parameter[i]);
	for (i = 0; i < BIN_COUNT; i++)
		pq_sendint32(buf, model->noise[i]);
}

/*
 * A model from its binary form.
 */
LeakageModel *
model_read(StringInfo buf)
{
	LeakageModel *model = model_make();
	const char *fault;
	int			i;

	if (buf->len - buf->cursor < MODEL_WIRE_SIZE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid leakage_model: %d bytes, not %d",
						buf->len - buf->cursor, MODEL_WIRE_SIZE)));
	model->version = pq_getmsgbyte(buf);
	if (model->version != MODEL_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("leakage_model of version %u is not known, only version %u is",
						model->version, MODEL_VERSION)));
	model->method = pq_getmsgbyte(buf);
	model->round = pq_getmsgint(buf, 2);
	model->users = pq_getmsgint64(buf);
	for (i = 0; i < MODEL_PARAMETERS; i++)
		model->parameter[i] = pq_getmsgint64(buf);
	for (i = 0; i < BIN_COUNT; i++)
		model->noise[i] = (int32) pq_getmsgint(buf, 4);

	fault = model_fault(model, VARSIZE(model));
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid leakage_model: %s", fault)));
	return model;
}

/*
 * Bytes to model.
 */
Datum
leakage_model_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	LeakageModel *model = model_read(buf);

	pq_getmsgend(buf);
	PG_RETURN_POINTER(model);
}

/*
 * Model to bytes.
 */
Datum
leakage_model_send(PG_FUNCTION_ARGS)
{
	StringInfoData buf;

	pq_begintypsend(&buf);
	model_write(&buf, PG_GETARG_LEAKAGE_MODEL(0));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/*
 * The whole text.  Here and below: false when an error was given to the error
 * context (without one, errors do not return).
 */
static bool
read_model(TextReader *reader, LeakageModel *model)
{
	int64		number;
	int			i;

	if (!read_mark(reader, '{'))
		return syntax_error(reader, "\"{\"");
	if (!read_key(reader, "method"))
		return false;
	if (read_word(reader, model_method_name[MODEL_LIKELIHOOD]))
		model->method = MODEL_LIKELIHOOD;
	else if (read_word(reader, model_method_name[MODEL_CLOSED_FORM]))
		model->method = MODEL_CLOSED_FORM;
	else
		return syntax_error(reader, "\"likelihood\" or \"closed_form\"");

	if (!read_mark(reader, ','))
		return syntax_error(reader, "\",\"");
	if (!read_key(reader, "round") || !read_decimal(reader, 0, "round", &number))
		return false;
	if (number < 0 || number > MODEL_MAX_ROUND)
		ereturn(reader->escontext, false,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid leakage_model: its round is out of range")));
	model->round = (uint16) number;

	if (!read_mark(reader, ','))
		return syntax_error(reader, "\",\"");
	if (!read_key(reader, "users") || !read_decimal(reader, 0, "users", &model->users))
		return false;

	for (i = 0; i < MODEL_PARAMETERS; i++)
	{
		if (!read_mark(reader, ','))
			return syntax_error(reader, "\",\"");
		if (!read_key(reader, model_parameters[i].name) ||
			!read_decimal(reader, 9, model_parameters[i].name, &model->parameter[i]))
			return false;
	}

	if (!read_mark(reader, ','))
		return syntax_error(reader, "\",\"");
	if (!read_key(reader, "noise") || !read_noise(reader, model))
		return false;
	if (!read_mark(reader, '}'))
		return syntax_error(reader, "\"}\"");
	skip_space(reader);
	if (*reader->at != '\0')
		return syntax_error(reader, "end of text");
	return true;
}

/*
 * "{" [ bin ":" decimal { "," bin ":" decimal } ] "}", bins ascending
 */
static bool
read_noise(TextReader *reader, LeakageModel *model)
{
	int64		previous = BIN_MIN - 1;
	int64		bin;
	int64		weight;

	if (!read_mark(reader, '{'))
		return syntax_error(reader, "\"{\"");
	if (read_mark(reader, '}'))
		return true;
	do
	{
		if (!read_decimal(reader, 0, "bin", &bin))
			return false;
		if (bin <= previous || bin > BIN_MAX)
			ereturn(reader->escontext, false,
					(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					 errmsg("invalid leakage_model: bin " INT64_FORMAT " of the noise law is out of order, or not from %d to %d",
							bin, BIN_MIN, BIN_MAX)));
		previous = bin;
		if (!read_mark(reader, ':'))
			return syntax_error(reader, "\":\"");
		if (!read_decimal(reader, 9, "noise", &weight))
			return false;
		if (weight < 0 || weight > MODEL_UNIT)
			ereturn(reader->escontext, false,
					(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					 errmsg("invalid leakage_model: its noise histogram is out of range")));
		model->noise[bin - BIN_MIN] = (int32) weight;
	} while (read_mark(reader, ','));
	if (!read_mark(reader, '}'))
		return syntax_error(reader, "\",\" or \"}\"");
	return true;
}

/*
 * A name and its colon.
 */
static bool
read_key(TextReader *reader, const char *key)
{
	if (!read_word(reader, key))
		return syntax_error(reader, key);
	if (!read_mark(reader, ':'))
		return syntax_error(reader, "\":\"");
	return true;
}

/*
 * A decimal number, times 10^places.
 */
static bool
read_decimal(TextReader *reader, int places, const char *what, int64 *value)
{
	const char *start;
	bool		negative;
	bool		digits = false;
	bool		point = false;
	int64		number = 0;

	skip_space(reader);
	start = reader->at;
	negative = (*start == '-');
	if (negative)
		reader->at++;
	for (;; reader->at++)
	{
		char		c = *reader->at;

		if (c == '.' && !point && places > 0)
			point = true;
		else if (isdigit((unsigned char) c))
		{
			digits = true;
			if (point && places-- == 0)
				return syntax_error(reader, "at most nine decimal places");
			if (pg_mul_s64_overflow(number, 10, &number) ||
				pg_add_s64_overflow(number, c - '0', &number))
				break;
		}
		else
		{
			if (!digits)
				return syntax_error(reader, what);
			for (; places > 0; places--)
			{
				if (pg_mul_s64_overflow(number, 10, &number))
					break;
			}
			if (places > 0)
				break;
			*value = negative ? -number : number;
			return true;
		}
	}
	ereturn(reader->escontext, false,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s \"%s\" of a leakage_model is out of range", what,
					pnstrdup(start, pg_mbcliplen(start, strlen(start),
												 Min((int) strspn(start, "-.0123456789"), QUOTED_BYTES))))));
}

/*
 * Step over white space and this word, if it is next.
 */
static bool
read_word(TextReader *reader, const char *word)
{
	Size		length = strlen(word);
	char		after;

	skip_space(reader);
	if (strncmp(reader->at, word, length) != 0)
		return false;
	after = reader->at[length];
	if (after == '_' || isalnum((unsigned char) after))
		return false;
	reader->at += length;
	return true;
}

/*
 * Something else than what was wanted.
 */
static bool
syntax_error(TextReader *reader, const char *wanted)
{
	int			length = strlen(reader->at);

	if (length > QUOTED_BYTES)
		length = pg_mbcliplen(reader->at, length, QUOTED_BYTES);
	ereturn(reader->escontext, false,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type %s", "leakage_model"),
			 length > 0 ?
			 errdetail("Expected %s at \"%s\".", wanted, pnstrdup(reader->at, length)) :
			 errdetail("Expected %s at the end.", wanted)));
}

/*
 * Units of 10^-9 as a decimal number without trailing zeros.
 */
static void
write_decimal(StringInfo buf, int64 value)
{
	uint64		size = value < 0 ? UINT64CONST(0) - (uint64) value : (uint64) value;
	uint64		fraction = size % MODEL_UNIT;

	appendStringInfo(buf, "%s" UINT64_FORMAT, value < 0 ? "-" : "", size / MODEL_UNIT);
	if (fraction > 0)
	{
		appendStringInfo(buf, ".%09u", (uint32) fraction);
		while (buf->data[buf->len - 1] == '0')
			buf->data[--buf->len] = '\0';
	}
}
