/*-------------------------------------------------------------------------
 *
 * group_leakage_ops.c
 *		The SQL function group_leakage: groups of a relation whose level changed
 *		against everybody else, one row per finding.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/tuplestore.h"

#include "base/base_fmgr.h"
#include "groups/group_evidence.h"
#include "groups/group_relation_io.h"
#include "groups/group_search_state.h"
#include "groups/network_state.h"

/* values that enough entities share, of all dimensions together: pairs of them are counted */
#define MAX_VALUES		1000

/* arguments after the dimensions */
#define MOST_FINDINGS	100

PG_FUNCTION_INFO_V1(group_leakage);

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

enum
{
	COLUMN_FINDING,
	COLUMN_KIND,
	COLUMN_GROUP,
	COLUMN_VALUES,
	COLUMN_FROM,
	COLUMN_TO,
	COLUMN_USERS,
	COLUMN_SHARE,
	COLUMN_EFFECT,
	COLUMN_LOW,
	COLUMN_HIGH,
	COLUMN_REVENUE,
	COLUMN_EXPECTED,
	COLUMN_LEAKAGE,
	COLUMN_CONFIDENCE,
	COLUMN_EVIDENCE,
	COLUMNS
};

/* what the rows are made from */
typedef struct GroupAnswer
{
	ReturnSetInfo *rsinfo;
	const GroupRelation *relation;
	GroupTable *table;
	GroupSearch *search;
	int			rows;
} GroupAnswer;

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

static void
read_arguments(FunctionCallInfo fcinfo, GroupRelation *relation, SearchRequest *request)
{
	static const char *const names[] = {
		"relation", "entity", "period", "amount", "dimensions", NULL, "alpha", "depth", "min_entities",
		"min_periods", "max_findings"
	};

	for (int i = 0; i < (int) lengthof(names); i++)
	{
		if (names[i] != NULL && PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument \"%s\" of %s is null", names[i], "group_leakage")));
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
}

/* a share or a change, four places */
static Datum
ratio_datum(double ratio)
{
	return NumericGetDatum(int64_div_fast_to_numeric((int64) rint(Max(Min(ratio, 1e6), -1e6) * 10000), 4));
}

static Datum
money_datum(int128 micro)
{
	return NumericGetDatum(money_sum_to_numeric(micro));
}

/* the value of each dimension; NULL where the group has any */
static Datum
values_datum(const GroupAnswer *answer, const GroupValues *group)
{
	Datum		elements[GROUP_MAX_DIMENSIONS];
	bool		nulls[GROUP_MAX_DIMENSIONS];
	int			n = answer->relation->ndimensions;
	int			least = 1;

	for (int i = 0; i < n; i++)
		nulls[i] = true;
	for (int i = 0; i < group->depth; i++)
	{
		nulls[group->dimensions[i]] = false;
		elements[group->dimensions[i]] =
			CStringGetTextDatum(group_label(answer->table, group->dimensions[i], group->values[i]));
	}
	return n == 0 ? PointerGetDatum(construct_empty_array(TEXTOID)) :
		PointerGetDatum(construct_md_array(elements, nulls, 1, &n, &least, TEXTOID, -1, false, TYPALIGN_INT));
}

/* begin a row: number, kind, window; everything else is NULL */
static void
begin_row(GroupAnswer *answer, const char *kind, Datum *values, bool *nulls)
{
	memset(nulls, true, COLUMNS * sizeof(bool));
	values[COLUMN_FINDING] = Int32GetDatum(++answer->rows);
	values[COLUMN_KIND] = CStringGetTextDatum(kind);
	nulls[COLUMN_FINDING] = nulls[COLUMN_KIND] = nulls[COLUMN_EVIDENCE] = false;
}

/* all columns but evidence, which begin_row left out */
static void
fill_row(const GroupAnswer *answer, const GroupValues *group, Window window, const ChangeMoney *money,
		 double change, double least, double most, double p_value, Datum *values, bool *nulls)
{
	for (int i = COLUMN_GROUP; i < COLUMNS; i++)
		nulls[i] = false;
	values[COLUMN_GROUP] = CStringGetTextDatum(group->depth == 0 ? "all" : group_text(answer->table, answer->relation, group));
	values[COLUMN_VALUES] = values_datum(answer, group);
	values[COLUMN_FROM] = CStringGetTextDatum(period_text(answer->table, answer->relation->step, window.start));
	values[COLUMN_TO] = CStringGetTextDatum(period_text(answer->table, answer->relation->step, window.end - 1));
	values[COLUMN_USERS] = Int64GetDatum(money->entities);
	values[COLUMN_SHARE] = ratio_datum(1);
	values[COLUMN_EFFECT] = ratio_datum(change);
	values[COLUMN_LOW] = ratio_datum(least);
	values[COLUMN_HIGH] = ratio_datum(most);
	values[COLUMN_REVENUE] = money_datum(money->revenue);
	values[COLUMN_EXPECTED] = money_datum(money->revenue + money->missing);
	values[COLUMN_LEAKAGE] = money_datum(Max(money->missing, 0));
	values[COLUMN_CONFIDENCE] = ratio_datum(1 - p_value);
}

