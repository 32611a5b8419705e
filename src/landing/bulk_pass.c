/*-------------------------------------------------------------------------
 *
 * bulk_pass.c
 *		Runs a bulk pass: the workers, the two phases, the partitions.
 *
 * The shared state lives in a dynamic shared memory segment of the pass's own,
 * which the workers are told of: so it is there, and the temporary files with
 * it, also where no worker can be had.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_am_d.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "optimizer/paths.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "storage/dsm.h"
#include "storage/shmem.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "landing/bulk_pass.h"
#include "base/base.h"

#define KEY_SHARED_HANDLE	UINT64CONST(1)

/* a partition is small enough for the processor's cache, where memory allows more */
#define PARTITION_TARGET	(4 * 1024 * 1024)
#define MAX_PARTITIONS		1024

/* what one landing row may come to in the memory of a merge */
#define ROW_MEMORY			64

/* rows of a block of a landing table, for want of a better estimate */
#define ROWS_PER_BLOCK		110

#define PHASE_SCAN			0

PGDLLEXPORT void leakage_bulk_worker(dsm_segment *seg, shm_toc *toc);

static const BulkJob *
job_of_kind(BulkJobKind kind)
{
	switch (kind)
	{
		case BULK_BEST_CRM_ROW:
			return &best_crm_row_job;
		case BULK_BEST_DEVICE_ROW:
			return &best_device_row_job;
		case BULK_WEEKS:
			return &week_job;
	}
	elog(ERROR, "unknown bulk job %d", (int) kind);
}

static ParallelTableScanDesc
shared_scan(BulkShared *shared, const BulkTable *table)
{
	return (ParallelTableScanDesc) ((char *) shared + table->scan);
}

void
bulk_not_possible(const char *reason)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("the bulk pass cannot read this landing table"),
			 errdetail("%s", reason),
			 errhint("leakage_refresh goes on with plain SQL; the option \"bulk_pass\" of the mart sets it from the start.")));
}

