/*-------------------------------------------------------------------------
 *
 * expected_revenue_ops.c
 *		The SQL functions expected_revenue and expected_profiles: what entities
 *		are expected to bring in, judged by their peers.  One row per entity and
 *		period, or one row per entity with its profile.
 *
 * Both read their relation and make the model in peer_entities_io.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"

#include "base/base_fmgr.h"
#include "peers/peer_entities_io.h"

/* the planner's estimate of the rows where nothing is known about the relation */
#define DEFAULT_RELATION_ROWS	1000

#define REVENUE_COLUMNS			10
#define PROFILES_COLUMNS		7

PG_FUNCTION_INFO_V1(expected_revenue);
PG_FUNCTION_INFO_V1(expected_profiles);
PG_FUNCTION_INFO_V1(expected_revenue_support);

/* the entity's part of all periods: from its first to its last */
typedef struct Span
{
	const int32 *periods;		/* of all entities */
	int			first;			/* index of the entity's first */
	int			end;			/* index after its last */
} Span;

/*
 * Which level of the hierarchy carried an entity's estimate.
 */
static const char *
peer_level(const PeerUnit *cell, int ndimensions, bool any_own_group)
{
	if (ndimensions == 0 || !any_own_group)
		return "all";
	if (cell->credibility >= 0.5)
		return "cell";
	return cell->credibility > 0 ? "blend" : "group";
}

static Span
find_span(const PeerModel *model, const LeakageProfile *profile)
{
	int32		last = profile->periods[profile->nperiods - 1].period;
	Span		span;
	int			nperiods = peers_periods(model, &span.periods);

	span.first = peers_first_period(model, profile->periods[0].period);
	span.end = span.first;
	while (span.end < nperiods && span.periods[span.end] <= last)
		span.end++;
	return span;
}

/*
 * What is known about the entity's peers, the last columns of both functions:
 * peer_group, peers, peer_level, credibility.  "any_own_group" tells whether
 * in any period of its span the group had enough peers of its own.
 */
static void
peer_values(const PeerEntities *entities, int cell, bool any_own_group, Datum *values)
{
	const PeerUnit *unit = peers_cell_unit(entities->model, cell);

	values[0] = CStringGetTextDatum(unit->label);
	values[1] = Int64GetDatum(unit->entities);
	values[2] = CStringGetTextDatum(peer_level(unit, entities->ndimensions, any_own_group));
	values[3] = NumericGetDatum(int64_div_fast_to_numeric((int64) rint(unit->credibility * 10000), 4));
}

/*
 * The rows of one entity: one for each period of its span that any entity has.
 */
