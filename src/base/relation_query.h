/*-------------------------------------------------------------------------
 *
 * relation_query.h
 *		Reading a relation that the caller names: one query through the planner,
 *		with the caller's rights.
 *
 * So parallel plans, partitions, foreign tables and shards work, and privileges
 * and row-level security apply.
 *
 * Invariants
 *	- the relation is locked before anything about it is looked up, until the
 *	  end of the transaction.  What was looked up holds while it is read.
 *	- no type is trusted because of what was looked up.  The columns that the
 *	  query gives are checked when it starts.
 *	- no value is read without its null flag.  A function that is declared
 *	  STABLE but is not can make NULL of what was not NULL.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_RELATION_QUERY_H
#define LEAKAGE_RELATION_QUERY_H

#include "executor/tuptable.h"
#include "utils/rel.h"

/* gets each row of the query */
typedef void (*RowReceiver) (TupleTableSlot *slot, void *arg);

/* relation_query.c */

/* open and lock; close it with NoLock, so that it stays locked */
extern Relation relation_of_caller(Oid relation);

/*
 * The attribute number of a column that the caller names.  Other names are
 * refused here, because in the query a name may also mean the whole row, or a
 * function of it.
 */
extern AttrNumber relation_column(Relation relation, const char *column);

/* schema and name, quoted */
extern const char *relation_qualified_name(Relation relation);

/* the OID of the type leakage_profile in the extension's schema */
extern Oid	profile_type_in(Oid extension_schema);

/*
 * Run a query whose columns must have these types.  SPI must be connected.
 * Every later look at its rows relies on the types found here.
 */
extern void query_rows(const char *sql, const Oid *types, int ncolumns, RowReceiver receive, void *arg);

/* a value of a row of a query that leaves out NULLs */
extern Datum required_value(TupleTableSlot *slot, int column);

#endif							/* LEAKAGE_RELATION_QUERY_H */
