/*-------------------------------------------------------------------------
 *
 * best_row_ops.c
 *		The bulk passes over best rows for SQL: _leakage.best_crm_rows,
 *		_leakage.best_device_rows.
 *
 * Plain SQL can compute the same, and does where a pass cannot run
 * (sql/extension/69_stage.sql).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/date.h"

#include "base/base_fmgr.h"
#include "landing/best_row_job.h"
#include "landing/bulk_result.h"
#include "landing/clean.h"
#include "landing/packed_row.h"

PG_FUNCTION_INFO_V1(leakage_best_crm_rows);
PG_FUNCTION_INFO_V1(leakage_best_device_rows);

/* columns of a result: those of both functions, then those of best_crm_rows */
enum
{
	COLUMN_MSISDN,
	COLUMN_PACKED,
	COLUMN_SUBSCRIBERS,
	COLUMN_DUPLICATES,
	COLUMN_ROWS,
	COLUMN_REFUSED,
	COLUMN_RESPELLED,
	COLUMN_PART,
	COLUMN_PLACE,
	COLUMN_ATTRIBUTE,
	COLUMN_REGION,
	COLUMN_ACTIVATED_ON,
	COLUMN_UNDATED,
	NCOLUMNS
};

/*
 * Tell the pass to name the subscribers of a relation of the caller's.  The
 * leader alone reads it, so it may be a temporary table.
 */
static void
name_subscribers(BulkRun *run, Oid relation)
{
	static const char *const columns[] = {"msisdn", NULL};
	BulkWriter *seeds = bulk_seeds_create(run);
	List	   *tables = landing_open(relation, columns);
	ListCell   *cell;

	foreach(cell, tables)
	{
		LandingScan scan;

		landing_scan_begin(&scan, (Relation) lfirst(cell), columns, NULL);
		while (landing_scan_next(&scan))
		{
			BulkKey		key;

			if (bulk_key_read(&key, landing_value(scan.values[0]), NULL) == NULL)
				bulk_key_write(seeds, bulk_key_partition(&key, seeds->npartitions), &key, NULL, 0);
		}
		landing_scan_end(&scan);
	}
	landing_close(tables);
	bulk_writer_close(seeds);
}

/* the next "length" bytes, a packed row of one column */
static Trimmed
read_column(BulkReader *reader, Size length, const PackedRowKind *kind)
{
	LandingValue value;

	if (!packed_row_read(bulk_read_rest(reader, length), length, kind, &value))
		elog(ERROR, "result of a bulk pass has an invalid row");
	return landing_trim(value);
}

static Datum
read_region(BulkReader *reader, Size length, bool *isnull)
{
	Trimmed		value = read_column(reader, length, &packed_region);
	text	   *region = (text *) palloc(VARHDRSZ + value.len);

	SET_VARSIZE(region, VARHDRSZ + clean_words(value, false, VARDATA(region)));
	*isnull = (value.len == 0);
	return PointerGetDatum(region);
}

static Datum
read_date(BulkReader *reader, Size length, bool *isnull)
{
	int32		days = 0;

	*isnull = !clean_date(read_column(reader, length, &packed_date), &days);
	return DateADTGetDatum(days);
}

static void
put_best_rows(ResultSink *sink, BulkReader *reader)
{
	const char *bytes;

	while ((bytes = bulk_read(reader, sizeof(BestRowResult))) != NULL)
	{
		BestRowResult result;
		Datum		values[NCOLUMNS] = {0};
		bool		nulls[NCOLUMNS] = {false};

		result_start_row(sink);
		memcpy(&result, bytes, sizeof(result));
		nulls[COLUMN_MSISDN] = !result.named;
		nulls[COLUMN_PACKED] = (result.packed_length == 0);
		nulls[COLUMN_REGION] = (result.region_length == 0);
		nulls[COLUMN_ACTIVATED_ON] = (result.date_length == 0);
		if (result.named)
			values[COLUMN_MSISDN] = result_key(reader);
		if (result.packed_length > 0)
			values[COLUMN_PACKED] = result_bytes(reader, result.packed_length);
		if (result.region_length > 0)
			values[COLUMN_REGION] = read_region(reader, result.region_length, &nulls[COLUMN_REGION]);
		if (result.date_length > 0)
			values[COLUMN_ACTIVATED_ON] = read_date(reader, result.date_length, &nulls[COLUMN_ACTIVATED_ON]);
		values[COLUMN_SUBSCRIBERS] = Int64GetDatum(result.subscribers);
		values[COLUMN_DUPLICATES] = Int64GetDatum(result.duplicates);
		values[COLUMN_ROWS] = Int64GetDatum(result.rows);
		values[COLUMN_REFUSED] = Int64GetDatum(result.refused);
		values[COLUMN_RESPELLED] = Int64GetDatum(result.respelled);
		values[COLUMN_ATTRIBUTE] = BoolGetDatum(result.source == SOURCE_ATTRIBUTES);
		values[COLUMN_UNDATED] = Int64GetDatum(result.undated);
		result_place(&result.place, &values[COLUMN_PART], &nulls[COLUMN_PART]);
		result_end_row(sink, values, nulls);
	}
}

/* argument 1 is "named" */
static void
run_best_rows(FunctionCallInfo fcinfo, const BulkJob *job, const Oid *landings,
			  const void *settings, Size settings_size)
{
	ResultSink	sink;
	BulkRun    *run = bulk_begin(job, landings, settings, settings_size);
	BulkReader *results;

	result_begin(&sink, fcinfo);
	if (!PG_ARGISNULL(1))
		name_subscribers(run, PG_GETARG_OID(1));
	bulk_execute(run);
	while ((results = bulk_next_results(run)) != NULL)
		put_best_rows(&sink, results);
	bulk_end(run);
}

/*
 * _leakage.best_crm_rows(landing regclass, named regclass, attributes regclass,
 *						  as_of_year integer, min_age integer, max_age integer)
 */
Datum
leakage_best_crm_rows(PG_FUNCTION_ARGS)
{
	Oid			landings[] = {InvalidOid, InvalidOid};
	PlausibleAges ages;

	require_argument(fcinfo, 0, "landing", "best_crm_rows");
	require_argument(fcinfo, 3, "as_of_year", "best_crm_rows");
	require_argument(fcinfo, 4, "min_age", "best_crm_rows");
	require_argument(fcinfo, 5, "max_age", "best_crm_rows");
	landings[SOURCE_ROWS] = PG_GETARG_OID(0);
	if (!PG_ARGISNULL(2))
		landings[SOURCE_ATTRIBUTES] = PG_GETARG_OID(2);
	ages.as_of_year = PG_GETARG_INT32(3);
	ages.min_age = PG_GETARG_INT32(4);
	ages.max_age = PG_GETARG_INT32(5);
	run_best_rows(fcinfo, &best_crm_row_job, landings, &ages, sizeof(ages));
	return (Datum) 0;
}

/*
 * _leakage.best_device_rows(landing regclass, named regclass)
 */
Datum
leakage_best_device_rows(PG_FUNCTION_ARGS)
{
	Oid			landing;

	require_argument(fcinfo, 0, "landing", "best_device_rows");
	landing = PG_GETARG_OID(0);
	run_best_rows(fcinfo, &best_device_row_job, &landing, "", 0);
	return (Datum) 0;
}
