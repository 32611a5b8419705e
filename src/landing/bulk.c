/*-------------------------------------------------------------------------
 *
 * bulk.c
 *		The bulk passes for SQL: leakage_best_crm_rows, leakage_best_device_rows,
 *		leakage_weekly_sums.
 *
 * What they return, plain SQL can compute as well, and does where they cannot
 * (sql/extension/69_stage.sql).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "landing/bulk_best_row.h"
#include "landing/bulk_pass.h"
#include "landing/bulk_week.h"
#include "base/base_fmgr.h"
#include "landing/packed_row.h"
#include "profile/profile.h"

PG_FUNCTION_INFO_V1(leakage_best_crm_rows);
PG_FUNCTION_INFO_V1(leakage_best_device_rows);
PG_FUNCTION_INFO_V1(leakage_weekly_sums);

/* what a result goes through on its way to SQL */
typedef struct ResultSink
{
	ReturnSetInfo *rsinfo;
	MemoryContext row_context;
	const char **labels;		/* by number, from 1 on */
	uint32		nlabels;
	uint32		capacity;
	Oid			named;			/* relations of the seed, or InvalidOid */
	Oid			labelled;
} ResultSink;

static const char *const named_columns[] = {"msisdn", NULL};
static const char *const labelled_columns[] = {"msisdn", "label", NULL};

static void
make_sink(ResultSink *sink, FunctionCallInfo fcinfo)
{
	memset(sink, 0, sizeof(*sink));
	InitMaterializedSRF(fcinfo, 0);
	sink->rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	sink->row_context = AllocSetContextCreate(CurrentMemoryContext, "leakage bulk result",
											  ALLOCSET_DEFAULT_SIZES);
}

static void
put_row(ResultSink *sink, Datum *values, bool *nulls)
{
	tuplestore_putvalues(sink->rsinfo->setResult, sink->rsinfo->setDesc, values, nulls);
	MemoryContextReset(sink->row_context);
}

/* where a refused row is, for two columns */
static void
put_place(const BulkPlace *place, Datum *values, bool *nulls)
{
	ItemPointer row = palloc(sizeof(ItemPointerData));

	*row = place->row;
	values[0] = ObjectIdGetDatum(place->table);
	values[1] = PointerGetDatum(row);
	nulls[0] = nulls[1] = !OidIsValid(place->table);
}

/* ---- best rows ---- */

/* the number of a label: equal ones that adjoin share it */
static uint32
number_of_label(ResultSink *sink, const text *label)
{
	Size		length = VARSIZE_ANY_EXHDR(label);
	const char *last = sink->nlabels > 0 ? sink->labels[sink->nlabels - 1] : NULL;

	if (last != NULL && strlen(last) == length && memcmp(last, VARDATA_ANY(label), length) == 0)
		return sink->nlabels;
	if (sink->nlabels == sink->capacity)
	{
		sink->capacity = Max(64, sink->capacity * 2);
		sink->labels = sink->labels == NULL ?
			palloc(sizeof(char *) * sink->capacity) :
			repalloc(sink->labels, sizeof(char *) * sink->capacity);
	}
	sink->labels[sink->nlabels++] = pnstrdup(VARDATA_ANY(label), length);
	return sink->nlabels;
}

static void
seed_from_table(BulkWriter *writer, ResultSink *sink, Relation table, bool with_label)
{
	AttrNumber	msisdn = get_attnum(RelationGetRelid(table), "msisdn");
	AttrNumber	label = with_label ? get_attnum(RelationGetRelid(table), "label") : InvalidAttrNumber;
	TupleTableSlot *slot = table_slot_create(table, NULL);
	TableScanDesc scan = table_beginscan(table, GetActiveSnapshot(), 0, NULL, SO_NONE);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool		isnull;
		bool		respelled;
		Datum		value = slot_getattr(slot, msisdn, &isnull);
		BulkKey		key;
		uint32		number = 0;
		text	   *id;

		CHECK_FOR_INTERRUPTS();
		if (isnull)
			continue;
		if (with_label)
		{
			Datum		text_of_label = slot_getattr(slot, label, &isnull);

			if (!isnull)
				number = number_of_label(sink, DatumGetTextPP(text_of_label));
		}
		id = DatumGetTextPP(value);
		if (bulk_key_read_text(&key, VARDATA_ANY(id), VARSIZE_ANY_EXHDR(id), &respelled))
			best_row_seed(writer, &key, !with_label, number);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
}

