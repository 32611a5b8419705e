/*-------------------------------------------------------------------------
 *
 * expected_revenue.c
 *		The set-returning function expected_revenue: reads a relation of the
 *		caller's, hands its entities to the peer model (peers.c), and returns
 *		what was expected of each in each period.
 *
 * The relation is read by one query through the planner, with the caller's
 * rights: so parallel plans, partitions, foreign servers and shards serve it,
 * and privileges and row-level security hold.  The query returns one profile
 * an entity; the profiles stay in a tuplestore, which spills by itself, since
 * the model needs three passes over them and the answer a fourth.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "tcop/dest.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "money.h"
#include "peers.h"

#define MAX_PEER_DIMENSIONS		16
#define RESULT_COLUMNS			10

/* how many rows an entity has, for the planner, where nothing else is known */
#define DEFAULT_RELATION_ROWS	1000

PG_FUNCTION_INFO_V1(expected_revenue);
PG_FUNCTION_INFO_V1(expected_revenue_support);

/* what the query's rows go through on their way to the tuplestore */
typedef struct EntityReceiver
{
	DestReceiver pub;
	PeerModel  *model;
	int			ndimensions;
	Tuplestorestate *entities;
	TupleDesc	entity_desc;	/* entity text, cell integer, profile */
	MemoryContext row_context;
} EntityReceiver;

/*
 * A column that the caller names must be one: in the query, a name that is none
 * could still mean the whole row, or a function of it.
 */
static void
check_column(Oid relation, const char *relation_name, const char *column)
{
	if (get_attnum(relation, column) == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist",
						column, relation_name)));
}

/*
 * The query that reads the relation: one row an entity, with the least and
 * the greatest value of each peer dimension, which must agree.
 */
static char *
entity_query(Oid relation, const char *entity, const char *period,
			 const char *amount, char **dimensions, int ndimensions,
			 const char *extension_schema)
{
	StringInfoData sql;
	const char *name = get_rel_name(relation);

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relation)));
	check_column(relation, name, entity);
	check_column(relation, name, period);
	check_column(relation, name, amount);
	for (int i = 0; i < ndimensions; i++)
		check_column(relation, name, dimensions[i]);

	initStringInfo(&sql);
	appendStringInfo(&sql,
					 "SELECT %s::pg_catalog.text COLLATE pg_catalog.\"C\",\n"
					 "       %s.leakage_profile(%s::pg_catalog.int4, %s::pg_catalog.numeric, NULL::pg_catalog.numeric)",
					 quote_identifier(entity),
					 quote_identifier(extension_schema),
					 quote_identifier(period),
					 quote_identifier(amount));
	for (int i = 0; i < ndimensions; i++)
	{
		const char *dimension = quote_identifier(dimensions[i]);

		appendStringInfo(&sql,
						 ",\n       pg_catalog.min(COALESCE(%s::pg_catalog.text, 'Unknown') COLLATE pg_catalog.\"C\")"
						 ",\n       pg_catalog.max(COALESCE(%s::pg_catalog.text, 'Unknown') COLLATE pg_catalog.\"C\")",
						 dimension, dimension);
	}
	appendStringInfo(&sql,
					 "\nFROM %s\n"
					 "WHERE %s IS NOT NULL AND %s IS NOT NULL AND %s IS NOT NULL\n"
					 "GROUP BY 1",
					 quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)), name),
					 quote_identifier(entity), quote_identifier(period), quote_identifier(amount));
	return sql.data;
}

static void
receive_startup(DestReceiver *self, int operation, TupleDesc typeinfo)
{
}

/*
 * One entity: find its cell, let the model observe it, keep it for the passes
 * to come.
 */
