/*-------------------------------------------------------------------------
 *
 * relation_query.c
 *		Reading a relation that the caller names; see relation_query.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/relation_query.h"

/* what the query's rows go through */
typedef struct QueryReceiver
{
	DestReceiver pub;
	const Oid  *types;
	int			ncolumns;
	RowReceiver receive;
	void	   *arg;
} QueryReceiver;

Relation
relation_of_caller(Oid relation)
{
	Relation	opened = try_relation_open(relation, AccessShareLock);

	if (opened == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relation)));
	return opened;
}

AttrNumber
relation_column(Relation relation, const char *column)
{
	AttrNumber	attnum = get_attnum(RelationGetRelid(relation), column);

	if (attnum == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist",
						column, RelationGetRelationName(relation))));
	return attnum;
}

const char *
relation_qualified_name(Relation relation)
{
	return quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation)),
									  RelationGetRelationName(relation));
}

Oid
profile_type_in(Oid extension_schema)
{
	Oid			type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
									   PointerGetDatum("leakage_profile"),
									   ObjectIdGetDatum(extension_schema));

	if (!OidIsValid(type))
		elog(ERROR, "type leakage_profile is not in the schema of the function that needs it");
	return type;
}

static void
receive_startup(DestReceiver *self, int operation, TupleDesc desc)
{
	QueryReceiver *receiver = (QueryReceiver *) self;

	if (desc->natts != receiver->ncolumns)
		elog(ERROR, "query of entities returns %d columns", desc->natts);
	for (int i = 0; i < desc->natts; i++)
	{
		Oid			type = TupleDescAttr(desc, i)->atttypid;

		if (type != receiver->types[i])
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column %d of the query of entities is of type %s, not %s",
							i + 1, format_type_be(type), format_type_be(receiver->types[i]))));
	}
}

static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	QueryReceiver *receiver = (QueryReceiver *) self;

	receiver->receive(slot, receiver->arg);
	return true;
}

static void
receive_nothing(DestReceiver *self)
{
}

void
query_rows(const char *sql, const Oid *types, int ncolumns, RowReceiver receive, void *arg)
{
	QueryReceiver receiver = {.types = types, .ncolumns = ncolumns, .receive = receive, .arg = arg};
	SPIExecuteOptions options = {0};

	receiver.pub.receiveSlot = receive_row;
	receiver.pub.rStartup = receive_startup;
	receiver.pub.rShutdown = receive_nothing;
	receiver.pub.rDestroy = receive_nothing;
	receiver.pub.mydest = DestTuplestore;

	options.read_only = true;
	options.must_return_tuples = true;
	options.dest = (DestReceiver *) &receiver;

	if (SPI_execute_extended(sql, &options) != SPI_OK_SELECT)
		elog(ERROR, "reading the relation failed");
}

Datum
required_value(TupleTableSlot *slot, int column)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, column + 1, &isnull);

	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a value of the relation turned null while it was read"),
				 errhint("A function that the relation calls, or a cast of one of its columns, is declared STABLE or IMMUTABLE but is not.")));
	return value;
}
