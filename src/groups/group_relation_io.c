/*-------------------------------------------------------------------------
 *
 * group_relation_io.c
 *		The query that reads a relation as a table of spells, and periods and
 *		groups as text; see group_relation_io.h.
 *
 * The relation is read as relation_query.h says: one row per entity and values
 * of its dimensions, with a profile of its amounts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "base/base_fmgr.h"
#include "groups/group_relation_io.h"
#include "profile/profile_fmgr.h"

/* the columns of the query */
enum
{
	SPELL_ENTITY,
	SPELL_PROFILE,
	SPELL_DIMENSION
};

/* a Monday, day 0 of days and of weeks */
#define FIRST_DAY		"'2000-01-03'::pg_catalog.date"

typedef struct SpellReader
{
	const GroupRelation *relation;
	GroupTable *table;
	MemoryContext row_context;
} SpellReader;

/* the expression that numbers the periods */
static char *
period_expression(Relation relation, const GroupRelation *request)
{
	Oid			type = get_atttype(request->relation, relation_column(relation, request->period));
	const char *period = quote_identifier(request->period);
	bool		is_date = type == DATEOID || type == TIMESTAMPOID || type == TIMESTAMPTZOID;

	if (request->step == STEP_NONE && is_date)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of relation \"%s\" is of type %s, so a step is needed",
						request->period, RelationGetRelationName(relation), format_type_be(type)),
				 errhint("Give step => 'day', 'week' or 'month'.")));
	if (request->step != STEP_NONE && !is_date)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of relation \"%s\" is of type %s, which has no step",
						request->period, RelationGetRelationName(relation), format_type_be(type)),
				 errhint("A step needs a date or a timestamp.  Leave it out for whole numbers.")));

	switch (request->step)
	{
		case STEP_DAY:
			return psprintf("(%s::pg_catalog.date OPERATOR(pg_catalog.-) " FIRST_DAY ")", period);
		case STEP_WEEK:
			return psprintf("((pg_catalog.date_trunc('week', %s::pg_catalog.timestamp)::pg_catalog.date"
							" OPERATOR(pg_catalog.-) " FIRST_DAY ") OPERATOR(pg_catalog./) 7)", period);
		case STEP_MONTH:
			return psprintf("(pg_catalog.date_part('year', %s::pg_catalog.timestamp)::pg_catalog.int4"
							" OPERATOR(pg_catalog.*) 12 OPERATOR(pg_catalog.+)"
							" pg_catalog.date_part('month', %s::pg_catalog.timestamp)::pg_catalog.int4"
							" OPERATOR(pg_catalog.-) 1)", period, period);
		case STEP_NONE:
			break;
	}
	return psprintf("%s::pg_catalog.int4", period);
}

static char *
spell_query(Relation relation, const GroupRelation *request, Oid extension_schema)
{
	StringInfoData sql;
	const char *entity = quote_identifier(request->entity);
	const char *period = quote_identifier(request->period);
	const char *amount = quote_identifier(request->amount);

	(void) relation_column(relation, request->entity);
	(void) relation_column(relation, request->amount);
	initStringInfo(&sql);
	appendStringInfo(&sql,
					 "SELECT %s::pg_catalog.text COLLATE pg_catalog.\"C\",\n"
					 "       %s.leakage_profile(%s, %s::pg_catalog.numeric, NULL::pg_catalog.numeric)",
					 entity, quote_identifier(get_namespace_name(extension_schema)),
					 period_expression(relation, request), amount);
	for (int i = 0; i < request->ndimensions; i++)
	{
		(void) relation_column(relation, request->dimensions[i]);
		appendStringInfo(&sql, ",\n       COALESCE(%s::pg_catalog.text, 'Unknown') COLLATE pg_catalog.\"C\"",
						 quote_identifier(request->dimensions[i]));
	}
	appendStringInfo(&sql,
					 "\nFROM %s\n"
					 "WHERE %s IS NOT NULL AND %s IS NOT NULL AND %s IS NOT NULL\n"
					 "GROUP BY 1",
					 relation_qualified_name(relation), entity, period, amount);
	for (int i = 0; i < request->ndimensions; i++)
		appendStringInfo(&sql, ", %d", SPELL_DIMENSION + i + 1);
	return sql.data;
}

/* the amounts above zero of a profile */
static int
read_amounts(const LeakageProfile *profile, SpellAmount *amounts)
{
	int			n = 0;

	for (uint32 i = 0; i < profile->nperiods; i++)
	{
		if (profile->periods[i].actual <= 0)
			continue;
		if (n == GROUP_MAX_PERIODS)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("the relation has more than %d periods", GROUP_MAX_PERIODS),
					 errhint("Use longer periods, or a view that keeps the latest.")));
		amounts[n++] = (SpellAmount) {profile->periods[i].period, Min(profile->periods[i].actual, MONEY_LIMIT - 1)};
	}
	return n;
}

static uint64
entity_hash(Datum name)
{
	text	   *entity = DatumGetTextPP(name);

	return hash_bytes_extended((const unsigned char *) VARDATA_ANY(entity), (int) VARSIZE_ANY_EXHDR(entity), 0);
}