static bool
receive_entity(TupleTableSlot *slot, DestReceiver *self)
{
	EntityReceiver *receiver = (EntityReceiver *) self;
	MemoryContext old = MemoryContextSwitchTo(receiver->row_context);
	const LeakageProfile *profile;
	const char *group_label = "";
	StringInfoData cell_label;
	Datum		values[3];
	bool		nulls[3] = {false, false, false};
	int			cell;

	slot_getallattrs(slot);
	initStringInfo(&cell_label);
	for (int i = 0; i < receiver->ndimensions; i++)
	{
		char	   *least = TextDatumGetCString(slot->tts_values[2 + 2 * i]);
		char	   *greatest = TextDatumGetCString(slot->tts_values[3 + 2 * i]);

		if (strcmp(least, greatest) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_CARDINALITY_VIOLATION),
					 errmsg("entity \"%s\" has more than one value of a peer dimension: \"%s\" and \"%s\"",
							TextDatumGetCString(slot->tts_values[0]), least, greatest),
					 errhint("A peer dimension must be a property of the entity, the same in all its rows.")));
		if (i == 0)
			group_label = least;
		else
			appendStringInfoString(&cell_label, " / ");
		appendStringInfoString(&cell_label, least);
	}

	profile = (const LeakageProfile *) PG_DETOAST_DATUM(slot->tts_values[1]);
	if (profile->flags & PROFILE_TRUNCATED)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("entity \"%s\" has more than %d periods",
						TextDatumGetCString(slot->tts_values[0]), PROFILE_MAX_PERIODS),
				 errhint("Use longer periods, or a view that keeps the latest.")));
	cell = peers_cell(receiver->model, group_label, cell_label.data);
	peers_observe(receiver->model, cell, profile);

	values[0] = slot->tts_values[0];
	values[1] = Int32GetDatum(cell);
	values[2] = PointerGetDatum(profile);
	tuplestore_putvalues(receiver->entities, receiver->entity_desc, values, nulls);

	MemoryContextSwitchTo(old);
	MemoryContextReset(receiver->row_context);
	return true;
}

static void
receive_nothing(DestReceiver *self)
{
}

/*
 * Run the query and let the model observe what comes.
 */
static void
read_entities(const char *sql, EntityReceiver *receiver)
{
	SPIExecuteOptions options = {0};

	receiver->pub.receiveSlot = receive_entity;
	receiver->pub.rStartup = receive_startup;
	receiver->pub.rShutdown = receive_nothing;
	receiver->pub.rDestroy = receive_nothing;
	receiver->pub.mydest = DestTuplestore;

	options.read_only = true;
	options.must_return_tuples = true;
	options.dest = (DestReceiver *) receiver;

	if (SPI_execute_extended(sql, &options) != SPI_OK_SELECT)
		elog(ERROR, "reading the relation failed");
}

/* one pass of the model over the stored entities */
static void
rate_entities(EntityReceiver *receiver,
			  void (*rate) (PeerModel *, int, const LeakageProfile *))
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(receiver->entity_desc,
													&TTSOpsMinimalTuple);

	tuplestore_rescan(receiver->entities);
	while (tuplestore_gettupleslot(receiver->entities, true, false, slot))
	{
		MemoryContext old = MemoryContextSwitchTo(receiver->row_context);

		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(slot);
		rate(receiver->model, DatumGetInt32(slot->tts_values[1]),
			 (const LeakageProfile *) PG_DETOAST_DATUM(slot->tts_values[2]));
		MemoryContextSwitchTo(old);
		MemoryContextReset(receiver->row_context);
	}
	ExecDropSingleTupleTableSlot(slot);
	peers_finish_pass(receiver->model);
}

/*
 * Which level of the hierarchy carried an entity's estimate.
 */
static const char *
peer_level(const PeerUnit *cell, int ndimensions, bool any_own_group)
{
	if (ndimensions == 0 || !any_own_group)
		return "all";
	if (cell->credibility >= 0.5)
		return "cell";
	return cell->credibility > 0 ? "blend" : "group";
}

/*
 * The answer for one entity: a row for each period that any entity has, from
 * its own first to its own last.
 */
