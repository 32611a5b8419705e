/*-------------------------------------------------------------------------
 *
 * packed_row_ops.c
 *		Packed rows of the landing tables for SQL: packing, unpacking, and the
 *		aggregate that picks the first.
 *
 * The plain-SQL path of a refresh cleans with these.  The bulk pass
 * (best_row_job.c) uses packed_row.c itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "base/base_fmgr.h"
#include "landing/landing_table.h"
#include "landing/packed_row.h"

PG_FUNCTION_INFO_V1(leakage_pack_crm);
PG_FUNCTION_INFO_V1(leakage_pack_device);
PG_FUNCTION_INFO_V1(leakage_unpack_crm);
PG_FUNCTION_INFO_V1(leakage_unpack_device);
PG_FUNCTION_INFO_V1(leakage_first_transition);

/* pack the text arguments from "first" on */
static Datum
pack(FunctionCallInfo fcinfo, int first, const PackedRowKind *kind, const void *settings)
{
	LandingValue columns[PACKED_MAX_COLUMNS] = {0};
	Size		size;
	bytea	   *result;

	for (int i = 0; i < kind->ncolumns; i++)
		columns[i] = landing_value(PG_ARGISNULL(first + i) ? NULL : PG_GETARG_RAW_VARLENA_P(first + i));
	size = packed_row_size(kind, columns);
	if (!AllocSizeIsValid(VARHDRSZ + size))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("landing row of %zu bytes is too long", size)));
	result = (bytea *) palloc(VARHDRSZ + size);
	SET_VARSIZE(result, VARHDRSZ + size);
	packed_row_write(VARDATA(result), kind, columns, settings);
	PG_RETURN_BYTEA_P(result);
}

/*
 * leakage_pack_crm(as_of_year integer, min_age integer, max_age integer,
 *					gender text, year_of_birth text, system_status text,
 *					mobile_type text, value_segment text)
 * returns bytea
 */
Datum
leakage_pack_crm(PG_FUNCTION_ARGS)
{
	PlausibleAges ages;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	ages.as_of_year = PG_GETARG_INT32(0);
	ages.min_age = PG_GETARG_INT32(1);
	ages.max_age = PG_GETARG_INT32(2);
	PG_RETURN_DATUM(pack(fcinfo, 3, &packed_crm, &ages));
}

/*
 * leakage_pack_device(imei_tac text, brand_name text, model_name text,
 *					   os_name text, os_vendor text)
 * returns bytea
 */
Datum
leakage_pack_device(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(pack(fcinfo, 0, &packed_device, NULL));
}

/* the columns of a packed row as a record; anything else is an error */
static Datum
unpack(FunctionCallInfo fcinfo, const PackedRowKind *kind)
{
	bytea	   *packed = PG_GETARG_BYTEA_PP(0);
	LandingValue columns[PACKED_MAX_COLUMNS] = {0};
	Datum		values[PACKED_MAX_COLUMNS];
	bool		nulls[PACKED_MAX_COLUMNS];
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (!packed_row_read(VARDATA_ANY(packed), VARSIZE_ANY_EXHDR(packed), kind, columns))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("not a packed landing row")));
	for (int i = 0; i < kind->ncolumns; i++)
	{
		nulls[i] = columns[i].data == NULL;
		values[i] = nulls[i] ? (Datum) 0 :
			PointerGetDatum(cstring_to_text_with_len(columns[i].data, columns[i].length));
	}
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/*
 * leakage_unpack_crm(bytea, OUT gender text, OUT year_of_birth text,
 *					  OUT system_status text, OUT mobile_type text,
 *					  OUT value_segment text)
 */
Datum
leakage_unpack_crm(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(unpack(fcinfo, &packed_crm));
}

/*
 * leakage_unpack_device(bytea, OUT imei_tac text, OUT brand_name text,
 *						 OUT model_name text, OUT os_name text,
 *						 OUT os_vendor text)
 */
Datum
leakage_unpack_device(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(unpack(fcinfo, &packed_device));
}

/*
 * Transition and combine function of leakage_first(bytea): the lesser of two
 * values in byte order.
 */
Datum
leakage_first_transition(PG_FUNCTION_ARGS)
{
	bytea	   *a = PG_GETARG_BYTEA_PP(0);
	bytea	   *b = PG_GETARG_BYTEA_PP(1);

	if (packed_row_compare(VARDATA_ANY(a), VARSIZE_ANY_EXHDR(a),
						   VARDATA_ANY(b), VARSIZE_ANY_EXHDR(b)) <= 0)
		PG_RETURN_BYTEA_P(a);
	PG_RETURN_BYTEA_P(b);
}
