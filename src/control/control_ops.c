/*-------------------------------------------------------------------------
 *
 * control_ops.c
 *		The SQL functions of the planted control.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/base_fmgr.h"
#include "control/compare_state.h"
#include "control/features_state.h"
#include "control/plant_state.h"
#include "detector/detector_fmgr.h"
#include "profile/profile_fmgr.h"

PG_FUNCTION_INFO_V1(leakage_control_features);
PG_FUNCTION_INFO_V1(leakage_control_feature_names);
PG_FUNCTION_INFO_V1(leakage_control_compare);
PG_FUNCTION_INFO_V1(leakage_control_lower);

/* the columns of control_compare */
enum
{
	OUT_SHARE,
	OUT_DOUBT,
	OUT_RATIOS,
	OUT_FEATURE_A,
	OUT_LOW_A,
	OUT_HIGH_A,
	OUT_FEATURE_B,
	OUT_LOW_B,
	OUT_HIGH_B,
	OUT_GAIN,
	OUT_SEEN,
	OUT_EXPECTED,
	OUT_COLUMNS
};

typedef struct ControlCache
{
	Assessor   *assessor;
	TupleDesc	tupdesc;		/* of the function */
} ControlCache;

static Hypothesis
get_reason(text *name)
{
	char	   *reason = text_to_cstring(name);

	for (Hypothesis leak = LEAK_MISSING; leak <= LEAK_UNDERBILLED; leak++)
	{
		if (strcmp(reason, reason_name[leak]) == 0)
			return leak;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown reason \"%s\"", reason),
			 errhint("The reasons are missing_weeks, zero_weeks, drop, and underbilled.")));
	return LEAK_NONE;			/* keep the compiler quiet */
}

static TupleDesc
get_row_type(FunctionCallInfo fcinfo)
{
	TupleDesc	tupdesc;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return BlessTupleDesc(tupdesc);
}

static Datum
integers(const Datum *elements, int n)
{
	return PointerGetDatum(construct_array((Datum *) elements, n, INT4OID, 4, true, TYPALIGN_INT));
}

static Datum
doubles(const Datum *elements, int n)
{
	return PointerGetDatum(construct_array((Datum *) elements, n, FLOAT8OID, 8, FLOAT8PASSBYVAL,
										   TYPALIGN_DOUBLE));
}

/*
 * What is kept from call to call, with the model of argument 1.
 */
static ControlCache *
get_cache(FunctionCallInfo fcinfo)
{
	LeakageModel *model = PG_GETARG_LEAKAGE_MODEL_OR_NULL(1);
	ControlCache *cache = fcinfo->flinfo->fn_extra;
	MemoryContext old;

	if (cache != NULL)
	{
		assessor_set_model(cache->assessor, model);
		return cache;
	}
	old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	cache = palloc(sizeof(ControlCache));
	cache->assessor = assessor_make(fcinfo->flinfo->fn_mcxt, model);
	cache->tupdesc = CreateTupleDescCopy(get_row_type(fcinfo));
	MemoryContextSwitchTo(old);
	fcinfo->flinfo->fn_extra = cache;
	return cache;
}

/*
 * A number for each text.  Two texts of one number are taken for the same
 * category, which only makes the comparison coarser: FNV-1a.
 */
static int32
category_of(const text *t)
{
	uint32		hash = 2166136261u;

	for (Size i = 0; i < VARSIZE_ANY_EXHDR(t); i++)
		hash = (hash ^ (uint8) VARDATA_ANY(t)[i]) * 16777619u;
	return (int32) hash;
}

/*
 * The numbers of texts, behind the elements that are there.
 */
static int
add_categories(ArrayType *texts, Datum *elements, int n)
{
	Datum	   *values;
	bool	   *nulls;
	int			count;

	deconstruct_array(texts, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	if (count > COMPARE_MAX_FEATURES - FEATURES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("there are %d attributes, and may be %d", count, COMPARE_MAX_FEATURES - FEATURES)));
	for (int i = 0; i < count; i++)
		elements[n++] = Int32GetDatum(nulls[i] ? 0 : category_of(DatumGetTextPP(values[i])));
	return n;
}

/*
 * control_features(profile, model, reason, digest, attributes)
 */
