/*-------------------------------------------------------------------------
 *
 * group_request.c
 *		What a caller wants to be searched, read from the arguments of an SQL
 *		function; see group_request.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/base_fmgr.h"
#include "groups/group_request.h"

/* values that enough entities share, of all dimensions together: pairs of them are counted */
#define MAX_VALUES		1000

#define MOST_FINDINGS	100

enum
{
	ARG_RELATION,
	ARG_ENTITY,
	ARG_PERIOD,
	ARG_AMOUNT,
	ARG_DIMENSIONS,
	ARG_STEP,
	ARG_ALPHA,
	ARG_DEPTH,
	ARG_MIN_ENTITIES,
	ARG_MIN_PERIODS,
	ARG_MAX_FINDINGS
};

/* the names of the dimensions, checked */
static int
read_dimensions(ArrayType *array, char **dimensions)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;

	deconstruct_array(array, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR, &elements, &nulls, &n);
	if (n > GROUP_MAX_DIMENSIONS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%d dimensions given, the limit is %d", n, GROUP_MAX_DIMENSIONS)));
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("dimension %d is null", i + 1)));
		dimensions[i] = NameStr(*DatumGetName(elements[i]));
		for (int j = 0; j < i; j++)
		{
			if (strcmp(dimensions[i], dimensions[j]) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_DUPLICATE_COLUMN),
						 errmsg("dimension \"%s\" is given twice", dimensions[i])));
		}
	}
	return n;
}

static PeriodStep
read_step(FunctionCallInfo fcinfo)
{
	char	   *step;

	if (PG_ARGISNULL(ARG_STEP))
		return STEP_NONE;
	step = text_to_cstring(PG_GETARG_TEXT_PP(ARG_STEP));
	if (strcmp(step, "day") == 0)
		return STEP_DAY;
	if (strcmp(step, "week") == 0)
		return STEP_WEEK;
	if (strcmp(step, "month") == 0)
		return STEP_MONTH;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("step \"%s\" is not known", step),
			 errhint("Steps are 'day', 'week' and 'month'.")));
}

static int32
read_integer(FunctionCallInfo fcinfo, int n, const char *name, int32 least, int32 most)
{
	int32		value = PG_GETARG_INT32(n);

	if (value < least || value > most)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s %d is out of range: it must be from %d to %d", name, value, least, most)));
	return value;
}

/*
 * The arguments of a function of group_leakage's.
 */
void
group_request_read(GroupRequest *read, FunctionCallInfo fcinfo, const char *function)
{
	GroupRelation *relation = &read->relation;
	SearchRequest *request = &read->search;
	static const char *const names[] = {
		"relation", "entity", "period", "amount", "dimensions", NULL, "alpha", "depth", "min_entities",
		"min_periods", "max_findings"
	};

	for (int i = 0; i < (int) lengthof(names); i++)
	{
		if (names[i] != NULL && PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument \"%s\" of %s is null", names[i], function)));
	}
	relation->relation = PG_GETARG_OID(ARG_RELATION);
	relation->entity = NameStr(*PG_GETARG_NAME(ARG_ENTITY));
	relation->period = NameStr(*PG_GETARG_NAME(ARG_PERIOD));
	relation->amount = NameStr(*PG_GETARG_NAME(ARG_AMOUNT));
	relation->ndimensions = read_dimensions(PG_GETARG_ARRAYTYPE_P(ARG_DIMENSIONS), relation->dimensions);
	relation->step = read_step(fcinfo);

	request->alpha = PG_GETARG_FLOAT8(ARG_ALPHA);
	if (!(request->alpha >= 1e-9 && request->alpha <= 0.5))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("alpha %g is out of range: it must be from 1e-9 to 0.5", request->alpha)));
	request->depth = read_integer(fcinfo, ARG_DEPTH, "depth", 1, GROUP_MAX_DEPTH);
	request->min_spells = read_integer(fcinfo, ARG_MIN_ENTITIES, "min_entities", 10, PG_INT32_MAX);
	request->min_periods = read_integer(fcinfo, ARG_MIN_PERIODS, "min_periods", 1, GROUP_MAX_PERIODS);
	request->max_findings = read_integer(fcinfo, ARG_MAX_FINDINGS, "max_findings", 1, MOST_FINDINGS);
	request->memory = get_hash_memory_limit();
	request->members = false;
}

/* the values that are searched must not be too many */
static void
check_values(const GroupTable *table)
{
	int			n = 0;

	for (int i = 0; i < table->ndimensions; i++)
		n += table->dimensions[i].nvalues;
	if (n > MAX_VALUES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the dimensions have %d values that enough entities share, the limit is %d", n, MAX_VALUES),
				 errhint("Name fewer dimensions, make them coarser, or increase min_entities.")));
}

/*
 * Read the relation and search it.  NULL if it is too small; "table" is given in
 * any case.  Both are in the current memory context.
 */
GroupSearch *
group_request_search(const GroupRequest *request, Oid extension_schema, GroupTable **table)
{
	const SearchRequest *search = &request->search;
	GroupSearch *found;

	*table = group_relation_read(&request->relation, extension_schema, search->memory / 4);
	if ((*table)->nspells < SEARCH_MIN_SPELLS || (*table)->nperiods < SEARCH_MIN_PERIODS)
		return NULL;
	table_finish(*table, search->min_spells, search->memory / 4);
	check_values(*table);
	found = search_groups(*table, search);
	if (found->space->cut)
		ereport(WARNING,
				(errmsg("combinations of more than %d values are not searched: they do not fit in %zu kB",
						found->space->depth, search->memory / 1024),
				 errhint("Increase work_mem or hash_mem_multiplier, or name fewer dimensions.")));
	return found;
}