static void
return_finding(GroupAnswer *answer, const GroupFinding *finding)
{
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS];
	bool		lasts = finding->window.end == answer->table->nperiods;
	PeriodStep	step = answer->relation->step;

	begin_row(answer,
			  finding->kind == FINDING_RISE ? "rise" : finding->kind == FINDING_LOST ? "lost_rows" :
			  lasts ? "level_fall" : "temporary_fall", values, nulls);
	fill_row(answer, &finding->group, finding->window, &finding->money,
			 finding->change, finding->least, finding->most, finding->p_value, values, nulls);
	values[COLUMN_SHARE] = ratio_datum(finding->share);
	values[COLUMN_EVIDENCE] =
		CStringGetTextDatum(finding_evidence(finding, group_text(answer->table, answer->relation, &finding->group),
											 period_text(answer->table, step, finding->window.start),
											 period_text(answer->table, step, finding->window.end - 1),
											 lasts, answer->search->limit[finding->group.depth]));
	tuplestore_putvalues(answer->rsinfo->setResult, answer->rsinfo->setDesc, values, nulls);
}

static void
return_remark(GroupAnswer *answer, const NetworkRemark *remark)
{
	static const GroupValues everybody = {0};
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS];

	begin_row(answer, "whole_network", values, nulls);
	fill_row(answer, &everybody, remark->window, &remark->money,
			 remark->change, remark->least, remark->most, remark->p_value, values, nulls);
	nulls[COLUMN_SHARE] = nulls[COLUMN_EXPECTED] = true;
	values[COLUMN_EVIDENCE] =
		CStringGetTextDatum(network_evidence(remark, period_text(answer->table, answer->relation->step, remark->window.start)));
	tuplestore_putvalues(answer->rsinfo->setResult, answer->rsinfo->setDesc, values, nulls);
}

static void
return_too_little(GroupAnswer *answer, int64 min_spells)
{
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS];

	begin_row(answer, "too_little_data", values, nulls);
	values[COLUMN_EVIDENCE] =
		CStringGetTextDatum(too_little_evidence(answer->table->nspells, answer->table->nperiods, 0, min_spells));
	tuplestore_putvalues(answer->rsinfo->setResult, answer->rsinfo->setDesc, values, nulls);
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

static void
return_answer(GroupAnswer *answer, const SearchRequest *request)
{
	NetworkRemark remarks[NETWORK_MAX_REMARKS];
	int			n;

	if (answer->search->space->cut)
		ereport(WARNING,
				(errmsg("combinations of more than %d values are not searched: they do not fit in %zu kB",
						answer->search->space->depth, request->memory / 1024),
				 errhint("Increase work_mem or hash_mem_multiplier, or name fewer dimensions.")));
	if (answer->search->space->ngroups == 0 && answer->relation->ndimensions > 0)
		return_too_little(answer, request->min_spells);
	for (int i = 0; i < answer->search->nfindings; i++)
		return_finding(answer, &answer->search->findings[i]);
	n = network_remarks(answer->search, remarks);
	for (int i = 0; i < n; i++)
		return_remark(answer, &remarks[i]);
}

/*
 * group_leakage(relation regclass, entity name, period name, amount name,
 *				 dimensions name[], step text, alpha double precision,
 *				 depth integer, min_entities integer, min_periods integer,
 *				 max_findings integer)
 * returns table, see enum above and 45_groups.sql
 */
Datum
group_leakage(PG_FUNCTION_ARGS)
{
	GroupRelation relation;
	SearchRequest request;
	GroupAnswer answer = {.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo, .relation = &relation};
	MemoryContext work;
	MemoryContext old;

	read_arguments(fcinfo, &relation, &request);
	InitMaterializedSRF(fcinfo, 0);
	work = AllocSetContextCreate(CurrentMemoryContext, "group_leakage", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(work);

	answer.table = group_relation_read(&relation, get_func_namespace(fcinfo->flinfo->fn_oid), request.memory / 4);
	if (answer.table->nspells < SEARCH_MIN_SPELLS || answer.table->nperiods < SEARCH_MIN_PERIODS)
		return_too_little(&answer, request.min_spells);
	else
	{
		table_finish(answer.table, request.min_spells, request.memory / 4);
		check_values(answer.table);
		answer.search = search_groups(answer.table, &request);
		return_answer(&answer, &request);
	}
	table_end(answer.table);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
	return (Datum) 0;
}
