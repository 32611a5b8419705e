/*-------------------------------------------------------------------------
 *
 * bulk_pass.h
 *		One parallel pass over landing tables, through partitions on disk.
 *
 * A pass has two phases, with a barrier between them:
 *		scan		each process reads its share of the rows and writes a record
 *					per row to its file, in the partition of the row's subscriber
 *		merge		each process takes one partition after the other and reads
 *					what all processes wrote for it
 * A pass may read several landing tables, its sources.  The merge of a
 * partition then has all that they say of its subscribers.
 * In both phases a process may write results, which the leader then reads.
 * The leader takes part in both phases, so a pass needs no workers.  Workers
 * that start late or not at all only leave more work to the others.
 *
 * All rows go through the files, however few they are.  Memory is bounded by
 * the subscribers of one partition, and one code path serves every size.
 *
 * What a pass computes is a BulkJob.  To add one, write a file like week_job.c
 * that defines the job and its worker's entry point, and a file like
 * week_ops.c that runs it for SQL.  The pass knows none of its jobs: a worker
 * is told the name of its entry point, which PostgreSQL looks up in the
 * library, and the entry point names the job.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_BULK_PASS_H
#define LEAKAGE_BULK_PASS_H

#include "nodes/pg_list.h"
#include "storage/dsm.h"
#include "storage/shm_toc.h"

#include "landing/bulk_file.h"
#include "landing/bulk_key.h"
#include "landing/landing_table.h"

#define BULK_SETTINGS_SIZE	32
#define BULK_MAX_SOURCES	2

/* what all processes of a pass share; bulk_pass.c */
typedef struct BulkShared BulkShared;

/* one process's part in a pass */
typedef struct BulkPass
{
	const struct BulkJob *job;
	BulkShared *shared;
	const void *settings;		/* the job's, the same in all processes */
	void	   *state;			/* the job's, of this process */
	int			source;			/* scan: of the current row */
	int			process;		/* number of this process in the current phase */
	int			npartitions;	/* a power of two */
	BulkWriter *records;		/* scan: for the merge; see bulk_record_place */
	BulkWriter *results;		/* for the leader, in either phase; one partition */
	LandingPlace place;			/* scan: of the current row */
	MemoryContext row_context;	/* reset after each row */
	MemoryContext partition_context;	/* reset after each partition */
} BulkPass;

/* a landing table that a job reads */
typedef struct BulkSource
{
	const char *const *columns; /* NULL-terminated */
	void		(*scan_row) (BulkPass *pass, const StoredValue *values);
} BulkSource;

/*
 * The callbacks run in each process.  Those that start or end a phase may be
 * NULL.  Their memory context lasts as long as the pass, except in scan_row
 * and merge_partition.
 */
typedef struct BulkJob
{
	const char *worker;			/* exported function that calls bulk_worker_main */
	int			nsources;
	BulkSource	sources[BULK_MAX_SOURCES];
	Size		state_size;

	void		(*start_scan) (BulkPass *pass);
	void		(*end_scan) (BulkPass *pass);

	void		(*start_merge) (BulkPass *pass);
	void		(*merge_partition) (BulkPass *pass, int partition);
	void		(*end_merge) (BulkPass *pass);
} BulkJob;

/* ---- for jobs ---- */

/* was a landing table given for this source? */
extern bool bulk_has_source(const BulkPass *pass, int source);

/* how many processes have scanned: they are numbered from 0 on */
extern int	bulk_scanners(const BulkPass *pass);

/* where in the file of records one of this subscriber and the current source goes */
extern int	bulk_record_place(const BulkPass *pass, const BulkKey *key);

/* all processes' records of a partition and source, one reader per scanning process, and their size */
extern BulkReader *bulk_open_records(BulkPass *pass, int source, int partition, int64 *bytes);

/* a file of one partition that a process writes in the scan and all read in the merge */
extern BulkWriter *bulk_notes_create(BulkPass *pass);
extern void bulk_notes_open(BulkPass *pass, int process, BulkReader *reader);

/* the leader's own records of a partition; false if it wrote none */
extern bool bulk_seeds_open(BulkPass *pass, int partition, BulkReader *reader);

/* body of a worker's entry point */
extern void bulk_worker_main(const BulkJob *job, shm_toc *toc);

/* ---- for who runs a job: the leader ---- */

typedef struct BulkRun BulkRun;

/*
 * "landings" are the landing tables, one for each source; InvalidOid: none.
 * Opens them, with the errors of landing_open.
 */
extern BulkRun *bulk_begin(const BulkJob *job, const Oid *landings, const void *settings, Size settings_size);

/* optional, before bulk_execute: records of the leader's own, by partition; the caller closes it */
extern BulkWriter *bulk_seeds_create(BulkRun *run);

extern void bulk_execute(BulkRun *run);

/* the next file of results, NULL after the last one */
extern BulkReader *bulk_next_results(BulkRun *run);

extern void bulk_end(BulkRun *run);

#endif							/* LEAKAGE_BULK_PASS_H */
