/*-------------------------------------------------------------------------
 *
 * mart_lock.c
 *		A mart held as it is, while somebody other than its owner changes it.
 *
 * _leakage.check_mart looks for what an owner could have planted.  It would be
 * of no use if the owner could plant something, or put another relation in the
 * place of one that was checked, before it is used.  Two locks, taken before
 * the check and held until the end of the transaction, prevent this:
 *
 * - SHARE UPDATE EXCLUSIVE on the tables and materialized views and on the
 *   children and partitions of tables.  It conflicts with itself and with all
 *   stronger modes, and so with every command that adds a trigger, a rule, a
 *   policy, a constraint, an index, statistics, a child or a partition, or that
 *   changes, renames or drops a relation or a column.  It gets along with
 *   readers and with loads.
 * - A row lock on the schema's row in pg_namespace, as of SELECT ... FOR KEY
 *   SHARE.  No lock on relations keeps an owner from renaming the schema, and
 *   giving its name to another one that holds relations of the same names.
 *   GRANT, which leaves the name alone, gets along with it.
 *
 * Relations that are created later, such as stages, are the caller's own, and
 * nobody else sees them before the transaction ends.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/base.h"

PG_FUNCTION_INFO_V1(leakage_hold_mart);
PG_FUNCTION_INFO_V1(leakage_session_is_of);

static void
hold_schema_name(const char *mart)
{
	Relation	catalog = table_open(NamespaceRelationId, RowShareLock);
	HeapTuple	cached = SearchSysCache1(NAMESPACENAME, CStringGetDatum(mart));
	HeapTupleData tuple;
	Buffer		buffer;
	TM_FailureData failure;

	if (!HeapTupleIsValid(cached))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("schema \"%s\" does not exist", mart)));
	if (!has_privs_of_role(GetUserId(), ((Form_pg_namespace) GETSTRUCT(cached))->nspowner))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_SCHEMA, mart);
	ItemPointerCopy(&cached->t_self, &tuple.t_self);
	ReleaseSysCache(cached);

	if (heap_lock_tuple(catalog, &tuple, GetCurrentCommandId(false), LockTupleKeyShare, LockWaitBlock, false,
						&buffer, &failure) != TM_Ok)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("schema \"%s\" was changed concurrently", mart),
				 errhint("Try again.")));
	ReleaseBuffer(buffer);
	table_close(catalog, NoLock);
}

/*
 * Nobody but the owner and members of that role may make others wait.
 */
static void
before_locking(const RangeVar *name, Oid relation, Oid previous, void *arg)
{
	HeapTuple	tuple;

	(void) previous;
	(void) arg;
	if (!OidIsValid(relation))
		return;
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	if (!HeapTupleIsValid(tuple))
		return;					/* dropped meanwhile: looked up again */
	if (!has_privs_of_role(GetUserId(), ((Form_pg_class) GETSTRUCT(tuple))->relowner))
		aclcheck_error(ACLCHECK_NOT_OWNER, get_relkind_objtype(get_rel_relkind(relation)), name->relname);
	ReleaseSysCache(tuple);
}

/*
 * leakage_hold_mart(mart name, relations name[]) -> void
 *
 * Relations of the mart that do not exist are left out.
 */
Datum
leakage_hold_mart(PG_FUNCTION_ARGS)
{
	char	   *mart = NameStr(*PG_GETARG_NAME(0));
	Datum	   *names;
	int			num_names;

	hold_schema_name(mart);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR, &names, NULL, &num_names);
	for (int i = 0; i < num_names; i++)
	{
		RangeVar   *name = makeRangeVar(mart, NameStr(*DatumGetName(names[i])), -1);
		Oid			relation = RangeVarGetRelidExtended(name, ShareUpdateExclusiveLock, RVR_MISSING_OK,
														before_locking, NULL);

		CHECK_FOR_INTERRUPTS();
		if (OidIsValid(relation))
			(void) find_all_inheritors(relation, ShareUpdateExclusiveLock, NULL);
	}
	PG_RETURN_VOID();
}

/*
 * leakage_session_is_of(role oid) -> boolean
 *
 * Whether everything that runs in this session, whatever it does, can have no
 * other rights than the role's: nobody logged in as another role, and changed
 * to this one with SET ROLE, SET SESSION AUTHORIZATION or a function with
 * SECURITY DEFINER.  From there, a function could change back.
 */
Datum
leakage_session_is_of(PG_FUNCTION_ARGS)
{
	Oid			role = PG_GETARG_OID(0);

	PG_RETURN_BOOL(GetUserId() == role && GetOuterUserId() == role &&
				   GetSessionUserId() == role && GetAuthenticatedUserId() == role);
}
