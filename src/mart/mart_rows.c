/*-------------------------------------------------------------------------
 *
 * mart_rows.c
 *		The rows of a table of a mart, read without running anything of its
 *		owner's.
 *
 * Calls that only read a mart are made by readers and superusers.  A query on
 * the table would not do for them.  While the planner reads about a table, it
 * evaluates parts of index predicates, index expressions, check constraints
 * and expressions of extended statistics, with the rights of the caller; and
 * the owner can create an index or statistics after any check, since both get
 * along with a reader's lock.  So the rows are read here, below planner and
 * executor: from the heap, or through a btree index on a text column.
 *
 * What else could run is refused under the same lock: whatever is no ordinary
 * table, row-level security, columns that are computed when they are read, and
 * columns of other types than those that the caller names.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_index.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "base/base.h"
#include "base/base_fmgr.h"

PG_FUNCTION_INFO_V1(leakage_mart_rows);

/*
 * The table, locked until the end of the transaction.
 */
static Relation
open_mart_table(const char *mart, const char *name)
{
	Oid			oid = RangeVarGetRelid(makeRangeVar(pstrdup(mart), pstrdup(name), -1), AccessShareLock, false);
	Relation	relation = relation_open(oid, NoLock);

	if (relation->rd_rel->relkind != RELKIND_RELATION)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s.%s\" is not an ordinary table", mart, name),
				 errhint("In a mart, nothing else may take its place.")));
	if (relation->rd_rel->relrowsecurity)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s.%s\" has row-level security", mart, name),
				 errhint("Disable it with ALTER TABLE ... DISABLE ROW LEVEL SECURITY.")));
	return relation;
}

/*
 * Where the columns of "wanted" are in the table; an error where one is not
 * there as it should be, or where the caller may not read it.
 */
static AttrNumber *
find_columns(Relation relation, TupleDesc wanted)
{
	AttrNumber *attnums = palloc(wanted->natts * sizeof(AttrNumber));
	Oid			oid = RelationGetRelid(relation);
	AclResult	acl = pg_class_aclcheck(oid, GetUserId(), ACL_SELECT);

	for (int i = 0; i < wanted->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(wanted, i);
		const char *name = NameStr(column->attname);
		AttrNumber	attnum = get_attnum(oid, name);

		if (acl != ACLCHECK_OK &&
			(attnum <= 0 || pg_attribute_aclcheck(oid, attnum, GetUserId(), ACL_SELECT) != ACLCHECK_OK))
			aclcheck_error(acl, OBJECT_TABLE, RelationGetRelationName(relation));
		if (attnum <= 0 || get_atttype(oid, attnum) != column->atttypid)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("table \"%s\" has no column \"%s\" of type %s", RelationGetRelationName(relation),
							name, format_type_be(column->atttypid)),
					 errhint("The table is not as leakage_create_mart made it.")));
		if (get_attgenerated(oid, attnum) == ATTRIBUTE_GENERATED_VIRTUAL)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("column \"%s\" of table \"%s\" is not stored", name, RelationGetRelationName(relation)),
					 errhint("The table is not as leakage_create_mart made it.")));
		attnums[i] = attnum;
	}
	return attnums;
}

/*
 * May the index find the rows whose text column is equal to a key?
 */
static bool
finds_text(Relation index, AttrNumber attnum)
{
	Form_pg_index form = index->rd_index;

	return form->indisvalid && form->indkey.values[0] == attnum &&
		heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL) &&
		index->rd_rel->relam == BTREE_AM_OID &&
		index->rd_opfamily[0] == TEXT_BTREE_FAM_OID &&
		index->rd_indcollation[0] == C_COLLATION_OID &&
	/* as in the planner: old snapshots do not find all rows in it */
		(!form->indcheckxmin ||
		 TransactionIdPrecedes(HeapTupleHeaderGetXmin(index->rd_indextuple->t_data), TransactionXmin));
}

static Oid
index_on_text(Relation relation, AttrNumber attnum)
{
	Oid			found = InvalidOid;
	ListCell   *cell;

	foreach(cell, RelationGetIndexList(relation))
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		if (finds_text(index, attnum))
			found = RelationGetRelid(index);
		index_close(index, NoLock);
		if (OidIsValid(found))
			break;
	}
	return found;
}

/*
 * leakage_mart_rows(mart name, relation name, key text) -> setof record
 *
 * The columns of the caller's column definition list.  With a key, only rows
 * whose first of these columns, a text, is equal to it.
 */
Datum
leakage_mart_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Relation	relation;
	TupleDesc	wanted;
	AttrNumber *attnums;
	ScanKeyData key;
	Oid			index = InvalidOid;
	SysScanDesc scan;
	HeapTuple	tuple;
	Datum	   *values;
	bool	   *nulls;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the schema of a mart and the name of a table must not be null")));
	InitMaterializedSRF(fcinfo, 0);
	wanted = rsinfo->setDesc;
	relation = open_mart_table(NameStr(*PG_GETARG_NAME(0)), NameStr(*PG_GETARG_NAME(1)));
	attnums = find_columns(relation, wanted);
	if (!PG_ARGISNULL(2))
	{
		if (TupleDescAttr(wanted, 0)->atttypid != TEXTOID)
			elog(ERROR, "the first column must be a text");
		index = index_on_text(relation, attnums[0]);
		ScanKeyInit(&key, attnums[0], BTEqualStrategyNumber, F_TEXTEQ, PG_GETARG_DATUM(2));
		key.sk_collation = C_COLLATION_OID;
	}

	values = palloc(wanted->natts * sizeof(Datum));
	nulls = palloc(wanted->natts * sizeof(bool));
	scan = systable_beginscan(relation, index, OidIsValid(index), GetActiveSnapshot(), PG_ARGISNULL(2) ? 0 : 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < wanted->natts; i++)
			values[i] = heap_getattr(tuple, attnums[i], RelationGetDescr(relation), &nulls[i]);
		tuplestore_putvalues(rsinfo->setResult, wanted, values, nulls);
	}
	systable_endscan(scan);
	table_close(relation, NoLock);
	return (Datum) 0;
}
