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
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/tuplestore.h"

#include "base/base_fmgr.h"
#include "groups/group_evidence.h"
#include "groups/group_request.h"
#include "groups/network_state.h"

PG_FUNCTION_INFO_V1(group_leakage);

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

static void
return_answer(GroupAnswer *answer, const SearchRequest *request)
{
	NetworkRemark remarks[NETWORK_MAX_REMARKS];
	int			n;

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
	GroupRequest request;
	GroupAnswer answer = {.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo, .relation = &request.relation};
	MemoryContext work;
	MemoryContext old;

	group_request_read(&request, fcinfo, "group_leakage");
	InitMaterializedSRF(fcinfo, 0);
	work = AllocSetContextCreate(CurrentMemoryContext, "group_leakage", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(work);

	answer.search = group_request_search(&request, get_func_namespace(fcinfo->flinfo->fn_oid), &answer.table);
	if (answer.search == NULL)
		return_too_little(&answer, request.search.min_spells);
	else
		return_answer(&answer, &request.search);
	table_end(answer.table);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
	return (Datum) 0;
}