Datum
leakage_control_features(PG_FUNCTION_ARGS)
{
	ControlCache *cache;
	LeakageProfile *profile;
	Hypothesis	reason;
	const Verdict *verdict;
	EntityFeatures features;
	Datum		values[2];
	bool		nulls[2] = {false, false};
	Datum		elements[COMPARE_MAX_FEATURES];
	int			n;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	profile = PG_GETARG_LEAKAGE_PROFILE(0);
	reason = get_reason(PG_GETARG_TEXT_PP(2));
	if (!PG_ARGISNULL(3))
	{
		bytea	   *digest = PG_GETARG_BYTEA_PP(3);

		if (VARSIZE_ANY_EXHDR(digest) != PLANT_DIGEST_SIZE)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("digest has %d bytes, and must have %d",
							(int) VARSIZE_ANY_EXHDR(digest), PLANT_DIGEST_SIZE)));
		profile = plant_leak(profile, reason, (const uint8 *) VARDATA_ANY(digest));
		if (profile == NULL)
			PG_RETURN_NULL();
	}

	cache = get_cache(fcinfo);
	verdict = assess(cache->assessor, profile);
	if (verdict->reason != reason || verdict->payment_class != PAYS_WEEKLY)
		PG_RETURN_NULL();

	read_features(cache->assessor, &features);
	for (int i = 0; i < features.count; i++)
		elements[i] = Int32GetDatum(features.value[i]);
	n = features.count;
	if (!PG_ARGISNULL(4))
		n = add_categories(PG_GETARG_ARRAYTYPE_P(4), elements, n);
	values[0] = Float8GetDatum(verdict->p_no_leak);
	values[1] = integers(elements, n);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(cache->tupdesc, values, nulls)));
}

/*
 * control_feature_names(reason)
 */
Datum
leakage_control_feature_names(PG_FUNCTION_ARGS)
{
	Feature		features[FEATURES];
	Datum		names[FEATURES];
	int			n = features_of_reason(get_reason(PG_GETARG_TEXT_PP(0)), features);

	for (int i = 0; i < n; i++)
		names[i] = CStringGetTextDatum(feature_name[features[i]]);
	PG_RETURN_ARRAYTYPE_P(construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/*
 * The elements of an array argument without NULLs.
 */
static int
get_array(FunctionCallInfo fcinfo, int argument, const char *name, int dimensions, void **elements,
		  int *columns)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(argument);

	if (ARR_NDIM(array) != 0 && ARR_NDIM(array) != dimensions)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s has %d dimensions, and must have %d", name, ARR_NDIM(array), dimensions)));
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not contain nulls", name)));
	*elements = ARR_DATA_PTR(array);
	if (ARR_NDIM(array) == 0)
		return 0;
	if (columns != NULL)
		*columns = ARR_DIMS(array)[1];
	return ARR_DIMS(array)[0];
}

/*
 * The rows of one kind: copies their weights and features behind those that
 * are there.
 */
static int
get_rows(FunctionCallInfo fcinfo, int argument, const char *const *names, int *columns,
		 double **weight, int32 **feature)
{
	void	   *weights;
	void	   *features;
	int			own_columns = 0;
	int			n = get_array(fcinfo, argument, names[0], 1, &weights, NULL);

	if (get_array(fcinfo, argument + 1, names[1], 2, &features, &own_columns) != n ||
		(n > 0 && *columns > 0 && own_columns != *columns))
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s and %s do not fit each other", names[0], names[1])));
	if (n > 0)
		*columns = own_columns;
	*weight = weights;
	*feature = features;
	for (int i = 0; i < n; i++)
	{
		/* also refuses what is not a number */
		if (!((*weight)[i] >= 0 && (*weight)[i] <= 1))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s has %g, which is not between 0 and 1", names[0], (*weight)[i])));
	}
	return n;
}

/*
 * The rows to compare, from arguments 0 to 5.
 */
static void
get_comparison(FunctionCallInfo fcinfo, CompareRows *rows)
{
	static const char *const names[2][2] = {
		{"candidate_weights", "candidate_features"},
		{"planted_weights", "planted_features"}
	};
	int			columns = 0;
	double	   *weight[2];
	int32	   *feature[2];
	int			n[2];
	double	   *all_weights;
	int32	   *all_features;

	for (int i = 0; i < 2; i++)
		n[i] = get_rows(fcinfo, 2 * i, names[i], &columns, &weight[i], &feature[i]);
	rows->candidates = n[0];
	rows->planted = n[1];
	rows->categories = PG_GETARG_INT32(4);
	rows->match_size = PG_GETARG_BOOL(5);
	if (columns > COMPARE_MAX_FEATURES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("there are %d features, and may be %d", columns, COMPARE_MAX_FEATURES)));
	if (rows->categories < 0 || (columns > 0 && rows->categories >= columns))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%d of %d features cannot be categories", rows->categories, columns)));
	rows->numbers = Max(columns - rows->categories, 0);

	all_weights = palloc((Size) Max(n[0] + n[1], 1) * sizeof(double));
	all_features = palloc_extended((Size) Max(n[0] + n[1], 1) * Max(columns, 1) * sizeof(int32),
								   MCXT_ALLOC_HUGE);
	for (int i = 0; i < 2; i++)
	{
		int			from = i == 0 ? 0 : n[0];

		memcpy(all_weights + from, weight[i], (Size) n[i] * sizeof(double));
		memcpy(all_features + (Size) from * columns, feature[i], (Size) n[i] * columns * sizeof(int32));
	}
	rows->weight = all_weights;
	rows->feature = all_features;
}

