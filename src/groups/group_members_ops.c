/*-------------------------------------------------------------------------
 *
 * group_members_ops.c
 *		The SQL function group_leakage_members: the entities behind the findings
 *		of group_leakage, one row per finding and entity.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/tuplestore.h"

#include "base/base_fmgr.h"
#include "groups/group_request.h"

PG_FUNCTION_INFO_V1(group_leakage_members);

enum
{
	MEMBER_FINDING,
	MEMBER_ENTITY,
	MEMBER_PROBABILITY,
	MEMBER_REVENUE,
	MEMBER_EXPECTED,
	MEMBER_LEAKAGE,
	MEMBER_COLUMNS
};

typedef struct MemberAnswer
{
	ReturnSetInfo *rsinfo;
	GroupSearch *search;
} MemberAnswer;

static int
compare_members(const void *a, const void *b)
{
	uint64		x = ((const MemberMoney *) a)->entity;
	uint64		y = ((const MemberMoney *) b)->entity;

	return (x > y) - (x < y);
}

/* sort the members of a finding, and make one of the spells of an entity */
static void
merge_members(ChangeMoney *money)
{
	int64		n = 0;

	qsort(money->members, money->nmembers, sizeof(MemberMoney), compare_members);
	for (int64 i = 0; i < money->nmembers; i++)
	{
		const MemberMoney *spell = &money->members[i];
		MemberMoney *member = &money->members[n - 1];

		if (n == 0 || member->entity != spell->entity)
			money->members[n++] = *spell;
		else
		{
			member->probability = Max(member->probability, spell->probability);
			member->revenue += spell->revenue;
			member->missing += spell->missing;
		}
	}
	money->nmembers = n;
}

/* return the rows of one entity */
static void
return_entity(uint64 hash, Datum name, void *arg)
{
	MemberAnswer *answer = (MemberAnswer *) arg;
	MemberMoney key = {.entity = hash};

	for (int i = 0; i < answer->search->nfindings; i++)
	{
		const ChangeMoney *money = &answer->search->findings[i].money;
		const MemberMoney *member = (const MemberMoney *)
			bsearch(&key, money->members, money->nmembers, sizeof(MemberMoney), compare_members);
		Datum		values[MEMBER_COLUMNS];
		bool		nulls[MEMBER_COLUMNS] = {false};

		if (member == NULL)
			continue;
		values[MEMBER_FINDING] = Int32GetDatum(i + 1);
		values[MEMBER_ENTITY] = name;
		values[MEMBER_PROBABILITY] =
			NumericGetDatum(int64_div_fast_to_numeric((int64) rint(member->probability * 10000), 4));
		values[MEMBER_REVENUE] = NumericGetDatum(money_sum_to_numeric(member->revenue));
		values[MEMBER_EXPECTED] = NumericGetDatum(money_sum_to_numeric(member->revenue + member->missing));
		values[MEMBER_LEAKAGE] = NumericGetDatum(money_sum_to_numeric(Max(member->missing, 0)));
		tuplestore_putvalues(answer->rsinfo->setResult, answer->rsinfo->setDesc, values, nulls);
	}
}

/*
 * group_leakage_members(arguments of group_leakage)
 * returns table (finding integer, entity text, probability numeric,
 *				  revenue numeric, expected numeric, leakage numeric)
 */
Datum
group_leakage_members(PG_FUNCTION_ARGS)
{
	GroupRequest request;
	MemberAnswer answer = {.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo};
	GroupTable *table;
	MemoryContext work;
	MemoryContext old;

	group_request_read(&request, fcinfo, "group_leakage_members");
	request.search.members = true;
	InitMaterializedSRF(fcinfo, 0);
	work = AllocSetContextCreate(CurrentMemoryContext, "group_leakage_members", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(work);

	answer.search = group_request_search(&request, get_func_namespace(fcinfo->flinfo->fn_oid), &table);
	if (answer.search != NULL && answer.search->nfindings > 0)
	{
		for (int i = 0; i < answer.search->nfindings; i++)
			merge_members(&answer.search->findings[i].money);
		group_relation_entities(&request.relation, return_entity, &answer);
	}
	table_end(table);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
	return (Datum) 0;
}
