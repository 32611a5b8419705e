/*-------------------------------------------------------------------------
 *
 * bulk_access.c
 *		Whether a bulk pass may read a landing table, and whether it can.
 *
 * A pass reads the table below the executor, which checks privileges and
 * row-level security and knows what else than a plain table a name can mean:
 * so all of that is checked here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"

#include "landing/bulk_pass.h"
#include "base/base.h"

/*
 * Why a pass cannot read the table as the executor would, or NULL.
 */
static char *
obstacle_to_pass(Relation landing, const BulkJob *job)
{
	const char *name = RelationGetRelationName(landing);
	Oid			relation = RelationGetRelid(landing);

	if (landing->rd_rel->relkind != RELKIND_RELATION &&
		landing->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		return psprintf("Relation \"%s\" is no table.", name);
	if (check_enable_rls(relation, InvalidOid, true) == RLS_ENABLED)
		return psprintf("Table \"%s\" has row-level security policies.", name);
	for (int i = 0; job->column_names[i] != NULL; i++)
	{
		AttrNumber	attnum = get_attnum(relation, job->column_names[i]);

		if (attnum <= 0 || get_atttype(relation, attnum) != TEXTOID)
			return psprintf("Table \"%s\" has no text column \"%s\".", name, job->column_names[i]);
		if (get_attgenerated(relation, attnum) == ATTRIBUTE_GENERATED_VIRTUAL)
			return psprintf("Column \"%s\" of table \"%s\" is not stored.", job->column_names[i], name);
	}
	return NULL;
}

/*
 * Privileges on the columns that the job reads, as the executor checks them.
 */
static void
check_privileges(Relation landing, const BulkJob *job)
{
	Oid			relation = RelationGetRelid(landing);
	AclResult	result = pg_class_aclcheck(relation, GetUserId(), ACL_SELECT);

	for (int i = 0; result != ACLCHECK_OK && job->column_names[i] != NULL; i++)
	{
		AttrNumber	attnum = get_attnum(relation, job->column_names[i]);

		if (pg_attribute_aclcheck(relation, attnum, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
			aclcheck_error(result, OBJECT_TABLE, RelationGetRelationName(landing));
	}
}

/*
 * The tables that hold the rows of a landing table: itself, its partitions and
 * its child tables, open and locked; an error where the caller may not read it
 * (42501) or the pass cannot (0A000).  As in the executor, privileges and
 * row-level security of children do not matter.
 */
List *
bulk_open_landing(Oid relation, const BulkJob *job)
{
	Relation	landing = try_relation_open(relation, AccessShareLock);
	List	   *tables = NIL;
	ListCell   *cell;
	char	   *obstacle;

	if (landing == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relation)));
	obstacle = obstacle_to_pass(landing, job);
	if (obstacle != NULL)
		bulk_not_possible(obstacle);
	check_privileges(landing, job);
	relation_close(landing, NoLock);

	foreach(cell, find_all_inheritors(relation, AccessShareLock, NULL))
	{
		Relation	table = relation_open(lfirst_oid(cell), NoLock);

		if (RelationGetRelid(table) != relation && RELATION_IS_OTHER_TEMP(table))
			relation_close(table, AccessShareLock); /* the executor leaves it out, too */
		else if (table->rd_rel->relkind == RELKIND_RELATION)
			tables = lappend(tables, table);
		else if (table->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
			relation_close(table, NoLock);	/* its rows are in its partitions */
		else
			bulk_not_possible(psprintf("Relation \"%s\" below it is no table.",
									   RelationGetRelationName(table)));
	}
	return tables;
}

void
bulk_close_landing(List *tables)
{
	ListCell   *cell;

	foreach(cell, tables)
		relation_close((Relation) lfirst(cell), NoLock);
	list_free(tables);
}