/* add one row of the query, unless it has no amount above zero */
static void
receive_spell(TupleTableSlot *slot, void *arg)
{
	SpellReader *reader = (SpellReader *) arg;
	MemoryContext old = MemoryContextSwitchTo(reader->row_context);
	uint64		entity = entity_hash(required_value(slot, SPELL_ENTITY));
	SpellAmount amounts[GROUP_MAX_PERIODS];
	int			labels[GROUP_MAX_DIMENSIONS];
	int			n = read_amounts(profile_from_datum(required_value(slot, SPELL_PROFILE)), amounts);

	for (int i = 0; i < reader->relation->ndimensions && n > 0; i++)
	{
		char	   *label = TextDatumGetCString(required_value(slot, SPELL_DIMENSION + i));

		labels[i] = table_label(reader->table, i, label);
		if (labels[i] < 0)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("dimension \"%s\" has more than %d values", reader->relation->dimensions[i], GROUP_MAX_LABELS),
					 errhint("A dimension is a property that many entities share.")));
	}
	if (n > 0)
		table_add(reader->table, entity, labels, amounts, n);
	MemoryContextSwitchTo(old);
	MemoryContextReset(reader->row_context);
}

/*
 * Read the relation into a table, which is still to be finished.  It is in the
 * current memory context.
 */
GroupTable *
group_relation_read(const GroupRelation *relation, Oid extension_schema, Size memory)
{
	Relation	opened = relation_of_caller(relation->relation);
	MemoryContext context = CurrentMemoryContext;
	char	   *sql = spell_query(opened, relation, extension_schema);
	Oid			types[SPELL_DIMENSION + GROUP_MAX_DIMENSIONS];
	SpellReader reader;

	relation_close(opened, NoLock); /* locked until the end of the transaction */
	for (int i = 0; i < (int) lengthof(types); i++)
		types[i] = i == SPELL_PROFILE ? profile_type_in(extension_schema) : TEXTOID;
	reader.relation = relation;
	reader.table = table_begin(relation->ndimensions, memory);
	reader.row_context = AllocSetContextCreate(context, "group spell", ALLOCSET_DEFAULT_SIZES);

	SPI_connect();
	query_rows(sql, types, SPELL_DIMENSION + relation->ndimensions, receive_spell, &reader);
	SPI_finish();
	MemoryContextSwitchTo(context);
	MemoryContextDelete(reader.row_context);
	return reader.table;
}

typedef struct NameReader
{
	EntityReceiver receive;
	void	   *arg;
	MemoryContext row_context;
} NameReader;

static void
receive_name(TupleTableSlot *slot, void *arg)
{
	NameReader *reader = (NameReader *) arg;
	MemoryContext old = MemoryContextSwitchTo(reader->row_context);
	Datum		name = required_value(slot, SPELL_ENTITY);

	reader->receive(entity_hash(name), name, reader->arg);
	MemoryContextSwitchTo(old);
	MemoryContextReset(reader->row_context);
}

/*
 * Read the names of the entities.  The relation is locked, and the snapshot is
 * that of the table.
 */
void
group_relation_entities(const GroupRelation *relation, EntityReceiver receive, void *arg)
{
	Relation	opened = relation_of_caller(relation->relation);
	MemoryContext context = CurrentMemoryContext;
	const char *entity = quote_identifier(relation->entity);
	const Oid	types[] = {TEXTOID};
	NameReader	reader = {.receive = receive, .arg = arg};
	char	   *sql = psprintf("SELECT %s::pg_catalog.text COLLATE pg_catalog.\"C\"\nFROM %s\n"
							   "WHERE %s IS NOT NULL\nGROUP BY 1\nORDER BY 1",
							   entity, relation_qualified_name(opened), entity);

	relation_close(opened, NoLock);
	reader.row_context = AllocSetContextCreate(context, "group entity", ALLOCSET_DEFAULT_SIZES);
	SPI_connect();
	query_rows(sql, types, lengthof(types), receive_name, &reader);
	SPI_finish();
	MemoryContextSwitchTo(context);
	MemoryContextDelete(reader.row_context);
}

/*
 * A period as text: its number, or its first day.
 */
char *
period_text(const GroupTable *table, PeriodStep step, int period)
{
	int32		number = table->periods[period];
	int			year;
	int			month;
	int			day;

	if (step == STEP_NONE)
		return psprintf("%d", number);
	if (step == STEP_MONTH)
	{
		year = number >= 0 ? number / 12 : -((-number + 11) / 12);
		month = number - 12 * year + 1;
		day = 1;
	}
	else
		j2date((step == STEP_WEEK ? 7 : 1) * number + date2j(2000, 1, 3), &year, &month, &day);
	return psprintf("%04d-%02d-%02d", year, month, day);
}

/* a value of a dimension */
char *
group_label(const GroupTable *table, int dimension, int value)
{
	const GroupDimension *of = &table->dimensions[dimension];

	return of->labels[of->label_of_value[value]];
}

/*
 * A group as text: plan=Gold, region=North
 */
char *
group_text(const GroupTable *table, const GroupRelation *relation, const GroupValues *group)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < group->depth; i++)
		appendStringInfo(&text, "%s%s=%s", i == 0 ? "" : ", ", relation->dimensions[group->dimensions[i]],
						 group_label(table, group->dimensions[i], group->values[i]));
	return text.data;
}
