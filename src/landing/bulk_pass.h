/*-------------------------------------------------------------------------
 *
 * bulk_pass.h
 *		One parallel pass over a landing table, through partitions on disk.
 *
 * A pass has two phases, with a barrier between them:
 *		scan		each process reads its share of the table, and writes a
 *					record a row to its file, in the partition that the row's
 *					subscriber belongs to
 *		merge		each process takes partitions, one after the other, and reads
 *					what all processes wrote for it
 * In both, a process may write results, which the leader then reads.  The
 * leader takes part in both phases, so a pass needs no worker; workers that
 * start late or not at all only leave more to the others.
 *
 * Rows always go through the files, however few they are: memory is bounded by
 * a partition's share of the subscribers, and one code path serves every size.
 *
 * What a pass computes is a BulkJob: bulk_best_row.c, bulk_week.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_BULK_PASS_H
#define LEAKAGE_BULK_PASS_H

#include "access/tupdesc.h"
#include "executor/tuptable.h"
#include "nodes/pg_list.h"
#include "port/atomics.h"
#include "storage/barrier.h"
#include "storage/itemptr.h"
#include "utils/rel.h"

#include "landing/bulk_file.h"
#include "landing/bulk_key.h"
#include "base/base.h"

#define BULK_MAX_COLUMNS	8
#define BULK_SETTINGS_SIZE	32

/* which job a pass does; known to workers by this number */
typedef enum BulkJobKind
{
	BULK_BEST_CRM_ROW,
	BULK_BEST_DEVICE_ROW,
	BULK_WEEKS
} BulkJobKind;

/* where a row is, so that it can be fetched; table InvalidOid: not known */
typedef struct BulkPlace
{
	Oid			table;
	ItemPointerData row;
	uint16		reserved;
} BulkPlace;

/* a table that holds rows of the landing table */
typedef struct BulkTable
{
	Oid			relation;
	AttrNumber	columns[BULK_MAX_COLUMNS];	/* as the job numbers them */
	Size		scan;			/* where its ParallelTableScanDesc is in the shared state */
} BulkTable;

/* what all processes of a pass share */
typedef struct BulkShared
{
	SharedFileSet files;
	Barrier		barrier;
	pg_atomic_uint32 scanners;	/* processes that have scanned: numbers 0 to n - 1 */
	pg_atomic_uint32 mergers;	/* the same of those that merge */
	pg_atomic_uint32 next_partition;
	int			npartitions;	/* a power of two */
	Size		dictionary_memory;
	BulkJobKind kind;
	int			ncolumns;
	int			ntables;
	char		settings[BULK_SETTINGS_SIZE];	/* the job's */
	bool		seeded;			/* the leader wrote records of its own */
	BulkTable	tables[FLEXIBLE_ARRAY_MEMBER];	/* and behind them their ParallelTableScanDescs */
} BulkShared;

/* one process's part in a pass */
typedef struct BulkPass
{
	BulkShared *shared;
	const struct BulkJob *job;
	void	   *state;			/* the job's, in this process */
	int			process;		/* this process's number in the phase under way */
	BulkWriter *records;		/* scan phase: for the merge, by partition */
	BulkWriter *results;		/* for the leader, in either phase; one partition */
	BulkPlace	place;			/* scan phase: where the row is */
	MemoryContext row_context;	/* emptied after every row */
	MemoryContext partition_context;	/* emptied after every partition */
} BulkPass;

typedef struct BulkJob
{
	const char *const *column_names;	/* NULL-terminated, all of type text */
	Size		state_size;

	/* scan phase, in the process's memory; what starts or ends a phase may be NULL */
	void		(*start_scan) (BulkPass *pass);
	void		(*scan_row) (BulkPass *pass, const Datum *values, const bool *nulls);
	void		(*end_scan) (BulkPass *pass);

	/* merge phase */
	void		(*start_merge) (BulkPass *pass);
	void		(*merge_partition) (BulkPass *pass, int partition);
	void		(*end_merge) (BulkPass *pass);
} BulkJob;

extern const BulkJob best_crm_row_job;
extern const BulkJob best_device_row_job;
extern const BulkJob week_job;

/*
 * Run by the leader: "seed", if not NULL, writes records of the leader's own
 * before the scan; "receive" reads each file of results.
 */
extern void bulk_run(BulkJobKind kind, List *tables, const void *settings, Size settings_size,
					 void (*seed) (BulkPass *pass, void *argument), void *seed_argument,
					 void (*receive) (BulkReader *results, void *argument), void *receive_argument);

/* all processes' records of a partition, a reader a scanning process, and how many bytes they are */
extern BulkReader *bulk_open_records(BulkPass *pass, int partition, int64 *bytes);

/* what the pass cannot do, so that its caller takes the plain-SQL path */
pg_noreturn extern void bulk_not_possible(const char *reason);

/* bulk_access.c: the landing table's tables, opened, if the pass may read it as the executor would */
extern List *bulk_open_landing(Oid relation, const BulkJob *job);
extern void bulk_close_landing(List *tables);

#define SCAN_FILES			"rows"
#define SCAN_RESULT_FILES	"scan results"
#define MERGE_RESULT_FILES	"merge results"

#endif							/* LEAKAGE_BULK_PASS_H */