/*
 * The subscribers of a relation of the caller's, which the leader alone
 * reads: it may be a temporary table.
 */
static void
seed_from(BulkWriter *writer, ResultSink *sink, Oid relation, bool with_label)
{
	const BulkJob columns = {.column_names = with_label ? labelled_columns : named_columns};
	List	   *tables = bulk_open_landing(relation, &columns);
	ListCell   *cell;

	foreach(cell, tables)
		seed_from_table(writer, sink, (Relation) lfirst(cell), with_label);
	bulk_close_landing(tables);
}

static void
seed_best_rows(BulkPass *pass, void *argument)
{
	ResultSink *sink = argument;
	BulkWriter *writer = best_row_seed_writer(pass->shared);

	if (OidIsValid(sink->named))
		seed_from(writer, sink, sink->named, false);
	if (OidIsValid(sink->labelled))
		seed_from(writer, sink, sink->labelled, true);
	bulk_writer_close(writer);
}

/* msisdn, packed, label, subscribers, duplicates, rows, refused, respelled, part, place */
static void
receive_best_rows(BulkReader *reader, void *argument)
{
	ResultSink *sink = argument;
	const char *bytes;

	while ((bytes = bulk_read(reader, sizeof(BestRowResult))) != NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(sink->row_context);
		BestRowResult result;
		BulkKey		key;
		Datum		values[10];
		bool		nulls[10] = {false};
		bytea	   *packed;

		CHECK_FOR_INTERRUPTS();
		memcpy(&result, bytes, sizeof(result));
		nulls[0] = !result.named;
		if (result.named)
		{
			if (!bulk_key_next(reader, &key))
				elog(ERROR, "result of a bulk pass ends within a row");
			values[0] = PointerGetDatum(bulk_key_to_text(&key));
		}
		packed = palloc(VARHDRSZ + result.packed_length);
		SET_VARSIZE(packed, VARHDRSZ + result.packed_length);
		memcpy(VARDATA(packed), bulk_read_rest(reader, result.packed_length), result.packed_length);
		values[1] = PointerGetDatum(packed);
		nulls[2] = (result.label == 0);
		if (result.label > 0)
			values[2] = CStringGetTextDatum(sink->labels[result.label - 1]);
		values[3] = Int64GetDatum(result.subscribers);
		values[4] = Int64GetDatum(result.duplicates);
		values[5] = Int64GetDatum(result.rows);
		values[6] = Int64GetDatum(result.refused);
		values[7] = Int64GetDatum(result.respelled);
		put_place(&result.place, &values[8], &nulls[8]);
		MemoryContextSwitchTo(old);
		put_row(sink, values, nulls);
	}
}

static void
run_best_rows(FunctionCallInfo fcinfo, BulkJobKind kind, const BulkJob *job,
			  Oid named, Oid labelled, const void *settings, Size settings_size)
{
	ResultSink	sink;
	List	   *landing = bulk_open_landing(PG_GETARG_OID(0), job);

	make_sink(&sink, fcinfo);
	sink.named = named;
	sink.labelled = labelled;
	bulk_run(kind, landing, settings, settings_size,
			 OidIsValid(named) || OidIsValid(labelled) ? seed_best_rows : NULL, &sink,
			 receive_best_rows, &sink);
	bulk_close_landing(landing);
}