static void
return_revenue(PeerEntities *entities, Datum entity, int cell,
			   const LeakageProfile *profile, const LeakageProfile *known, void *arg)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) arg;
	double		noise_cv = peers_noise_cv(entities->model);
	bool		any_own_group = false;
	Span		span = find_span(entities->model, profile);
	const ProfilePeriod *own = profile->periods;
	Datum		values[REVENUE_COLUMNS];
	bool		nulls[REVENUE_COLUMNS] = {false};

	for (int i = span.first; i < span.end; i++)
	{
		bool		own_group;

		(void) peers_expected(entities->model, cell, span.periods[i], &own_group);
		any_own_group |= own_group;
	}
	values[0] = entity;
	peer_values(entities, cell, any_own_group, &values[6]);

	for (int i = span.first; i < span.end; i++)
	{
		bool		own_group;
		int64		expected = peers_expected(entities->model, cell, span.periods[i], &own_group);
		double		spread = rint(noise_cv * (double) expected);
		bool		present;

		CHECK_FOR_INTERRUPTS();
		while (own->period < span.periods[i])
			own++;
		present = (own->period == span.periods[i]);

		values[1] = Int32GetDatum(span.periods[i]);
		nulls[2] = !present;
		nulls[4] = nulls[5] = !present && peers_common_absence(entities->model, i);
		values[2] = present ? NumericGetDatum(money_to_numeric(own->actual)) : (Datum) 0;
		values[3] = BoolGetDatum(present);
		values[4] = NumericGetDatum(money_to_numeric(expected));
		values[5] = NumericGetDatum(money_to_numeric(spread < MONEY_LIMIT ? (int64) spread : MONEY_LIMIT - 1));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

/*
 * The row of one entity: what leakage_profile makes of the rows above, and the
 * periods that it ignores.  Nothing is expected in periods that are not judged.
 */
static void
return_profile(PeerEntities *entities, Datum entity, int cell,
			   const LeakageProfile *profile, const LeakageProfile *known, void *arg)
{
	KnownPeriods walk = {.profile = known};
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) arg;
	bool		judged = absences_judged(known);
	bool		any_own_group = false;
	Span		span = find_span(entities->model, profile);
	const ProfilePeriod *own = profile->periods;
	LeakageProfile *filled = profile_make(Min(span.end - span.first, PROFILE_MAX_PERIODS));
	Datum	   *absent = (Datum *) palloc((span.end - span.first) * sizeof(Datum));
	int			nabsent = 0;
	Datum		values[PROFILES_COLUMNS];
	bool		nulls[PROFILES_COLUMNS] = {false};

	for (int i = span.first; i < span.end; i++)
	{
		bool		own_group;
		int64		expected = peers_expected(entities->model, cell, span.periods[i], &own_group);
		PeriodFactor factor = known_factor(&walk, span.periods[i]);
		bool		present;

		CHECK_FOR_INTERRUPTS();
		any_own_group |= own_group;
		while (own->period < span.periods[i])
			own++;
		present = (own->period == span.periods[i]);
		if (!present && (factor == NOT_JUDGED || !judged || peers_common_absence(entities->model, i)))
			absent[nabsent++] = Int32GetDatum(span.periods[i]);
		else
		{
			ProfilePeriod row = {
				.period = span.periods[i],
				.actual_rows = present,
				.expected_rows = (factor != NOT_JUDGED),
				.actual = present ? own->actual : 0,
				.expected = factor == NOT_JUDGED ? 0 : with_factor(expected, factor)
			};

			filled = profile_add(filled, &row);
		}
	}

	values[0] = entity;
	values[1] = PointerGetDatum(profile_canonical(filled));
	values[2] = PointerGetDatum(construct_array(absent, nabsent, INT4OID, sizeof(int32), true, TYPALIGN_INT));
	peer_values(entities, cell, any_own_group, &values[3]);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* the names of the peer dimensions, checked */
static int
read_dimensions(ArrayType *array, char **dimensions)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;

	deconstruct_array(array, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR,
					  &elements, &nulls, &n);
	if (n > MAX_PEER_DIMENSIONS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%d peer dimensions given, the limit is %d", n, MAX_PEER_DIMENSIONS)));
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("peer dimension %d is null", i + 1)));
		dimensions[i] = NameStr(*DatumGetName(elements[i]));
	}
	return n;
}

/*
 * The arguments from "peer_columns", the one numbered "n", on.
 */
static void
read_peer_arguments(FunctionCallInfo fcinfo, int n, PeerRequest *request)
{
	request->ndimensions = read_dimensions(PG_GETARG_ARRAYTYPE_P(n), request->dimensions);

	request->quantile = NAN;
	if (!PG_ARGISNULL(n + 1))
	{
		request->quantile = PG_GETARG_FLOAT8(n + 1);
		if (!(request->quantile > 0 && request->quantile < 1))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("quantile %g is out of range: it must be above 0 and below 1", request->quantile)));
	}
	request->min_peers = PG_GETARG_INT32(n + 2);
	if (request->min_peers < 1)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("min_peers %d is out of range: it must be at least 1", request->min_peers)));
}

