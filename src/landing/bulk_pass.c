/*-------------------------------------------------------------------------
 *
 * bulk_pass.c
 *		Runs a bulk pass: the workers, the two phases, the partitions.
 *
 * The shared state lives in a dynamic shared memory segment of its own, and
 * workers are told its handle.  So the state, and the temporary files with it,
 * exist also where no worker can be had.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "optimizer/paths.h"
#include "pgstat.h"
#include "port/atomics.h"
#include "storage/barrier.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/base.h"
#include "landing/bulk_pass.h"

#define KEY_SHARED_HANDLE	UINT64CONST(1)

/* a partition is small enough for the processor's cache, where memory allows more */
#define PARTITION_TARGET	(4 * 1024 * 1024)
#define MAX_PARTITIONS		1024

/* what one landing row may come to in the memory of a merge */
#define ROW_MEMORY			64

/* rows of a block of a landing table, for want of a better estimate */
#define ROWS_PER_BLOCK		110

#define PHASE_SCAN			0

#define SCAN_FILES			"rows"
#define NOTE_FILES			"notes"
#define SEED_FILES			"seeds"
#define SCAN_RESULT_FILES	"scan results"
#define MERGE_RESULT_FILES	"merge results"

/* a table that holds rows of a landing table */
typedef struct BulkTable
{
	Oid			relation;
	int			source;
	Size		scan;			/* where its ParallelTableScanDesc is in the shared state; 0: the leader's alone */
} BulkTable;

struct BulkShared
{
	SharedFileSet files;
	Barrier		barrier;
	pg_atomic_uint32 scanners;	/* processes that have scanned: numbers 0 to n - 1 */
	pg_atomic_uint32 mergers;	/* the same of those that merge */
	pg_atomic_uint32 next_partition;
	int			npartitions;
	bool		seeded;			/* the leader wrote records of its own */
	bool		has_source[BULK_MAX_SOURCES];
	int64		settings[BULK_SETTINGS_SIZE / sizeof(int64)];	/* of any type, so aligned */
	int			ntables;
	BulkTable	tables[FLEXIBLE_ARRAY_MEMBER];	/* and behind them their ParallelTableScanDescs */
};

struct BulkRun
{
	const BulkJob *job;
	List	   *tables[BULK_MAX_SOURCES];	/* Relations */
	dsm_segment *segment;
	BulkShared *shared;
	int			next_results;
	BulkReader	results;
};

static ParallelTableScanDesc
shared_scan(BulkShared *shared, const BulkTable *table)
{
	return table->scan == 0 ? NULL : (ParallelTableScanDesc) ((char *) shared + table->scan);
}

/* ---- one process's part ---- */

/*
 * Records of different sources go to different places, so that a merge reads
 * one source after the other.
 */
static int
record_places(const BulkPass *pass)
{
	return pass->job->nsources * pass->npartitions;
}

int
bulk_record_place(const BulkPass *pass, const BulkKey *key)
{
	return pass->source * pass->npartitions + bulk_key_partition(key, pass->npartitions);
}

static void
scan_table(BulkPass *pass, const BulkTable *table)
{
	const BulkSource *source = &pass->job->sources[table->source];
	Relation	relation = table_open(table->relation, AccessShareLock);
	LandingScan scan;

	pass->source = table->source;
	landing_scan_begin(&scan, relation, source->columns, shared_scan(pass->shared, table));
	while (landing_scan_next(&scan))
	{
		MemoryContext old = MemoryContextSwitchTo(pass->row_context);

		pass->place = scan.place;
		source->scan_row(pass, scan.values);
		MemoryContextSwitchTo(old);
		MemoryContextReset(pass->row_context);
	}
	landing_scan_end(&scan);
	table_close(relation, NoLock);
}

static void
scan(BulkPass *pass, bool leader)
{
	BulkShared *shared = pass->shared;

	pass->process = pg_atomic_fetch_add_u32(&shared->scanners, 1);
	pass->records = bulk_writer_open(&shared->files, SCAN_FILES, pass->process, record_places(pass));
	pass->results = bulk_writer_open(&shared->files, SCAN_RESULT_FILES, pass->process, 1);
	if (pass->job->start_scan != NULL)
		pass->job->start_scan(pass);
	for (int i = 0; i < shared->ntables; i++)
	{
		if (leader || shared->tables[i].scan != 0)
			scan_table(pass, &shared->tables[i]);
	}
	if (pass->job->end_scan != NULL)
		pass->job->end_scan(pass);
	bulk_writer_close(pass->records);
	bulk_writer_close(pass->results);
}