static void
require_argument(FunctionCallInfo fcinfo, int n, const char *name, const char *function)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" of %s is null", name, function)));
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
	run_best_rows(fcinfo, BULK_BEST_CRM_ROW, &best_crm_row_job,
				  PG_ARGISNULL(1) ? InvalidOid : PG_GETARG_OID(1),
				  PG_ARGISNULL(2) ? InvalidOid : PG_GETARG_OID(2),
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
	run_best_rows(fcinfo, BULK_BEST_DEVICE_ROW, &best_device_row_job,
				  PG_ARGISNULL(1) ? InvalidOid : PG_GETARG_OID(1), InvalidOid, "", 0);
	return (Datum) 0;
}

/* ---- weekly sums ---- */

/* a subscriber's weeks, of which the latest are kept, as the aggregate keeps them */
static LeakageProfile *
profile_of_weeks(const char *bytes, uint32 nweeks)
{
	uint32		first = nweeks > PROFILE_MAX_PERIODS ? nweeks - PROFILE_MAX_PERIODS : 0;
	LeakageProfile *profile = profile_make(nweeks - first);

	if (first > 0)
		profile->flags |= PROFILE_TRUNCATED;
	for (uint32 i = first; i < nweeks; i++)
	{
		WeekSum		sum;

		memcpy(&sum, bytes + sizeof(WeekSum) * i, sizeof(sum));
		profile = profile_add(profile, sum.period, true, sum.revenue, false, 0);
	}
	return profile_canonical(profile);
}

/* msisdn, fault, weeks, rows, duplicate_rows, added_weeks, amount, duplicate_amount, revenue, part, place */
static void
receive_weeks(BulkReader *reader, void *argument)
{
	ResultSink *sink = argument;
	const char *bytes;

	while ((bytes = bulk_read(reader, sizeof(WeekResult))) != NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(sink->row_context);
		WeekResult	result;
		Datum		values[11] = {0};
		bool		nulls[11] = {false};

		CHECK_FOR_INTERRUPTS();
		memcpy(&result, bytes, sizeof(result));
		nulls[0] = nulls[2] = (result.kind != WEEK_SUBSCRIBER);
		nulls[1] = (result.kind != WEEK_REFUSED);
		if (result.kind == WEEK_SUBSCRIBER)
		{
			BulkKey		key;

			if (!bulk_key_next(reader, &key))
				elog(ERROR, "result of a bulk pass ends within a row");
			values[0] = PointerGetDatum(bulk_key_to_text(&key));
			bytes = bulk_read_rest(reader, sizeof(WeekSum) * result.length);
			values[2] = PointerGetDatum(profile_of_weeks(bytes, result.length));
		}
		else if (result.kind == WEEK_REFUSED)
			values[1] = PointerGetDatum(cstring_to_text_with_len(bulk_read_rest(reader, result.length),
																 result.length));
		values[3] = Int64GetDatum(result.rows);
		values[4] = Int64GetDatum(result.duplicate_rows);
		values[5] = Int64GetDatum(result.added_weeks);
		values[6] = NumericGetDatum(exact_amount_to_numeric(result.amount, EXACT_PLACES));
		values[7] = NumericGetDatum(exact_amount_to_numeric(result.duplicate_amount, EXACT_PLACES));
		values[8] = NumericGetDatum(money_sum_to_numeric(result.revenue));
		put_place(&result.place, &values[9], &nulls[9]);
		MemoryContextSwitchTo(old);
		put_row(sink, values, nulls);
	}
}

/*
 * leakage_weekly_sums(landing regclass, yyyyww boolean)
 */
Datum
leakage_weekly_sums(PG_FUNCTION_ARGS)
{
	WeekSettings settings;
	ResultSink	sink;
	List	   *landing;

	require_argument(fcinfo, 0, "landing", "leakage_weekly_sums");
	require_argument(fcinfo, 1, "yyyyww", "leakage_weekly_sums");
	memset(&settings, 0, sizeof(settings));
	settings.yyyyww = PG_GETARG_BOOL(1);
	landing = bulk_open_landing(PG_GETARG_OID(0), &week_job);
	make_sink(&sink, fcinfo);
	bulk_run(BULK_WEEKS, landing, &settings, sizeof(settings), NULL, NULL, receive_weeks, &sink);
	bulk_close_landing(landing);
	return (Datum) 0;
}