/* arguments with a name here must not be NULL; the quantile has none */
static void
refuse_null_arguments(FunctionCallInfo fcinfo, const char *function,
					  const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (names[i] != NULL && PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument \"%s\" of %s is null", names[i], function)));
	}
}

/* read what is requested; "give" returns the rows of each entity */
static void
answer(FunctionCallInfo fcinfo, const PeerRequest *request, PeerVisitor give)
{
	PeerEntities *entities;

	InitMaterializedSRF(fcinfo, 0);
	entities = peer_entities_read(request, get_func_namespace(fcinfo->flinfo->fn_oid));
	peer_entities_visit(entities, give, fcinfo->resultinfo);
	peer_entities_end(entities);
}

/*
 * expected_revenue(relation regclass, entity_column name, period_column name,
 *					amount_column name, peer_columns name[],
 *					quantile double precision, min_peers integer)
 * returns table (entity text, period integer, actual numeric, present boolean,
 *				  expected numeric, spread numeric, peer_group text,
 *				  peers bigint, peer_level text, credibility numeric)
 */
Datum
expected_revenue(PG_FUNCTION_ARGS)
{
	static const char *const names[] = {
		"relation", "entity_column", "period_column", "amount_column", "peer_columns", NULL, "min_peers"
	};
	PeerRequest request;

	refuse_null_arguments(fcinfo, "expected_revenue", names, lengthof(names));
	request.relation = PG_GETARG_OID(0);
	request.entity = NameStr(*PG_GETARG_NAME(1));
	request.period = NameStr(*PG_GETARG_NAME(2));
	request.amount = NameStr(*PG_GETARG_NAME(3));
	request.known = NULL;
	read_peer_arguments(fcinfo, 4, &request);
	answer(fcinfo, &request, return_revenue);
	return (Datum) 0;
}

/*
 * expected_profiles(relation regclass, entity_column name,
 *					 profile_column name, peer_columns name[],
 *					 quantile double precision, min_peers integer,
 *					 known_column name)
 * returns table (entity text, profile leakage_profile, absent integer[],
 *				  peer_group text, peers bigint, peer_level text,
 *				  credibility numeric)
 */
Datum
expected_profiles(PG_FUNCTION_ARGS)
{
	static const char *const names[] = {
		"relation", "entity_column", "profile_column", "peer_columns", NULL, "min_peers"
	};
	PeerRequest request;

	refuse_null_arguments(fcinfo, "expected_profiles", names, lengthof(names));
	request.relation = PG_GETARG_OID(0);
	request.entity = NameStr(*PG_GETARG_NAME(1));
	request.period = NULL;
	request.amount = NameStr(*PG_GETARG_NAME(2));
	request.known = PG_ARGISNULL(6) ? NULL : NameStr(*PG_GETARG_NAME(6));
	read_peer_arguments(fcinfo, 3, &request);
	answer(fcinfo, &request, return_profile);
	return (Datum) 0;
}

/*
 * Planner support: as many rows as the planner believes the relation to have.
 */
Datum
expected_revenue_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestRows))
	{
		SupportRequestRows *rows = (SupportRequestRows *) request;
		Node	   *relation;

		if (!is_funcclause(rows->node))
			PG_RETURN_POINTER(NULL);
		relation = (Node *) linitial(((FuncExpr *) rows->node)->args);
		if (IsA(relation, Const) && !((Const *) relation)->constisnull)
		{
			HeapTuple	tuple = SearchSysCache1(RELOID, ((Const *) relation)->constvalue);

			if (HeapTupleIsValid(tuple))
			{
				double		reltuples = ((Form_pg_class) GETSTRUCT(tuple))->reltuples;

				ReleaseSysCache(tuple);
				rows->rows = reltuples > 0 ? reltuples : DEFAULT_RELATION_ROWS;
				PG_RETURN_POINTER(request);
			}
		}
	}
	PG_RETURN_POINTER(NULL);
}
