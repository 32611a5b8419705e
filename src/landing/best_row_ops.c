/*-------------------------------------------------------------------------
 *
 * best_row_ops.c
 *		The bulk pass over best rows for SQL: leakage_best_crm_rows,
 *		leakage_best_device_rows.
 *
 * Plain SQL can compute the same, and does where a pass cannot run
 * (sql/extension/69_stage.sql).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/base_fmgr.h"
#include "landing/best_row_job.h"
#include "landing/bulk_result.h"
#include "landing/packed_row.h"

PG_FUNCTION_INFO_V1(leakage_best_crm_rows);
PG_FUNCTION_INFO_V1(leakage_best_device_rows);

#define BEST_ROW_COLUMNS	10

/* labels by number, from 1 on */
typedef struct Labels
{
	char	  **names;
	uint32		count;
	uint32		capacity;
} Labels;

static const char *const named_columns[] = {"msisdn", NULL};
static const char *const labelled_columns[] = {"msisdn", "label", NULL};

/* the number of a label: equal ones in a row share it */
static uint32
number_of_label(Labels *labels, LandingValue label)
{
	const char *last = labels->count > 0 ? labels->names[labels->count - 1] : NULL;

	if (last != NULL && strlen(last) == (size_t) label.length && memcmp(last, label.data, label.length) == 0)
		return labels->count;
	if (labels->count == labels->capacity)
	{
		labels->capacity = Max(64, labels->capacity * 2);
		labels->names = labels->names == NULL ?
			palloc(sizeof(char *) * labels->capacity) :
			repalloc(labels->names, sizeof(char *) * labels->capacity);
	}
	labels->names[labels->count++] = pnstrdup(label.data, label.length);
	return labels->count;
}

/*
 * Tell the pass of the subscribers of a relation of the caller's.  The leader
 * alone reads it, so it may be a temporary table.  "labels" is NULL where the
 * subscribers are to be named.
 */
static void
seed_from(BulkWriter *seeds, Oid relation, Labels *labels)
{
	const char *const *columns = labels == NULL ? named_columns : labelled_columns;
	List	   *tables = landing_open(relation, columns);
	ListCell   *cell;

	foreach(cell, tables)
	{
		LandingScan scan;

		landing_scan_begin(&scan, (Relation) lfirst(cell), columns, NULL);
		while (landing_scan_next(&scan))
		{
			BulkKey		key;

			if (bulk_key_read(&key, landing_value(scan.values[0]), NULL) != NULL)
				continue;
			if (labels == NULL)
				best_row_seed(seeds, &key, true, 0);
			else if (scan.values[1] != NULL)
				best_row_seed(seeds, &key, false, number_of_label(labels, landing_value(scan.values[1])));
		}
		landing_scan_end(&scan);
	}
	landing_close(tables);
}

/* msisdn, packed, label, subscribers, duplicates, rows, refused, respelled, part, place */
static void
put_best_rows(ResultSink *sink, BulkReader *reader, const Labels *labels)
{
	const char *bytes;

	while ((bytes = bulk_read(reader, sizeof(BestRowResult))) != NULL)
	{
		BestRowResult result;
		Datum		values[BEST_ROW_COLUMNS] = {0};
		bool		nulls[BEST_ROW_COLUMNS] = {false};

		result_start_row(sink);
		memcpy(&result, bytes, sizeof(result));
		nulls[0] = !result.named;
		if (result.named)
			values[0] = result_key(reader);
		values[1] = result_bytes(reader, result.packed_length);
		nulls[2] = (result.label == 0);
		if (result.label > 0)
			values[2] = CStringGetTextDatum(labels->names[result.label - 1]);
		values[3] = Int64GetDatum(result.subscribers);
		values[4] = Int64GetDatum(result.duplicates);
		values[5] = Int64GetDatum(result.rows);
		values[6] = Int64GetDatum(result.refused);
		values[7] = Int64GetDatum(result.respelled);
		result_place(&result.place, &values[8], &nulls[8]);
		result_end_row(sink, values, nulls);
	}
}

/* arguments 0 and 1 are landing and named; "labelled" may be InvalidOid */
static void
run_best_rows(FunctionCallInfo fcinfo, const BulkJob *job, Oid labelled,
			  const void *settings, Size settings_size)
{
	Oid			named = PG_ARGISNULL(1) ? InvalidOid : PG_GETARG_OID(1);
	List	   *landing = landing_open(PG_GETARG_OID(0), job->columns);
	Labels		labels = {0};
	ResultSink	sink;
	BulkRun    *run;
	BulkReader *results;

	result_begin(&sink, fcinfo);
	run = bulk_begin(job, landing, settings, settings_size);
	if (OidIsValid(named) || OidIsValid(labelled))
	{
		BulkWriter *seeds = bulk_seeds_create(run);

		if (OidIsValid(named))
			seed_from(seeds, named, NULL);
		if (OidIsValid(labelled))
			seed_from(seeds, labelled, &labels);
		bulk_writer_close(seeds);
	}
	bulk_execute(run);
	while ((results = bulk_next_results(run)) != NULL)
		put_best_rows(&sink, results, &labels);
	bulk_end(run);
	landing_close(landing);
}

/*
 * leakage_best_crm_rows(landing regclass, named regclass, labelled regclass,
 *						 as_of_year integer, min_age integer, max_age integer)
 */
Datum
leakage_best_crm_rows(PG_FUNCTION_ARGS)
{
	PlausibleAges ages;

	require_argument(fcinfo, 0, "landing", "leakage_best_crm_rows");
	require_argument(fcinfo, 3, "as_of_year", "leakage_best_crm_rows");
	require_argument(fcinfo, 4, "min_age", "leakage_best_crm_rows");
	require_argument(fcinfo, 5, "max_age", "leakage_best_crm_rows");
	ages.as_of_year = PG_GETARG_INT32(3);
	ages.min_age = PG_GETARG_INT32(4);
	ages.max_age = PG_GETARG_INT32(5);
	run_best_rows(fcinfo, &best_crm_row_job, PG_ARGISNULL(2) ? InvalidOid : PG_GETARG_OID(2),
				  &ages, sizeof(ages));
	return (Datum) 0;
}

/*
 * leakage_best_device_rows(landing regclass, named regclass)
 */
Datum
leakage_best_device_rows(PG_FUNCTION_ARGS)
{
	require_argument(fcinfo, 0, "landing", "leakage_best_device_rows");
	run_best_rows(fcinfo, &best_device_row_job, InvalidOid, "", 0);
	return (Datum) 0;
}
