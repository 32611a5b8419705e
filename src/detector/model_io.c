/*-------------------------------------------------------------------------
 *
 * model_io.c
 *		Text and binary form of the SQL type leakage_model.
 *
 * The text form names everything, in one order:
 *
 *		{method: likelihood, round: 12, users: 19470, sigma: 3.508, ...,
 *		 noise: {-7: 0.003, -6: 0.018, ...}, lead: {0: 0.98, ...}, ...,
 *		 events: {9: {share: 1, factor: {-9: 0.2, -8: 0.6, ...}}, ...}}
 *
 * Numbers are exact decimals of up to nine places.  Slots of a law that are
 * not named are zero.  White space may stand between the parts.
 *
 * The binary form is, in network byte order: version and method (a byte
 * each), round (int16), users (int64), the parameters in the order of the
 * text (int64 each, units of 10^-9), the slots of the laws (int32 each), and
 * period, share and the slots of the law of each event (int32 each).
 *
 * Invariant: both forms are one to one with the contents.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"

#include "base/base_fmgr.h"
#include "detector/model_io.h"

/* bytes of the binary form */
#define MODEL_WIRE_SIZE		(1 + 1 + 2 + 8 + 8 * MODEL_PARAMETERS + 4 * MODEL_LAW_SLOTS + \
							 4 * MODEL_EVENTS * (2 + EVENT_FACTORS))

static bool read_model(TextCursor *cursor, LeakageModel *model);
static bool read_slots(TextCursor *cursor, const char *name, int first, int slots, int32 *share);
static bool read_events(TextCursor *cursor, LeakageModel *model);

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
	LeakageModel *model = model_make();
	TextCursor	cursor;
	const char *fault;

	cursor_begin(&cursor, PG_GETARG_CSTRING(0), "leakage_model", NULL, fcinfo->context);
	if (!read_model(&cursor, model))
		PG_RETURN_NULL();

	fault = model_fault(model, VARSIZE(model));
	if (fault != NULL)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid leakage_model: %s", fault)));
	PG_RETURN_POINTER(model);
}

/*
 * "name: {slot: share, ...}"
 */
static void
append_slots(StringInfo buf, const char *name, int first, int slots, const int32 *share)
{
	bool		is_first = true;

	appendStringInfo(buf, "%s: {", name);
	for (int i = 0; i < slots; i++)
	{
		if (share[i] == 0)
			continue;
		appendStringInfo(buf, "%s%d: ", is_first ? "" : ", ", first + i);
		decimal_append(buf, share[i], MODEL_PLACES, false);
		is_first = false;
	}
	appendStringInfoChar(buf, '}');
}

/*
 * "events: {period: {share: ..., factor: {...}}, ...}"
 */
static void
append_events(StringInfo buf, const LeakageModel *model)
{
	appendStringInfoString(buf, "events: {");
	for (int i = 0; i < model_events(model); i++)
	{
		const ModelEvent *event = &model->event[i];

		appendStringInfo(buf, "%s%d: {share: ", i == 0 ? "" : ", ", event->period);
		decimal_append(buf, event->share, MODEL_PLACES, false);
		appendStringInfoString(buf, ", ");
		append_slots(buf, "factor", -EVENT_REACH, EVENT_FACTORS, event->factor);
		appendStringInfoChar(buf, '}');
	}
	appendStringInfoChar(buf, '}');
}

/*
 * Model to text.
 */