static void
merge(BulkPass *pass)
{
	BulkShared *shared = pass->shared;

	pass->process = pg_atomic_fetch_add_u32(&shared->mergers, 1);
	pass->results = bulk_writer_open(&shared->files, MERGE_RESULT_FILES, pass->process, 1);
	if (pass->job->start_merge != NULL)
		pass->job->start_merge(pass);
	for (;;)
	{
		int			partition = pg_atomic_fetch_add_u32(&shared->next_partition, 1);
		MemoryContext old;

		if (partition >= shared->npartitions)
			break;
		CHECK_FOR_INTERRUPTS();
		old = MemoryContextSwitchTo(pass->partition_context);
		pass->job->merge_partition(pass, partition);
		MemoryContextSwitchTo(old);
		MemoryContextReset(pass->partition_context);
	}
	if (pass->job->end_merge != NULL)
		pass->job->end_merge(pass);
	bulk_writer_close(pass->results);
}

/*
 * Take part in the pass from where the others are.  The leader is a
 * participant of the barrier from the start, since nobody else scans the
 * tables that are its alone.
 */
static void
take_part(const BulkJob *job, BulkShared *shared, bool leader)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "leakage bulk pass",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	BulkPass	pass = {0};

	pass.job = job;
	pass.shared = shared;
	pass.settings = shared->settings;
	pass.state = palloc0(job->state_size);
	pass.npartitions = shared->npartitions;
	pass.row_context = AllocSetContextCreate(context, "leakage bulk row", ALLOCSET_DEFAULT_SIZES);
	pass.partition_context = AllocSetContextCreate(context, "leakage bulk partition",
												   ALLOCSET_DEFAULT_SIZES);
	if (leader || BarrierAttach(&shared->barrier) == PHASE_SCAN)
	{
		scan(&pass, leader);
		BarrierArriveAndWait(&shared->barrier, PG_WAIT_EXTENSION);
	}
	merge(&pass);
	BarrierDetach(&shared->barrier);

	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

void
bulk_worker_main(const BulkJob *job, shm_toc *toc)
{
	dsm_handle *handle = shm_toc_lookup(toc, KEY_SHARED_HANDLE, false);
	dsm_segment *segment = dsm_attach(*handle);
	BulkShared *shared;

	if (segment == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("could not map dynamic shared memory segment")));
	shared = dsm_segment_address(segment);
	SharedFileSetAttach(&shared->files, segment);
	take_part(job, shared, false);
	dsm_detach(segment);
}

/* ---- what jobs ask, and read in a merge ---- */

bool
bulk_has_source(const BulkPass *pass, int source)
{
	return pass->shared->has_source[source];
}

int
bulk_scanners(const BulkPass *pass)
{
	return pg_atomic_read_u32(&pass->shared->scanners);
}

BulkReader *
bulk_open_records(BulkPass *pass, int source, int partition, int64 *bytes)
{
	int			nprocesses = bulk_scanners(pass);
	BulkReader *readers = palloc(sizeof(BulkReader) * nprocesses);

	*bytes = 0;
	for (int i = 0; i < nprocesses; i++)
	{
		bulk_reader_open(&readers[i], &pass->shared->files, SCAN_FILES, i, record_places(pass),
						 source * pass->npartitions + partition);
		*bytes += readers[i].bytes;
	}
	return readers;
}

BulkWriter *
bulk_notes_create(BulkPass *pass)
{
	return bulk_writer_open(&pass->shared->files, NOTE_FILES, pass->process, 1);
}

void
bulk_notes_open(BulkPass *pass, int process, BulkReader *reader)
{
	bulk_reader_open(reader, &pass->shared->files, NOTE_FILES, process, 1, 0);
}

bool
bulk_seeds_open(BulkPass *pass, int partition, BulkReader *reader)
{
	if (pass->shared->seeded)
		bulk_reader_open(reader, &pass->shared->files, SEED_FILES, 0, pass->npartitions, partition);
	return pass->shared->seeded;
}

/* ---- the leader ---- */

/* all tables of a run */
static List *
all_tables(const BulkRun *run)
{
	List	   *tables = NIL;

	for (int i = 0; i < run->job->nsources; i++)
		tables = list_concat(tables, run->tables[i]);
	return tables;
}

static double
count_blocks(List *tables)
{
	double		blocks = 0;
	ListCell   *cell;

	foreach(cell, tables)
		blocks += RelationGetNumberOfBlocks((Relation) lfirst(cell));
	return blocks;
}

/*
 * As many partitions as make the subscribers of one fit into its share of the
 * memory, but no more than there is memory for write buffers.
 */
static int
choose_partitions(const BulkJob *job, List *tables)
{
	double		memory = count_blocks(tables) * ROWS_PER_BLOCK * ROW_MEMORY;
	double		target = Min(work_mem * 1024.0 / 2, PARTITION_TARGET);
	int			most = Max(16, work_mem / (2 * job->nsources * BULK_MIN_BUFFER / 1024));
	int			n = 1;

	while (n < memory / target && n < MAX_PARTITIONS && n * 2 <= most)
		n *= 2;
	return n;
}

/*
 * As many workers as the planner would take for the largest table, within what
 * is of use.
 */
