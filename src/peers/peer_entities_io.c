/*-------------------------------------------------------------------------
 *
 * peer_entities_io.c
 *		The entities of a relation: the query that reads them, one row per
 *		entity, and the passes of the peer model over them.
 *
 * The relation is read as relation_query.h says.  It has one row per entity and
 * period, or rows with profiles that were made before.  Either way the query
 * returns one profile per entity.  The profiles go into a tuplestore, which
 * spills to disk by itself: the model passes over them three times, and the
 * answer once more.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "base/base_fmgr.h"
#include "peers/peer_entities_io.h"
#include "profile/profile_fmgr.h"

/* the columns of the query */
enum
{
	ENTITY_NAME,
	ENTITY_PROFILE,
	ENTITY_DIMENSION			/* least and greatest value of each; then what is known of the periods, if anything */
};

/* the columns of the stored entities */
enum
{
	STORED_ENTITY,
	STORED_CELL,
	STORED_PROFILE,
	STORED_KNOWN,
	STORED_COLUMNS
};

/*
 * Whether no two rows of a relation can be of one entity: the column is the
 * only one of a unique index.  As in the planner's own proofs of this, the
 * index must be immediate and not partial.  Types other than strings may have
 * different values with the same text, and a parent's index does not cover its
 * children.
 */
static bool
entity_is_unique(Relation relation, AttrNumber attnum)
{
	Oid			type = get_atttype(RelationGetRelid(relation), attnum);
	bool		unique = false;
	List	   *indexes;
	ListCell   *lc;

	if (type != TEXTOID && type != VARCHAROID)
		return false;
	if (relation->rd_rel->relkind != RELKIND_RELATION || relation->rd_rel->relhassubclass)
		return false;

	indexes = RelationGetIndexList(relation);
	foreach(lc, indexes)
	{
		HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(lc)));
		Form_pg_index index;

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for index %u", lfirst_oid(lc));
		index = (Form_pg_index) GETSTRUCT(tuple);
		unique |= index->indisunique && index->indimmediate && index->indisvalid &&
			index->indnkeyatts == 1 && index->indkey.values[0] == attnum &&
			heap_attisnull(tuple, Anum_pg_index_indpred, NULL);
		ReleaseSysCache(tuple);
	}
	list_free(indexes);
	return unique;
}

/*
 * The query that reads the relation: one row per entity, with the least and
 * the greatest value of each peer dimension, which must agree.  A relation of
 * profiles that has one row per entity already is not grouped.
 */
static char *
entity_query(Relation relation, const PeerRequest *request, Oid extension_schema_id)
{
	StringInfoData sql;
	const char *entity = quote_identifier(request->entity);
	const char *amount = quote_identifier(request->amount);
	const char *extension_schema = quote_identifier(get_namespace_name(extension_schema_id));
	AttrNumber	entity_number = relation_column(relation, request->entity);
	AttrNumber	amount_number;
	bool		grouped;

	if (request->period != NULL)
		(void) relation_column(relation, request->period);
	amount_number = relation_column(relation, request->amount);
	for (int i = 0; i < request->ndimensions; i++)
		(void) relation_column(relation, request->dimensions[i]);
	grouped = request->period != NULL ||
		get_atttype(request->relation, amount_number) != profile_type_in(extension_schema_id) ||
		!entity_is_unique(relation, entity_number);
	if (request->known != NULL)
	{
		AttrNumber	known_number = relation_column(relation, request->known);

		if (get_atttype(request->relation, known_number) != profile_type_in(extension_schema_id))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column \"%s\" of relation \"%s\" is not of type leakage_profile",
							request->known, RelationGetRelationName(relation))));
		if (grouped)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("what is known of periods is not read from relation \"%s\": it may have several rows of an entity",
							RelationGetRelationName(relation)),
					 errhint("Use a table with a unique index on column \"%s\" alone, of type text.", request->entity)));
	}

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s::pg_catalog.text COLLATE pg_catalog.\"C\",\n       ", entity);
	if (request->period != NULL)
		appendStringInfo(&sql,
						 "%s.leakage_profile(%s::pg_catalog.int4, %s::pg_catalog.numeric, NULL::pg_catalog.numeric)",
						 extension_schema, quote_identifier(request->period), amount);
	else if (grouped)
	{
		/* other types have a rollup too, which returns something else */
		appendStringInfo(&sql, "%s.rollup(%s::%s.leakage_profile)", extension_schema, amount, extension_schema);
	}
	else
		appendStringInfoString(&sql, amount);
	for (int i = 0; i < request->ndimensions; i++)
	{
		const char *dimension = quote_identifier(request->dimensions[i]);

		appendStringInfo(&sql,
						 ",\n       %s(COALESCE(%s::pg_catalog.text, 'Unknown') COLLATE pg_catalog.\"C\")"
						 ",\n       %s(COALESCE(%s::pg_catalog.text, 'Unknown') COLLATE pg_catalog.\"C\")",
						 grouped ? "pg_catalog.min" : "", dimension,
						 grouped ? "pg_catalog.max" : "", dimension);
	}
	if (request->known != NULL)
		appendStringInfo(&sql, ",\n       %s", quote_identifier(request->known));
	appendStringInfo(&sql,
					 "\nFROM %s\n"
					 "WHERE %s IS NOT NULL AND %s IS NOT NULL",
					 relation_qualified_name(relation), entity, amount);
	if (request->period != NULL)
		appendStringInfo(&sql, " AND %s IS NOT NULL", quote_identifier(request->period));
	if (grouped)
		appendStringInfoString(&sql, "\nGROUP BY 1");
	return sql.data;
}