static void
return_entity(const EntityReceiver *receiver, ReturnSetInfo *rsinfo,
			  Datum entity, int cell, const LeakageProfile *profile)
{
	const PeerUnit *unit = peers_cell_unit(receiver->model, cell);
	double		noise_cv = peers_noise_cv(receiver->model);
	const int32 *periods;
	int			nperiods = peers_periods(receiver->model, &periods);
	int			first = peers_first_period(receiver->model, profile->periods[0].period);
	int32		last = profile->periods[profile->nperiods - 1].period;
	bool		any_own_group = false;
	const ProfilePeriod *own = profile->periods;
	Datum		values[RESULT_COLUMNS];
	bool		nulls[RESULT_COLUMNS] = {false};

	for (int i = first; i < nperiods && periods[i] <= last; i++)
	{
		bool		own_group;

		(void) peers_expected(receiver->model, cell, periods[i], &own_group);
		any_own_group |= own_group;
	}

	values[0] = entity;
	values[6] = CStringGetTextDatum(unit->label);
	values[7] = Int64GetDatum(unit->entities);
	values[8] = CStringGetTextDatum(peer_level(unit, receiver->ndimensions, any_own_group));
	values[9] = NumericGetDatum(int64_div_fast_to_numeric((int64) rint(unit->credibility * 10000), 4));

	for (int i = first; i < nperiods && periods[i] <= last; i++)
	{
		bool		own_group;
		int64		expected = peers_expected(receiver->model, cell, periods[i], &own_group);
		bool		present;

		while (own->period < periods[i])
			own++;
		present = (own->period == periods[i]);

		values[1] = Int32GetDatum(periods[i]);
		nulls[2] = !present;
		nulls[4] = nulls[5] = !present && peers_common_absence(receiver->model, i);
		values[2] = present ? NumericGetDatum(money_to_numeric(own->actual)) : (Datum) 0;
		values[3] = BoolGetDatum(present);
		values[4] = NumericGetDatum(money_to_numeric(expected));
		values[5] = NumericGetDatum(money_to_numeric((int64) rint(noise_cv * (double) expected)));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

static void
return_entities(EntityReceiver *receiver, ReturnSetInfo *rsinfo)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(receiver->entity_desc,
													&TTSOpsMinimalTuple);

	tuplestore_rescan(receiver->entities);
	while (tuplestore_gettupleslot(receiver->entities, true, false, slot))
	{
		MemoryContext old = MemoryContextSwitchTo(receiver->row_context);

		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(slot);
		return_entity(receiver, rsinfo, slot->tts_values[0],
					  DatumGetInt32(slot->tts_values[1]),
					  (const LeakageProfile *) PG_DETOAST_DATUM(slot->tts_values[2]));
		MemoryContextSwitchTo(old);
		MemoryContextReset(receiver->row_context);
	}
	ExecDropSingleTupleTableSlot(slot);
}

/* the peer dimensions' names, checked */
static int
read_dimensions(ArrayType *array, char **dimensions)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;

	deconstruct_array(array, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR,
					  &elements, &nulls, &n);
	if (n > MAX_PEER_DIMENSIONS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%d peer dimensions given, the limit is %d", n, MAX_PEER_DIMENSIONS)));
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("peer dimension %d is null", i + 1)));
		dimensions[i] = NameStr(*DatumGetName(elements[i]));
	}
	return n;
}

/* what the stored entities are: entity, cell, profile */
static TupleDesc
make_entity_desc(Oid profile_type)
{
	TupleDesc	desc = CreateTemplateTupleDesc(3);

	TupleDescInitEntry(desc, 1, "entity", TEXTOID, -1, 0);
	TupleDescInitEntry(desc, 2, "cell", INT4OID, -1, 0);
	TupleDescInitEntry(desc, 3, "profile", profile_type, -1, 0);
	return BlessTupleDesc(desc);
}

/*
 * expected_revenue(relation regclass, entity_column name, period_column name,
 *					amount_column name, peer_columns name[],
 *					quantile double precision, min_peers integer)
 * returns table (entity text, period integer, actual numeric, present boolean,
 *				  expected numeric, spread numeric, peer_group text,
 *				  peers bigint, peer_level text, credibility numeric)
 */
