/*-------------------------------------------------------------------------
 *
 * landing_table.h
 *		Reads a landing table below the executor: the one way in for its rows.
 *
 * The executor checks privileges and row-level security, knows what a name
 * can mean besides a plain table, and checks the type of each column that it
 * reads.  All of that is done here.
 *
 * Two rules hold.  Nothing is looked at before the table is locked, and the
 * lock is kept to the end of the transaction.  Each table that holds rows is
 * checked by itself, by its own row descriptor: a child table may have been
 * detached and altered between the search for children and its lock.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_LANDING_TABLE_H
#define LEAKAGE_LANDING_TABLE_H

#include "access/relscan.h"
#include "executor/tuptable.h"
#include "nodes/pg_list.h"
#include "storage/itemptr.h"
#include "utils/rel.h"

#include "landing/landing_value.h"

#define LANDING_MAX_COLUMNS	8

/* where a row is; table InvalidOid: not known */
typedef struct LandingPlace
{
	Oid			table;
	ItemPointerData row;
	uint16		reserved;
} LandingPlace;

/* a scan of one table that holds rows of the landing table */
typedef struct LandingScan
{
	TableScanDesc scan;
	TupleTableSlot *slot;
	int			ncolumns;
	AttrNumber	columns[LANDING_MAX_COLUMNS];
	AttrNumber	last_column;

	/* the current row */
	StoredValue values[LANDING_MAX_COLUMNS];	/* in the order of the names */
	LandingPlace place;
} LandingScan;

/*
 * Opens the tables that hold the rows of a landing table: itself, its
 * partitions and its child tables.  "columns" are the names of the columns
 * that are read, NULL-terminated; each must be of type text.  An error where
 * the caller may not read them (42501) or a pass cannot (0A000).
 */
extern List *landing_open(Oid relation, const char *const *columns);
extern void landing_close(List *tables);

/* can several processes share a scan of this table? */
extern bool landing_scan_is_shared(Relation table);

/* "shared" is the scan of all processes, or NULL for one process alone */
extern void landing_scan_begin(LandingScan *scan, Relation table, const char *const *columns,
							   ParallelTableScanDesc shared);
extern bool landing_scan_next(LandingScan *scan);
extern void landing_scan_end(LandingScan *scan);

/* the bytes of a value, valid as long as the row and the memory context */
extern LandingValue landing_value(StoredValue stored);

/* reports what a pass cannot do, so that its caller takes the path of plain SQL */
pg_noreturn extern void landing_unreadable(const char *reason);

#endif							/* LEAKAGE_LANDING_TABLE_H */