/*
 * Only the periods with an actual amount, and without their expected amounts;
 * NULL if no period has one.
 */
static const LeakageProfile *
only_actual(const LeakageProfile *profile)
{
	LeakageProfile *actual;
	bool		as_it_is = true;

	for (uint32 i = 0; i < profile->nperiods; i++)
		as_it_is &= period_kind(&profile->periods[i]) != MISSING_PERIOD && profile->periods[i].expected_rows == 0;
	if (as_it_is)
		return profile;

	actual = profile_make(profile->nperiods);
	for (uint32 i = 0; i < profile->nperiods; i++)
	{
		ProfilePeriod row = profile->periods[i];

		row.expected_rows = 0;
		row.expected = 0;
		if (period_kind(&row) != MISSING_PERIOD)
			actual = profile_add(actual, &row);
	}
	return actual->nperiods == 0 ? NULL : profile_canonical(actual);
}

/*
 * What a row of the query says of the entity's periods; NULL: nothing.
 */
static const LeakageProfile *
known_periods(const PeerEntities *entities, TupleTableSlot *slot)
{
	bool		isnull;
	Datum		value;
	const LeakageProfile *known;
	const ProfilePeriod *fault;

	if (!entities->any_known)
		return NULL;
	value = slot_getattr(slot, ENTITY_DIMENSION + 2 * entities->ndimensions + 1, &isnull);
	if (isnull)
		return NULL;
	known = profile_from_datum(value);
	fault = known_periods_fault(known);
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("factor %s of period %d is out of range: it must be above 0 and at most %d",
						DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(money_to_numeric(fault->actual)))),
						fault->period, (int) (FACTOR_MAX / FACTOR_ONE))));
	return known;
}

/*
 * One entity: find its cell, let the model observe it, and keep it for the next
 * passes.
 */
static void
receive_entity(TupleTableSlot *slot, void *arg)
{
	PeerEntities *entities = (PeerEntities *) arg;
	MemoryContext old = MemoryContextSwitchTo(entities->row_context);
	const LeakageProfile *profile;
	const LeakageProfile *known;
	const char *group_label = "";
	StringInfoData cell_label;
	StringInfoData cell_key;
	Datum		values[STORED_COLUMNS];
	bool		nulls[STORED_COLUMNS] = {false};
	int			cell;

	values[STORED_ENTITY] = required_value(slot, ENTITY_NAME);
	initStringInfo(&cell_label);
	initStringInfo(&cell_key);
	for (int i = 0; i < entities->ndimensions; i++)
	{
		char	   *least = TextDatumGetCString(required_value(slot, ENTITY_DIMENSION + 2 * i));
		char	   *greatest = TextDatumGetCString(required_value(slot, ENTITY_DIMENSION + 2 * i + 1));

		if (strcmp(least, greatest) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_CARDINALITY_VIOLATION),
					 errmsg("entity \"%s\" has more than one value of a peer dimension: \"%s\" and \"%s\"",
							TextDatumGetCString(values[STORED_ENTITY]), least, greatest),
					 errhint("A peer dimension must be a property of the entity, the same in all its rows.")));
		if (i == 0)
			group_label = least;
		else
			appendStringInfoString(&cell_label, " / ");
		appendStringInfoString(&cell_label, least);
		/* values may contain the separator, so the label alone would be ambiguous */
		appendStringInfo(&cell_key, "%zu:%s", strlen(least), least);
	}

	profile = profile_from_datum(required_value(slot, ENTITY_PROFILE));
	if (profile->flags & PROFILE_TRUNCATED)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("entity \"%s\" has more than %d periods",
						TextDatumGetCString(values[STORED_ENTITY]), PROFILE_MAX_PERIODS),
				 errhint("Use longer periods, or a view that keeps the latest.")));
	profile = only_actual(profile);
	if (profile == NULL)
	{
		MemoryContextSwitchTo(old);
		MemoryContextReset(entities->row_context);
		return;
	}
	cell = peers_cell(entities->model, group_label, cell_key.data, cell_label.data);
	known = known_periods(entities, slot);
	peers_observe(entities->model, cell, profile, known);

	values[STORED_CELL] = Int32GetDatum(cell);
	values[STORED_PROFILE] = PointerGetDatum(profile);
	values[STORED_KNOWN] = PointerGetDatum(known);
	nulls[STORED_KNOWN] = (known == NULL);
	tuplestore_putvalues(entities->store, entities->desc, values, nulls);

	MemoryContextSwitchTo(old);
	MemoryContextReset(entities->row_context);
}