Datum
leakage_model_out(PG_FUNCTION_ARGS)
{
	LeakageModel *model = PG_GETARG_LEAKAGE_MODEL(0);
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	appendStringInfo(&buf, "{method: %s, round: %u, users: " INT64_FORMAT,
					 model_method_name[model->method],
					 model->round, model->users);
	for (i = 0; i < MODEL_PARAMETERS; i++)
	{
		appendStringInfo(&buf, ", %s: ", model_parameters[i].name);
		decimal_append(&buf, model->parameter[i], MODEL_PLACES, false);
	}
	for (i = 0; i < MODEL_LAWS; i++)
	{
		appendStringInfoString(&buf, ", ");
		append_slots(&buf, model_laws[i].name, model_laws[i].first, model_laws[i].slots, model_law(model, i));
	}
	appendStringInfoString(&buf, ", ");
	append_events(&buf, model);
	appendStringInfoChar(&buf, '}');
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
	for (i = 0; i < MODEL_LAW_SLOTS; i++)
		pq_sendint32(buf, model->law[i]);
	for (i = 0; i < MODEL_EVENTS; i++)
	{
		pq_sendint32(buf, model->event[i].period);
		pq_sendint32(buf, model->event[i].share);
		for (int j = 0; j < EVENT_FACTORS; j++)
			pq_sendint32(buf, model->event[i].factor[j]);
	}
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
	for (i = 0; i < MODEL_LAW_SLOTS; i++)
		model->law[i] = (int32) pq_getmsgint(buf, 4);
	for (i = 0; i < MODEL_EVENTS; i++)
	{
		model->event[i].period = (int32) pq_getmsgint(buf, 4);
		model->event[i].share = (int32) pq_getmsgint(buf, 4);
		for (int j = 0; j < EVENT_FACTORS; j++)
			model->event[i].factor[j] = (int32) pq_getmsgint(buf, 4);
	}

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
 * A decimal number in units of 10^-9.
 */
static bool
read_decimal(TextCursor *cursor, const char *what, int64 least, int64 most, int64 *value)
{
	int128		number;

	if (!cursor_number(cursor, what, MODEL_PLACES, DECIMAL_BARE_POINT, least, most, &number))
		return false;
	*value = (int64) number;
	return true;
}

/*
 * The whole text.  Here and below: false when an error was given to the error
 * context (without one, errors do not return).
 */
static bool
read_model(TextCursor *cursor, LeakageModel *model)
{
	int64		round;

	if (!cursor_expect(cursor, "{ method :"))
		return false;
	if (cursor_take(cursor, model_method_name[MODEL_LIKELIHOOD]))
		model->method = MODEL_LIKELIHOOD;
	else if (cursor_take(cursor, model_method_name[MODEL_CLOSED_FORM]))
		model->method = MODEL_CLOSED_FORM;
	else
		return cursor_fault(cursor, "expected \"likelihood\" or \"closed_form\"");

	if (!cursor_expect(cursor, ", round :") ||
		!cursor_integer(cursor, "round", 0, MODEL_MAX_ROUND, &round) ||
		!cursor_expect(cursor, ", users :") ||
		!cursor_integer(cursor, "users", 0, PG_INT64_MAX, &model->users))
		return false;
	model->round = (uint16) round;

	for (int i = 0; i < MODEL_PARAMETERS; i++)
	{
		const ModelParameterInfo *info = &model_parameters[i];

		if (!cursor_expect(cursor, ",") ||
			!cursor_expect(cursor, info->name) ||
			!cursor_expect(cursor, ":") ||
			!read_decimal(cursor, info->name, info->low, info->high, &model->parameter[i]))
			return false;
	}
	for (int i = 0; i < MODEL_LAWS; i++)
	{
		const ModelLawInfo *info = &model_laws[i];

		if (!cursor_expect(cursor, ",") ||
			!read_slots(cursor, info->name, info->first, info->slots, model->law + info->offset))
			return false;
	}
	return cursor_expect(cursor, ",") &&
		read_events(cursor, model) &&
		cursor_expect(cursor, "}") &&
		cursor_expect_end(cursor);
}

/*
 * name ":" "{" [ slot ":" decimal { "," slot ":" decimal } ] "}", slots
 * ascending
 */
static bool
read_slots(TextCursor *cursor, const char *name, int first, int slots, int32 *share)
{
	int64		previous = first - 1;
	int64		slot;
	int64		weight;

	if (!cursor_expect(cursor, name) ||
		!cursor_expect(cursor, ": {"))
		return false;
	if (cursor_take(cursor, "}"))
		return true;
	do
	{
		if (!cursor_integer(cursor, "slot", first, first + slots - 1, &slot))
			return false;
		if (slot <= previous)
			return cursor_fault(cursor, "the slots must ascend");
		previous = slot;
		if (!cursor_expect(cursor, ":") || !read_decimal(cursor, name, 0, MODEL_UNIT, &weight))
			return false;
		share[slot - first] = (int32) weight;
	} while (cursor_take(cursor, ","));
	return cursor_take(cursor, "}") || cursor_fault(cursor, "expected \",\" or \"}\"");
}

/*
 * "events: {" [ event { "," event } ] "}", where an event is
 * period ": {share:" decimal "," factor "}"
 */
static bool
read_events(TextCursor *cursor, LeakageModel *model)
{
	int			events = 0;

	if (!cursor_expect(cursor, "events : {"))
		return false;
	if (cursor_take(cursor, "}"))
		return true;
	do
	{
		ModelEvent *event = &model->event[events];
		int64		period;
		int64		share;

		if (events++ == MODEL_EVENTS)
			return cursor_fault(cursor, "too many events");
		if (!cursor_integer(cursor, "period", PG_INT32_MIN, PG_INT32_MAX, &period) ||
			!cursor_expect(cursor, ": { share :") ||
			!read_decimal(cursor, "share", 0, MODEL_UNIT, &share) ||
			!cursor_expect(cursor, ",") ||
			!read_slots(cursor, "factor", -EVENT_REACH, EVENT_FACTORS, event->factor) ||
			!cursor_expect(cursor, "}"))
			return false;
		event->period = (int32) period;
		event->share = (int32) share;
	} while (cursor_take(cursor, ","));
	return cursor_take(cursor, "}") || cursor_fault(cursor, "expected \",\" or \"}\"");
}