Datum
expected_revenue(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	static const char *const argument_names[] = {
		"relation", "entity_column", "period_column", "amount_column", "peer_columns", NULL, "min_peers"
	};
	char	   *dimensions[MAX_PEER_DIMENSIONS];
	double		quantile = NAN;
	int32		min_peers;
	Oid			extension_schema = get_func_namespace(fcinfo->flinfo->fn_oid);
	Oid			profile_type;
	EntityReceiver receiver;
	char	   *sql;
	MemoryContext old;

	for (int i = 0; i < (int) lengthof(argument_names); i++)
	{
		if (argument_names[i] != NULL && PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument \"%s\" of expected_revenue is null", argument_names[i])));
	}
	if (!PG_ARGISNULL(5))
	{
		quantile = PG_GETARG_FLOAT8(5);
		if (!(quantile > 0 && quantile < 1))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("quantile %g is out of range: it must be above 0 and below 1", quantile)));
	}
	min_peers = PG_GETARG_INT32(6);
	if (min_peers < 1)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("min_peers %d is out of range: it must be at least 1", min_peers)));

	InitMaterializedSRF(fcinfo, 0);

	profile_type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
								   PointerGetDatum("leakage_profile"),
								   ObjectIdGetDatum(extension_schema));
	if (!OidIsValid(profile_type))
		elog(ERROR, "type leakage_profile is not in the schema of expected_revenue");

	receiver.ndimensions = read_dimensions(PG_GETARG_ARRAYTYPE_P(4), dimensions);
	sql = entity_query(PG_GETARG_OID(0),
					   NameStr(*PG_GETARG_NAME(1)),
					   NameStr(*PG_GETARG_NAME(2)),
					   NameStr(*PG_GETARG_NAME(3)),
					   dimensions, receiver.ndimensions,
					   get_namespace_name(extension_schema));

	/* the model and the entities outlive SPI's memory, not this call */
	memset(&receiver.pub, 0, sizeof(receiver.pub));
	old = CurrentMemoryContext;
	SPI_connect();
	MemoryContextSwitchTo(old);
	receiver.model = peers_make(min_peers, quantile);
	receiver.entities = tuplestore_begin_heap(false, false, work_mem);
	receiver.entity_desc = make_entity_desc(profile_type);
	receiver.row_context = AllocSetContextCreate(old, "expected_revenue row",
												 ALLOCSET_DEFAULT_SIZES);

	read_entities(sql, &receiver);
	MemoryContextSwitchTo(old);
	peers_finish_pass(receiver.model);
	rate_entities(&receiver, peers_rate_group);
	rate_entities(&receiver, peers_rate_cell);
	return_entities(&receiver, rsinfo);

	tuplestore_end(receiver.entities);
	SPI_finish();
	return (Datum) 0;
}

/*
 * Planner support: as many rows as the relation has, by the planner's own
 * count of them.
 */
Datum
expected_revenue_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestRows))
	{
		SupportRequestRows *rows = (SupportRequestRows *) request;
		Node	   *relation;

		if (!is_funcclause(rows->node))
			PG_RETURN_POINTER(NULL);
		relation = (Node *) linitial(((FuncExpr *) rows->node)->args);
		if (IsA(relation, Const) && !((Const *) relation)->constisnull)
		{
			HeapTuple	tuple = SearchSysCache1(RELOID, ((Const *) relation)->constvalue);

			if (HeapTupleIsValid(tuple))
			{
				double		reltuples = ((Form_pg_class) GETSTRUCT(tuple))->reltuples;

				ReleaseSysCache(tuple);
				rows->rows = reltuples > 0 ? reltuples : DEFAULT_RELATION_ROWS;
				PG_RETURN_POINTER(request);
			}
		}
	}
	PG_RETURN_POINTER(NULL);
}
