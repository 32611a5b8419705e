/*-------------------------------------------------------------------------
 *
 * crm_row.c
 *		One CRM row as bytes that sort as rows are preferred.
 *
 * Of a subscriber's CRM rows the first in a total order counts
 * (docs/rules.md, section 1.2).  A packed row is a bytea whose bytes compare
 * in that order, so that picking the best row is min() in a hash aggregate,
 * which spills, and needs no sort of all rows.
 *
 * Layout
 *		one byte	rank of the status
 *		one byte	0 the gender is known, 1 it is not
 *		one byte	0 the birth year is known, 1 it is not
 *		then the five columns' text, each either the byte 1, the text and a
 *		zero byte (which no text contains), or for NULL the byte 2
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "compat.h"

#define PACKED_RANKS	3
#define PACKED_COLUMNS	5
#define PACKED_TEXT		1
#define PACKED_NULL		2

PG_FUNCTION_INFO_V1(leakage_pack_crm);
PG_FUNCTION_INFO_V1(leakage_unpack_crm);
PG_FUNCTION_INFO_V1(leakage_first_transition);

/*
 * leakage_pack_crm(status_rank integer, gender_known boolean,
 *					year_known boolean, gender text, year_of_birth text,
 *					system_status text, mobile_type text, value_segment text)
 * returns bytea
 */
Datum
leakage_pack_crm(PG_FUNCTION_ARGS)
{
	text	   *columns[PACKED_COLUMNS];
	Size		size = VARHDRSZ + PACKED_RANKS;
	int32		rank;
	bytea	   *result;
	char	   *out;

	for (int i = 0; i < PACKED_RANKS; i++)
	{
		if (PG_ARGISNULL(i))
			PG_RETURN_NULL();
	}
	rank = PG_GETARG_INT32(0);
	if (rank < 0 || rank > 255)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("status rank %d is out of range: it must be between 0 and 255", rank)));

	for (int i = 0; i < PACKED_COLUMNS; i++)
	{
		columns[i] = PG_ARGISNULL(PACKED_RANKS + i) ? NULL : PG_GETARG_TEXT_PP(PACKED_RANKS + i);
		size += 1 + (columns[i] == NULL ? 0 : VARSIZE_ANY_EXHDR(columns[i]) + 1);
	}
	if (!AllocSizeIsValid(size))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("CRM row of %zu bytes is too long", size)));

	result = (bytea *) palloc(size);
	SET_VARSIZE(result, size);
	out = VARDATA(result);
	*out++ = (char) rank;
	*out++ = PG_GETARG_BOOL(1) ? 0 : 1;
	*out++ = PG_GETARG_BOOL(2) ? 0 : 1;
	for (int i = 0; i < PACKED_COLUMNS; i++)
	{
		Size		len;

		if (columns[i] == NULL)
		{
			*out++ = PACKED_NULL;
			continue;
		}
		len = VARSIZE_ANY_EXHDR(columns[i]);
		*out++ = PACKED_TEXT;
		memcpy(out, VARDATA_ANY(columns[i]), len);
		out += len;
		*out++ = '\0';
	}
	PG_RETURN_BYTEA_P(result);
}

/*
 * leakage_unpack_crm(bytea, OUT gender text, OUT year_of_birth text,
 *					  OUT system_status text, OUT mobile_type text,
 *					  OUT value_segment text)
 *		The columns of a packed row.  Any bytes may come: what is not a packed
 *		row of valid text is an error.
 */
Datum
leakage_unpack_crm(PG_FUNCTION_ARGS)
{
	bytea	   *packed = PG_GETARG_BYTEA_PP(0);
	const char *in = VARDATA_ANY(packed);
	const char *end = in + VARSIZE_ANY_EXHDR(packed);
	Datum		values[PACKED_COLUMNS];
	bool		nulls[PACKED_COLUMNS];
	bool		valid = end - in > PACKED_RANKS;
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	in += PACKED_RANKS;
	for (int i = 0; i < PACKED_COLUMNS && valid; i++)
	{
		const char *stop;

		valid = in < end && (*in == PACKED_TEXT || *in == PACKED_NULL);
		if (!valid)
			break;
		nulls[i] = (*in++ == PACKED_NULL);
		values[i] = (Datum) 0;
		if (nulls[i])
			continue;
		stop = memchr(in, '\0', end - in);
		valid = stop != NULL && pg_verifymbstr(in, stop - in, true);
		if (!valid)
			break;
		values[i] = PointerGetDatum(cstring_to_text_with_len(in, stop - in));
		in = stop + 1;
	}
	if (!valid || in != end)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("not a packed CRM row")));

	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
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
	Size		len_a = VARSIZE_ANY_EXHDR(a);
	Size		len_b = VARSIZE_ANY_EXHDR(b);
	int			order = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(len_a, len_b));

	if (order == 0)
		order = (len_a > len_b) - (len_a < len_b);
	if (order <= 0)
		PG_RETURN_BYTEA_P(a);
	PG_RETURN_BYTEA_P(b);
}