static void
scan_table(BulkPass *pass, const BulkTable *table)
{
	BulkShared *shared = pass->shared;
	Relation	relation = table_open(table->relation, AccessShareLock);
	TableScanDesc table_scan = table_beginscan_parallel(relation, shared_scan(shared, table), SO_NONE);
	TupleTableSlot *slot = table_slot_create(relation, NULL);
	AttrNumber	last = 0;
	Datum		values[BULK_MAX_COLUMNS];
	bool		nulls[BULK_MAX_COLUMNS];

	/* other than heaps may not give a row by its place */
	pass->place.table = relation->rd_rel->relam == HEAP_TABLE_AM_OID ? table->relation : InvalidOid;
	for (int i = 0; i < shared->ncolumns; i++)
		last = Max(last, table->columns[i]);
	while (table_scan_getnextslot(table_scan, ForwardScanDirection, slot))
	{
		MemoryContext old;

		CHECK_FOR_INTERRUPTS();
		slot_getsomeattrs(slot, last);
		for (int i = 0; i < shared->ncolumns; i++)
		{
			values[i] = slot->tts_values[table->columns[i] - 1];
			nulls[i] = slot->tts_isnull[table->columns[i] - 1];
		}
		pass->place.row = slot->tts_tid;
		old = MemoryContextSwitchTo(pass->row_context);
		pass->job->scan_row(pass, values, nulls);
		MemoryContextSwitchTo(old);
		MemoryContextReset(pass->row_context);
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(table_scan);
	table_close(relation, NoLock);
}

static void
scan(BulkPass *pass)
{
	BulkShared *shared = pass->shared;

	pass->process = pg_atomic_fetch_add_u32(&shared->scanners, 1);
	pass->records = bulk_writer_open(&shared->files, SCAN_FILES, pass->process, shared->npartitions);
	pass->results = bulk_writer_open(&shared->files, SCAN_RESULT_FILES, pass->process, 1);
	if (pass->job->start_scan != NULL)
		pass->job->start_scan(pass);
	for (int i = 0; i < shared->ntables; i++)
		scan_table(pass, &shared->tables[i]);
	if (pass->job->end_scan != NULL)
		pass->job->end_scan(pass);
	bulk_writer_close(pass->records);
	bulk_writer_close(pass->results);
}

BulkReader *
bulk_open_records(BulkPass *pass, int partition, int64 *bytes)
{
	BulkShared *shared = pass->shared;
	int			nprocesses = pg_atomic_read_u32(&shared->scanners);
	BulkReader *readers = palloc(sizeof(BulkReader) * nprocesses);

	*bytes = 0;
	for (int i = 0; i < nprocesses; i++)
	{
		bulk_reader_open(&readers[i], &shared->files, SCAN_FILES, i, shared->npartitions, partition);
		*bytes += readers[i].bytes;
	}
	return readers;
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
 * A process's part in the pass, from where the others are.
 */
static void
take_part(BulkShared *shared)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "leakage bulk pass",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	BulkPass	pass = {0};
	bool		scanning = (BarrierAttach(&shared->barrier) == PHASE_SCAN);

	pass.shared = shared;
	pass.job = job_of_kind(shared->kind);
	pass.state = palloc0(pass.job->state_size);
	pass.row_context = AllocSetContextCreate(context, "leakage bulk row", ALLOCSET_DEFAULT_SIZES);
	pass.partition_context = AllocSetContextCreate(context, "leakage bulk partition",
												   ALLOCSET_DEFAULT_SIZES);
	if (scanning)
	{
		scan(&pass);
		BarrierArriveAndWait(&shared->barrier, PG_WAIT_EXTENSION);
	}
	merge(&pass);
	BarrierDetach(&shared->barrier);

	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/*
 * Entry point of a worker.
 */
void
leakage_bulk_worker(dsm_segment *seg, shm_toc *toc)
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
	take_part(shared);
	dsm_detach(segment);
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
 * How many partitions: so many that the subscribers of one fit into its share
 * of the memory, and no more than there is memory for their write buffers.
 */
static int
choose_partitions(List *tables)
{
	double		memory = count_blocks(tables) * ROWS_PER_BLOCK * ROW_MEMORY;
	double		target = Min(work_mem * 1024.0 / 2, PARTITION_TARGET);
	int			most = Max(16, work_mem / (2 * BULK_MIN_BUFFER / 1024));
	int			n = 1;

	while (n < memory / target && n < MAX_PARTITIONS && n * 2 <= most)
		n *= 2;
	return n;
}

/*
 * How many workers: as many as the planner would take for the table, within
 * what is of use.
 */
static int
choose_workers(List *tables)
{
	int			workers = -1;
	ListCell   *cell;

	foreach(cell, tables)
	{
		Relation	table = lfirst(cell);

		if (RelationUsesLocalBuffers(table))
			return 0;			/* workers cannot read a temporary table */
		workers = Max(workers, RelationGetParallelWorkers(table, -1));
	}
	if (workers < 0)
		workers = count_blocks(tables) < min_parallel_table_scan_size ? 0 : max_parallel_workers_per_gather;
	return Min(workers, useful_workers());
}

/*
 * The shared state, in a segment of its own.
 */
static dsm_segment *
make_shared(BulkJobKind kind, List *tables, const void *settings, Size settings_size)
{
	Snapshot	snapshot = GetActiveSnapshot();
	const BulkJob *job = job_of_kind(kind);
	Size		scans = MAXALIGN(offsetof(BulkShared, tables) + sizeof(BulkTable) * list_length(tables));
	Size		size = scans;
	dsm_segment *segment;
	BulkShared *shared;
	ListCell   *cell;

	foreach(cell, tables)
		size = add_size(size, MAXALIGN(table_parallelscan_estimate((Relation) lfirst(cell), snapshot)));
	segment = dsm_create(size, 0);
	shared = dsm_segment_address(segment);
	memset(shared, 0, scans);
	SharedFileSetInit(&shared->files, segment);
	BarrierInit(&shared->barrier, 0);
	pg_atomic_init_u32(&shared->scanners, 0);
	pg_atomic_init_u32(&shared->mergers, 0);
	pg_atomic_init_u32(&shared->next_partition, 0);
	shared->npartitions = choose_partitions(tables);
	shared->dictionary_memory = (Size) work_mem * 1024 / 4;
	shared->kind = kind;
	while (job->column_names[shared->ncolumns] != NULL)
		shared->ncolumns++;
	Assert(settings_size <= BULK_SETTINGS_SIZE);
	memcpy(shared->settings, settings, settings_size);
	foreach(cell, tables)
	{
		Relation	relation = lfirst(cell);
		BulkTable  *table = &shared->tables[shared->ntables++];

		table->relation = RelationGetRelid(relation);
		for (int i = 0; i < shared->ncolumns; i++)
			table->columns[i] = get_attnum(table->relation, job->column_names[i]);
		table->scan = scans;
		table_parallelscan_initialize(relation, shared_scan(shared, table), snapshot);
		scans += MAXALIGN(table_parallelscan_estimate(relation, snapshot));
	}
	return segment;
}

static void
receive_files(BulkShared *shared, const char *role, int nprocesses,
			  void (*receive) (BulkReader *results, void *argument), void *receive_argument)
{
	for (int i = 0; i < nprocesses; i++)
	{
		BulkReader	reader;

		bulk_reader_open(&reader, &shared->files, role, i, 1, 0);
		receive(&reader, receive_argument);
		bulk_reader_close(&reader);
	}
}

void
bulk_run(BulkJobKind kind, List *tables, const void *settings, Size settings_size,
		 void (*seed) (BulkPass *pass, void *argument), void *seed_argument,
		 void (*receive) (BulkReader *results, void *argument), void *receive_argument)
{
	dsm_segment *segment = make_shared(kind, tables, settings, settings_size);
	BulkShared *shared = dsm_segment_address(segment);
	ParallelContext *pcxt;
	dsm_handle *handle;

	if (seed != NULL)
	{
		BulkPass	pass = {0};

		pass.shared = shared;
		seed(&pass, seed_argument);
		shared->seeded = true;
	}

	EnterParallelMode();
	pcxt = CreateParallelContext("$libdir/leakage", "leakage_bulk_worker", choose_workers(tables));
	shm_toc_estimate_chunk(&pcxt->estimator, sizeof(dsm_handle));
	shm_toc_estimate_keys(&pcxt->estimator, 1);
	InitializeParallelDSM(pcxt);
	handle = shm_toc_allocate(pcxt->toc, sizeof(dsm_handle));
	*handle = dsm_segment_handle(segment);
	shm_toc_insert(pcxt->toc, KEY_SHARED_HANDLE, handle);
	LaunchParallelWorkers(pcxt);
	take_part(shared);
	WaitForParallelWorkersToFinish(pcxt);
	DestroyParallelContext(pcxt);
	ExitParallelMode();

	receive_files(shared, SCAN_RESULT_FILES, pg_atomic_read_u32(&shared->scanners), receive, receive_argument);
	receive_files(shared, MERGE_RESULT_FILES, pg_atomic_read_u32(&shared->mergers), receive, receive_argument);
	dsm_detach(segment);
}