/*
 * control_compare(candidate_weights, candidate_features, planted_weights,
 * planted_features, categories, match_size)
 */
Datum
leakage_control_compare(PG_FUNCTION_ARGS)
{
	CompareRows rows;
	Comparison	result;
	Datum		values[OUT_COLUMNS];
	bool		nulls[OUT_COLUMNS] = {false};
	Datum		column[OUT_COLUMNS][COMPARE_MAX_STEPS];
	Datum	   *ratios;

	get_comparison(fcinfo, &rows);
	compare_rows(&rows, &result);

	for (int i = 0; i < result.nblocks; i++)
	{
		const CompareBlock *b = &result.block[i];

		/* counted from 1, as SQL does; 0: there is no second one */
		column[OUT_FEATURE_A][i] = Int32GetDatum(b->feature[0] + 1);
		column[OUT_LOW_A][i] = Int32GetDatum(b->low[0]);
		column[OUT_HIGH_A][i] = Int32GetDatum(b->high[0]);
		column[OUT_FEATURE_B][i] = Int32GetDatum(b->feature[1] + 1);
		column[OUT_LOW_B][i] = Int32GetDatum(b->low[1]);
		column[OUT_HIGH_B][i] = Int32GetDatum(b->high[1]);
		column[OUT_GAIN][i] = Float8GetDatum(b->gain);
		column[OUT_SEEN][i] = Float8GetDatum(b->seen);
		column[OUT_EXPECTED][i] = Float8GetDatum(b->expected);
	}
	for (int i = OUT_FEATURE_A; i <= OUT_HIGH_B; i++)
		values[i] = integers(column[i], result.nblocks);
	for (int i = OUT_GAIN; i <= OUT_EXPECTED; i++)
		values[i] = doubles(column[i], result.nblocks);

	ratios = palloc((Size) Max(rows.candidates, 1) * sizeof(Datum));
	for (int i = 0; i < rows.candidates; i++)
		ratios[i] = Float8GetDatum(result.ratio[i]);
	values[OUT_RATIOS] = doubles(ratios, rows.candidates);
	values[OUT_SHARE] = Float8GetDatum(result.share);
	values[OUT_DOUBT] = BoolGetDatum(result.doubt);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(get_row_type(fcinfo), values, nulls)));
}

/*
 * control_lower(profile, model, p_no_leak)
 */
Datum
leakage_control_lower(PG_FUNCTION_ARGS)
{
	LeakageProfile *profile = PG_GETARG_LEAKAGE_PROFILE(0);
	double		p_no_leak = PG_GETARG_FLOAT8(2);
	ControlCache *cache = get_cache(fcinfo);
	Assessor   *assessor = cache->assessor;
	const Verdict *v = assess(assessor, profile);
	int			n = (int) profile->nperiods;
	Datum	   *leaks = palloc(n * sizeof(Datum));
	int128		sum = 0;
	Datum		values[3];
	bool		nulls[3] = {false, false, false};

	if (!(p_no_leak >= 0 && p_no_leak <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("p_no_leak is %g, and must be between 0 and 1", p_no_leak)));
	assessor_lower(assessor, v->p_leak > 0 ? Min((1 - p_no_leak) / v->p_leak, 1) : 0);
	for (int i = 0; i < n; i++)
	{
		PeriodVerdict p;

		assess_period(assessor, i, &p);
		sum += p.expected_leak;
		leaks[i] = NumericGetDatum(money_to_numeric(p.expected_leak));
	}
	values[0] = Float8GetDatum(v->score);
	values[1] = NumericGetDatum(money_sum_to_numeric(sum));
	values[2] = PointerGetDatum(construct_array(leaks, n, NUMERICOID, -1, false, TYPALIGN_INT));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(cache->tupdesc, values, nulls)));
}