static int
choose_workers(List *tables)
{
	int			workers = -1;
	bool		shared = false;
	ListCell   *cell;

	foreach(cell, tables)
	{
		Relation	table = lfirst(cell);

		shared |= landing_scan_is_shared(table);
		workers = Max(workers, RelationGetParallelWorkers(table, -1));
	}
	if (!shared)
		return 0;
	if (workers < 0)
		workers = count_blocks(tables) < min_parallel_table_scan_size ? 0 : max_parallel_workers_per_gather;
	return Min(workers, useful_workers());
}

/*
 * Make the shared state, in a segment of its own.
 */
static void
make_shared(BulkRun *run, const Oid *landings, const void *settings, Size settings_size)
{
	Snapshot	snapshot = GetActiveSnapshot();
	List	   *tables = all_tables(run);
	Size		scans = MAXALIGN(offsetof(BulkShared, tables) + sizeof(BulkTable) * list_length(tables));
	Size		size = scans;
	BulkShared *shared;
	ListCell   *cell;

	foreach(cell, tables)
	{
		if (landing_scan_is_shared(lfirst(cell)))
			size = add_size(size, MAXALIGN(table_parallelscan_estimate(lfirst(cell), snapshot)));
	}
	run->segment = dsm_create(size, 0);
	run->shared = shared = dsm_segment_address(run->segment);
	memset(shared, 0, scans);
	SharedFileSetInit(&shared->files, run->segment);
	BarrierInit(&shared->barrier, 0);	/* workers attach if they come in time, */
	BarrierAttach(&shared->barrier);	/* the leader in any case */
	pg_atomic_init_u32(&shared->scanners, 0);
	pg_atomic_init_u32(&shared->mergers, 0);
	pg_atomic_init_u32(&shared->next_partition, 0);
	shared->npartitions = choose_partitions(run->job, tables);
	Assert(settings_size <= BULK_SETTINGS_SIZE);
	memcpy(shared->settings, settings, settings_size);
	for (int i = 0; i < run->job->nsources; i++)
	{
		shared->has_source[i] = OidIsValid(landings[i]);
		foreach(cell, run->tables[i])
		{
			Relation	relation = lfirst(cell);
			BulkTable  *table = &shared->tables[shared->ntables++];

			table->relation = RelationGetRelid(relation);
			table->source = i;
			if (!landing_scan_is_shared(relation))
				continue;
			table->scan = scans;
			table_parallelscan_initialize(relation, shared_scan(shared, table), snapshot);
			scans += MAXALIGN(table_parallelscan_estimate(relation, snapshot));
		}
	}
}

BulkRun *
bulk_begin(const BulkJob *job, const Oid *landings, const void *settings, Size settings_size)
{
	BulkRun    *run;

	/* a function that is falsely declared PARALLEL SAFE may call this */
	if (IsInParallelMode())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_STATE),
				 errmsg("cannot run a bulk pass during a parallel operation")));
	run = palloc0(sizeof(BulkRun));
	run->job = job;
	for (int i = 0; i < job->nsources; i++)
	{
		if (OidIsValid(landings[i]))
			run->tables[i] = landing_open(landings[i], job->sources[i].columns);
	}
	make_shared(run, landings, settings, settings_size);
	return run;
}

BulkWriter *
bulk_seeds_create(BulkRun *run)
{
	run->shared->seeded = true;
	return bulk_writer_open(&run->shared->files, SEED_FILES, 0, run->shared->npartitions);
}

void
bulk_execute(BulkRun *run)
{
	ParallelContext *pcxt;
	dsm_handle *handle;

	EnterParallelMode();
	pcxt = CreateParallelContext("$libdir/leakage", run->job->worker, choose_workers(all_tables(run)));
	shm_toc_estimate_chunk(&pcxt->estimator, sizeof(dsm_handle));
	shm_toc_estimate_keys(&pcxt->estimator, 1);
	InitializeParallelDSM(pcxt);
	handle = shm_toc_allocate(pcxt->toc, sizeof(dsm_handle));
	*handle = dsm_segment_handle(run->segment);
	shm_toc_insert(pcxt->toc, KEY_SHARED_HANDLE, handle);
	LaunchParallelWorkers(pcxt);
	take_part(run->job, run->shared, true);
	WaitForParallelWorkersToFinish(pcxt);
	DestroyParallelContext(pcxt);
	ExitParallelMode();
}

BulkReader *
bulk_next_results(BulkRun *run)
{
	BulkShared *shared = run->shared;
	int			nscanners = pg_atomic_read_u32(&shared->scanners);
	int			n = run->next_results++;

	if (n > 0)
		bulk_reader_close(&run->results);
	if (n < nscanners)
		bulk_reader_open(&run->results, &shared->files, SCAN_RESULT_FILES, n, 1, 0);
	else if (n - nscanners < (int) pg_atomic_read_u32(&shared->mergers))
		bulk_reader_open(&run->results, &shared->files, MERGE_RESULT_FILES, n - nscanners, 1, 0);
	else
		return NULL;
	return &run->results;
}

void
bulk_end(BulkRun *run)
{
	dsm_detach(run->segment);
	for (int i = 0; i < run->job->nsources; i++)
		landing_close(run->tables[i]);
	pfree(run);
}