/*
 * Run the query and let the model observe what comes.  Its columns are entity,
 * profile, each dimension twice, and what is known of the periods, if anything.
 */
static void
read_entities(const char *sql, PeerEntities *entities)
{
	int			known = ENTITY_DIMENSION + 2 * entities->ndimensions;
	Oid			types[ENTITY_DIMENSION + 2 * MAX_PEER_DIMENSIONS + 1];

	for (int i = 0; i <= known; i++)
		types[i] = i == ENTITY_PROFILE || i == known ?
			TupleDescAttr(entities->desc, STORED_PROFILE)->atttypid : TEXTOID;
	query_rows(sql, types, known + entities->any_known, receive_entity, entities);
}

/* the row type of the stored entities */
static TupleDesc
make_entity_desc(Oid extension_schema)
{
	Oid			profile_type = profile_type_in(extension_schema);
	TupleDesc	desc = CreateTemplateTupleDesc(STORED_COLUMNS);

	TupleDescInitEntry(desc, STORED_ENTITY + 1, "entity", TEXTOID, -1, 0);
	TupleDescInitEntry(desc, STORED_CELL + 1, "cell", INT4OID, -1, 0);
	TupleDescInitEntry(desc, STORED_PROFILE + 1, "profile", profile_type, -1, 0);
	TupleDescInitEntry(desc, STORED_KNOWN + 1, "known", profile_type, -1, 0);
	TupleDescFinalize(desc);
	return BlessTupleDesc(desc);
}

/*
 * Go through the entities: "visit" gets each, with its cell, its profile, and
 * what is known of its periods, in a context that is reset after it.
 */
void
peer_entities_visit(PeerEntities *entities, PeerVisitor visit, void *arg)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(entities->desc, &TTSOpsMinimalTuple);

	tuplestore_rescan(entities->store);
	while (tuplestore_gettupleslot(entities->store, true, false, slot))
	{
		MemoryContext old = MemoryContextSwitchTo(entities->row_context);
		bool		nothing_known;
		Datum		known = slot_getattr(slot, STORED_KNOWN + 1, &nothing_known);

		CHECK_FOR_INTERRUPTS();
		visit(entities, required_value(slot, STORED_ENTITY),
			  DatumGetInt32(required_value(slot, STORED_CELL)),
			  profile_from_datum(required_value(slot, STORED_PROFILE)),
			  nothing_known ? NULL : profile_from_datum(known), arg);
		MemoryContextSwitchTo(old);
		MemoryContextReset(entities->row_context);
	}
	ExecDropSingleTupleTableSlot(slot);
}

static void
rate_group(PeerEntities *entities, Datum entity, int cell,
		   const LeakageProfile *profile, const LeakageProfile *known, void *arg)
{
	peers_rate_group(entities->model, cell, profile, known);
}

static void
rate_cell(PeerEntities *entities, Datum entity, int cell,
		  const LeakageProfile *profile, const LeakageProfile *known, void *arg)
{
	peers_rate_cell(entities->model, cell, profile, known);
}

/*
 * Read the relation and finish the model.  The result is in the current memory
 * context, and peer_entities_end() frees it.
 */
PeerEntities *
peer_entities_read(const PeerRequest *request, Oid extension_schema)
{
	PeerEntities *entities = (PeerEntities *) palloc0(sizeof(PeerEntities));
	Relation	relation = relation_of_caller(request->relation);
	MemoryContext context = CurrentMemoryContext;
	char	   *sql;

	sql = entity_query(relation, request, extension_schema);
	relation_close(relation, NoLock);	/* locked until the end of the transaction */

	entities->ndimensions = request->ndimensions;
	entities->any_known = (request->known != NULL);
	entities->model = peers_make(request->min_peers, request->quantile);
	entities->store = tuplestore_begin_heap(false, false, work_mem);
	entities->desc = make_entity_desc(extension_schema);
	entities->row_context = AllocSetContextCreate(context, "peer entity", ALLOCSET_DEFAULT_SIZES);

	SPI_connect();
	MemoryContextSwitchTo(context);
	read_entities(sql, entities);
	MemoryContextSwitchTo(context);
	peers_finish_pass(entities->model);
	peer_entities_visit(entities, rate_group, NULL);
	peers_finish_pass(entities->model);
	peer_entities_visit(entities, rate_cell, NULL);
	peers_finish_pass(entities->model);
	SPI_finish();
	MemoryContextSwitchTo(context);
	return entities;
}

void
peer_entities_end(PeerEntities *entities)
{
	tuplestore_end(entities->store);
	MemoryContextDelete(entities->row_context);
}
