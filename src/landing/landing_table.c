/*-------------------------------------------------------------------------
 *
 * landing_table.c
 *		Reads a landing table below the executor.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/tableam.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "base/base_fmgr.h"
#include "landing/landing_table.h"

void
landing_unreadable(const char *reason)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("the bulk pass cannot read this landing table"),
			 errdetail("%s", reason),
			 errhint("leakage_refresh goes on with plain SQL; the option \"bulk_pass\" of the mart sets it from the start.")));
}

/*
 * Find the columns in a table that is open and locked.
 */
static int
find_columns(Relation table, const char *const *names, AttrNumber *columns)
{
	TupleDesc	desc = RelationGetDescr(table);
	int			n;

	for (n = 0; names[n] != NULL; n++)
	{
		Form_pg_attribute found = NULL;

		if (n == LANDING_MAX_COLUMNS)
			elog(ERROR, "a landing table has more than %d columns", LANDING_MAX_COLUMNS);
		for (int i = 0; i < desc->natts && found == NULL; i++)
		{
			Form_pg_attribute column = TupleDescAttr(desc, i);

			if (!column->attisdropped && strcmp(NameStr(column->attname), names[n]) == 0)
				found = column;
		}
		if (found == NULL || found->atttypid != TEXTOID)
			landing_unreadable(psprintf("Table \"%s\" has no text column \"%s\".",
										RelationGetRelationName(table), names[n]));
		if (found->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL)
			landing_unreadable(psprintf("Column \"%s\" of table \"%s\" is not stored.",
										names[n], RelationGetRelationName(table)));
		columns[n] = found->attnum;
	}
	return n;
}

/*
 * Check privileges on the columns that are read, as the executor does.
 */
static void
check_privileges(Relation landing, const AttrNumber *columns, int ncolumns)
{
	Oid			relation = RelationGetRelid(landing);
	AclResult	result = pg_class_aclcheck(relation, GetUserId(), ACL_SELECT);

	for (int i = 0; result != ACLCHECK_OK && i < ncolumns; i++)
	{
		if (pg_attribute_aclcheck(relation, columns[i], GetUserId(), ACL_SELECT) != ACLCHECK_OK)
			aclcheck_error(result, OBJECT_TABLE, RelationGetRelationName(landing));
	}
}

/*
 * Check the landing table itself.  As in the executor, the privileges and the
 * row-level security of its children do not matter.
 */
static void
check_landing(Relation landing, const char *const *names)
{
	const char *name = RelationGetRelationName(landing);
	AttrNumber	columns[LANDING_MAX_COLUMNS];
	int			ncolumns;

	if (landing->rd_rel->relkind != RELKIND_RELATION &&
		landing->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		landing_unreadable(psprintf("Relation \"%s\" is not a table.", name));
	if (check_enable_rls(RelationGetRelid(landing), InvalidOid, true) == RLS_ENABLED)
		landing_unreadable(psprintf("Table \"%s\" has row-level security policies.", name));
	ncolumns = find_columns(landing, names, columns);
	check_privileges(landing, columns, ncolumns);
}

List *
landing_open(Oid relation, const char *const *columns)
{
	Relation	landing = try_relation_open(relation, AccessShareLock);
	List	   *tables = NIL;
	ListCell   *cell;

	if (landing == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relation)));
	check_landing(landing, columns);
	relation_close(landing, NoLock);

	foreach(cell, find_all_inheritors(relation, AccessShareLock, NULL))
	{
		Relation	table = relation_open(lfirst_oid(cell), NoLock);
		AttrNumber	found[LANDING_MAX_COLUMNS];

		if (RelationGetRelid(table) != relation && RELATION_IS_OTHER_TEMP(table))
			relation_close(table, AccessShareLock); /* the executor leaves it out, too */
		else if (table->rd_rel->relkind == RELKIND_RELATION)
		{
			(void) find_columns(table, columns, found);
			tables = lappend(tables, table);
		}
		else if (table->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
			relation_close(table, NoLock);	/* its rows are in its partitions */
		else
			landing_unreadable(psprintf("Relation \"%s\" below it is not a table.",
										RelationGetRelationName(table)));
	}
	return tables;
}

void
landing_close(List *tables)
{
	ListCell   *cell;

	foreach(cell, tables)
		relation_close((Relation) lfirst(cell), NoLock);
	list_free(tables);
}

/* ---- rows ---- */

static bool
is_heap(Relation table)
{
	return table->rd_rel->relam == HEAP_TABLE_AM_OID;
}

/*
 * Only heaps are known to support parallel scans: others may raise an error.
 */
bool
landing_scan_is_shared(Relation table)
{
	return is_heap(table) && !RelationUsesLocalBuffers(table);
}

void
landing_scan_begin(LandingScan *scan, Relation table, const char *const *columns,
				   ParallelTableScanDesc shared)
{
	memset(scan, 0, sizeof(*scan));
	scan->ncolumns = find_columns(table, columns, scan->columns);
	for (int i = 0; i < scan->ncolumns; i++)
		scan->last_column = Max(scan->last_column, scan->columns[i]);
	scan->slot = table_slot_create(table, NULL);
	scan->scan = shared != NULL ?
		table_beginscan_parallel(table, shared, SO_NONE) :
		table_beginscan(table, GetActiveSnapshot(), 0, NULL, SO_NONE);

	/* other tables may not find a row by its place */
	scan->place.table = is_heap(table) ? RelationGetRelid(table) : InvalidOid;
}

bool
landing_scan_next(LandingScan *scan)
{
	TupleTableSlot *slot = scan->slot;

	CHECK_FOR_INTERRUPTS();
	if (!table_scan_getnextslot(scan->scan, ForwardScanDirection, slot))
		return false;
	slot_getsomeattrs(slot, scan->last_column);
	for (int i = 0; i < scan->ncolumns; i++)
	{
		int			n = scan->columns[i] - 1;

		scan->values[i] = slot->tts_isnull[n] ? NULL : (StoredValue) DatumGetPointer(slot->tts_values[n]);
	}
	scan->place.row = slot->tts_tid;
	return true;
}

void
landing_scan_end(LandingScan *scan)
{
	ExecDropSingleTupleTableSlot(scan->slot);
	table_endscan(scan->scan);
}

LandingValue
landing_value(StoredValue stored)
{
	LandingValue value = {NULL, 0};

	if (stored != NULL)
	{
		text	   *plain = DatumGetTextPP(PointerGetDatum(stored));

		value.data = VARDATA_ANY(plain);
		value.length = VARSIZE_ANY_EXHDR(plain);
	}
	return value;
}
