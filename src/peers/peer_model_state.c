/*-------------------------------------------------------------------------
 *
 * peer_model_state.c
 *		Expected revenue from peers; see peer_model_state.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/base.h"
#include "peers/peer_model_state.h"
#include "summary/summary.h"

/* one group in one period; group ALL_GROUPS stands for all entities */
typedef struct PeerPeriod
{
	uint64		key;
	char		status;			/* simplehash's */
	bool		own;			/* level from the group itself, not from all */
	int64		rows;			/* amounts seen */
	int64		positive;		/* positive amounts seen */
	int128		total;			/* their sum */
	RevenueSummary *amounts;	/* their distribution, for a quantile only */
	int64		level;			/* what the group brings in, micro-units */
} PeerPeriod;

#define ALL_GROUPS	0xFFFFFFFFU

/* with fewer absent entities, the period is not the cause of an absence */
#define COMMON_ABSENCE_MIN	10

static inline uint64
period_key(uint32 group, int32 period)
{
	return ((uint64) group << 32) | (uint32) period;
}

#define SH_PREFIX		peerperiod
#define SH_ELEMENT_TYPE	PeerPeriod
#define SH_KEY_TYPE		uint64
#define SH_KEY			key
#define SH_HASH_KEY(tb, key)	hash_combine(murmurhash32((uint32) ((key) >> 32)), murmurhash32((uint32) (key)))
#define SH_EQUAL(tb, a, b)		((a) == (b))
#define SH_SCOPE		static inline
#define SH_DEFINE
#define SH_DECLARE
#include "lib/simplehash.h"

typedef enum PeerPass
{
	PASS_OBSERVE,
	PASS_RATE_GROUPS,
	PASS_RATE_CELLS,
	PASS_DONE
} PeerPass;

struct PeerModel
{
	MemoryContext context;
	PeerPass	pass;
	int64		min_peers;
	double		quantile;		/* NaN: the mean */
	PeerUnits	groups;
	PeerUnits	cells;
	peerperiod_hash *periods;
	int32	   *period_list;	/* ascending, after the first pass */
	int			nperiods;

	/* of each period, the entities that have rows before and after it */
	int64	   *around;
	int64	   *absent;			/* those among them without a row in it */
	bool	   *empty;			/* whether nobody has a row in it that is judged */
	int64		around_total;	/* sums over the periods */
	int64		absent_total;

	/* within-entity noise, relative to the entity's own level: 2^-32 */
	int128		noise_squares;
	int128		noise_scale;
};

/*
 * A model without entities, in the current memory context.  The level of a
 * group is the mean of its positive amounts or, where "quantile" is not NaN,
 * that quantile of them.
 */
PeerModel *
peers_make(int64 min_peers, double quantile)
{
	PeerModel  *model = (PeerModel *) palloc0(sizeof(PeerModel));

	model->context = CurrentMemoryContext;
	model->min_peers = min_peers;
	model->quantile = quantile;
	units_init(&model->groups);
	units_init(&model->cells);
	model->periods = peerperiod_create(CurrentMemoryContext, 256, NULL);
	return model;
}

/*
 * The number of the cell with this key, added if it is new.  (A group's label
 * is one value, and so its own key.)
 */
int
peers_cell(PeerModel *model, const char *group_label, const char *cell_key, const char *cell_label)
{
	MemoryContext old = MemoryContextSwitchTo(model->context);
	int			group = units_find_or_add(&model->groups, group_label, group_label, 0);
	int			cell = units_find_or_add(&model->cells, cell_key, cell_label, group);

	MemoryContextSwitchTo(old);
	return cell;
}

static PeerPeriod *
find_or_add_period(PeerModel *model, uint32 group, int32 period)
{
	bool		found;
	PeerPeriod *entry = peerperiod_insert(model->periods, period_key(group, period), &found);

	if (!found)
	{
		entry->own = true;
		entry->rows = 0;
		entry->positive = 0;
		entry->total = 0;
		entry->amounts = NULL;
		entry->level = 0;
	}
	return entry;
}

static void
observe_amount(PeerModel *model, uint32 group, int32 period, int64 amount)
{
	PeerPeriod *entry = find_or_add_period(model, group, period);

	entry->rows++;
	if (amount > 0)
	{
		entry->positive++;
		entry->total += amount;
		if (!isnan(model->quantile))
		{
			if (entry->amounts == NULL)
				entry->amounts = summary_make_empty();
			/* a sum may be beyond all amounts; what is expected never is */
			entry->amounts = summary_add(entry->amounts, Min(amount, MONEY_LIMIT - 1));
		}
	}
}

/* first pass: what each group brings in */
void
peers_observe(PeerModel *model, int cell, const LeakageProfile *profile, const LeakageProfile *known)
{
	KnownPeriods walk = {.profile = known};
	MemoryContext old = MemoryContextSwitchTo(model->context);
	uint32		group = model->cells.units[cell].group;

	Assert(model->pass == PASS_OBSERVE);
	for (uint32 i = 0; i < profile->nperiods; i++)
	{
		const ProfilePeriod *slot = &profile->periods[i];
		PeriodFactor factor = known_factor(&walk, slot->period);
		int64		amount;

		if (period_kind(slot) == MISSING_PERIOD)
			continue;
		if (factor == NOT_JUDGED)
		{
			/* the period exists */
			(void) find_or_add_period(model, ALL_GROUPS, slot->period);
			continue;
		}
		amount = without_factor(slot->actual, factor);
		observe_amount(model, group, slot->period, amount);
		observe_amount(model, ALL_GROUPS, slot->period, amount);
	}
	MemoryContextSwitchTo(old);
}

static const PeerPeriod *
find_period(const PeerModel *model, uint32 group, int32 period)
{
	return peerperiod_lookup(model->periods, period_key(group, period));
}

/* an entity's amount as it counts for its peers; 0 where the period is not judged */
static int64
judged_amount(const ProfilePeriod *slot, KnownPeriods *known)
{
	PeriodFactor factor = known_factor(known, slot->period);

	return factor == NOT_JUDGED ? 0 : without_factor(slot->actual, factor);
}

/*
 * Add one entity to its unit: its positive amounts against what the periods
 * of "group" bring in.
 */
static void
rate_entity(const PeerModel *model, PeerUnit *unit, uint32 group,
			const LeakageProfile *profile, const LeakageProfile *known)
{
	KnownPeriods walk = {.profile = known};
	int128		actual = 0;
	int128		expected = 0;

	for (uint32 i = 0; i < profile->nperiods; i++)
	{
		const ProfilePeriod *slot = &profile->periods[i];
		int64		amount = judged_amount(slot, &walk);
		const PeerPeriod *level;

		if (amount <= 0)
			continue;
		level = find_period(model, group, slot->period);
		if (level == NULL || level->level <= 0)
			continue;
		actual += amount;
		expected += level->level;
	}
	if (expected > 0)
		unit_add_entity(unit, actual, expected);
}

/* the index of the first period that is not before "period" */
int
peers_first_period(const PeerModel *model, int32 period)
{
	int			low = 0;
	int			high = model->nperiods;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (model->period_list[middle] < period)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * The first and the last row of an entity that are judged; false: it has none.
 */
static bool
judged_span(const LeakageProfile *profile, const LeakageProfile *known, int32 *first, int32 *last)
{
	KnownPeriods walk = {.profile = known};
	bool		any = false;

	for (uint32 i = 0; i < profile->nperiods; i++)
	{
		int32		period = profile->periods[i].period;

		if (known_factor(&walk, period) == NOT_JUDGED)
			continue;
		if (!any)
			*first = period;
		*last = period;
		any = true;
	}
	return any;
}

/*
 * In which periods an entity has rows, of those between its first and last that
 * are judged.
 */
static void
observe_absence(PeerModel *model, const LeakageProfile *profile, const LeakageProfile *known)
{
	KnownPeriods walk = {.profile = known};
	const ProfilePeriod *own = profile->periods;
	bool		judged = absences_judged(known);
	int32		first = 0;
	int32		last = 0;

	if (!judged_span(profile, known, &first, &last))
		return;
	for (int i = peers_first_period(model, first) + 1;
		 i < model->nperiods && model->period_list[i] < last; i++)
	{
		bool		present;

		CHECK_FOR_INTERRUPTS();
		while (own->period < model->period_list[i])
			own++;
		present = (own->period == model->period_list[i]);
		if (model->empty[i] || known_factor(&walk, model->period_list[i]) == NOT_JUDGED ||
			(!present && !judged))
			continue;
		model->around[i]++;
		model->around_total++;
		if (!present)
		{
			model->absent[i]++;
			model->absent_total++;
		}
	}
}

/*
 * Does the period explain an absence, rather than the entity?  An outage or a
 * holiday does.  At least COMMON_ABSENCE_MIN entities must be absent, and their
 * share must be more than 1.5 times the share in the other periods, by more
 * than three standard deviations.  So does a period in which nobody has a row
 * that is judged.
 */
bool
peers_common_absence(const PeerModel *model, int period_index)
{
	int64		around = model->around[period_index];
	int64		absent = model->absent[period_index];
	int64		others = model->around_total - around;
	int64		others_absent = model->absent_total - absent;
	double		usual;
	double		excess;

	if (model->empty[period_index])
		return true;
	if (absent < COMMON_ABSENCE_MIN || others == 0)
		return false;
	usual = (double) others_absent / (double) others;
	excess = (double) absent - (double) around * usual;
	return excess > 0.5 * (double) around * usual &&
		excess * excess > 9 * (double) around * usual * (1 - usual);
}

/* second pass: how much groups differ, for periods in which they have too few peers */
void
peers_rate_group(PeerModel *model, int cell, const LeakageProfile *profile, const LeakageProfile *known)
{
	Assert(model->pass == PASS_RATE_GROUPS);
	observe_absence(model, profile, known);
	rate_entity(model, &model->groups.units[model->cells.units[cell].group],
				ALL_GROUPS, profile, known);
}

/*
 * The noise of an entity's periods around its own level, relative to the level:
 * sums for the coefficient of variation of docs/method.md.  An entity's two
 * terms are doubles, and are rounded to whole units before they are added.
 */
static void
observe_noise(PeerModel *model, uint32 group, const LeakageProfile *profile, const LeakageProfile *known)
{
	KnownPeriods walk = {.profile = known};
	double		sum = 0;
	double		squares = 0;
	double		spread;
	double		mean;
	int			n = 0;

	for (uint32 i = 0; i < profile->nperiods; i++)
	{
		const ProfilePeriod *slot = &profile->periods[i];
		int64		amount = judged_amount(slot, &walk);
		const PeerPeriod *level;
		double		ratio;

		if (amount <= 0)
			continue;
		level = find_period(model, group, slot->period);
		if (level == NULL || level->level <= 0)
			continue;
		ratio = Min((double) amount / (double) level->level, 65536.0);
		sum += ratio;
		squares += ratio * ratio;
		n++;
	}
	if (n < 2)
		return;
	mean = sum / n;
	spread = Max(squares - n * mean * mean, 0.0);
	model->noise_squares += (int128) rint(spread * 4294967296.0);
	model->noise_scale +=
		(int128) rint(Max((n - 1) * (mean * mean - spread / ((n - 1.0) * n)), 0.0) * 4294967296.0);
}

/* third pass: how much cells differ within their groups */
void
peers_rate_cell(PeerModel *model, int cell, const LeakageProfile *profile, const LeakageProfile *known)
{
	uint32		group = model->cells.units[cell].group;

	Assert(model->pass == PASS_RATE_CELLS);
	rate_entity(model, &model->cells.units[cell], group, profile, known);
	observe_noise(model, group, profile, known);
}

/* an amount times a factor, neither of them below zero, limited to the largest amount */
static int64
scale_by_factor(int64 amount, Fixed32 factor)
{
	/* divide_rounded() by a power of two */
	int128		scaled = ((int128) amount * factor + FIXED32_ONE / 2) >> 32;

	Assert(amount >= 0 && factor >= 0);
	return (int64) Min(scaled, MONEY_LIMIT - 1);
}

static int
compare_periods(const void *a, const void *b)
{
	int32		left = *(const int32 *) a;
	int32		right = *(const int32 *) b;

	return (left > right) - (left < right);
}

/* the mean, or the quantile, of the positive amounts of a group's period */
static int64
observed_level(const PeerModel *model, const PeerPeriod *entry)
{
	if (entry->positive == 0)
		return 0;
	if (isnan(model->quantile))
		return (int64) divide_rounded(entry->total, entry->positive);
	return summary_quantile(summary_pack(entry->amounts), model->quantile);
}

static void
finish_observation(PeerModel *model)
{
	MemoryContext old = MemoryContextSwitchTo(model->context);
	peerperiod_iterator iterator;
	PeerPeriod *entry;

	model->period_list = (int32 *)
		MemoryContextAllocHuge(model->context,
							   Max(model->periods->members, 1) * sizeof(int32));
	peerperiod_start_iterate(model->periods, &iterator);
	while ((entry = peerperiod_iterate(model->periods, &iterator)) != NULL)
	{
		entry->level = observed_level(model, entry);
		if (entry->key >> 32 == ALL_GROUPS)
			model->period_list[model->nperiods++] = (int32) (uint32) entry->key;
	}
	qsort(model->period_list, model->nperiods, sizeof(int32), compare_periods);
	model->around = (int64 *) palloc0(Max(model->nperiods, 1) * sizeof(int64));
	model->absent = (int64 *) palloc0(Max(model->nperiods, 1) * sizeof(int64));
	model->empty = (bool *) palloc0(Max(model->nperiods, 1) * sizeof(bool));
	for (int i = 0; i < model->nperiods; i++)
		model->empty[i] = find_period(model, ALL_GROUPS, model->period_list[i])->rows == 0;
	MemoryContextSwitchTo(old);
}

/* where a group has too few peers in a period, the level of all entities is used */
static void
fill_thin_periods(PeerModel *model)
{
	peerperiod_iterator iterator;
	PeerPeriod *entry;

	peerperiod_start_iterate(model->periods, &iterator);
	while ((entry = peerperiod_iterate(model->periods, &iterator)) != NULL)
	{
		uint32		group = (uint32) (entry->key >> 32);

		if (group == ALL_GROUPS || entry->positive >= model->min_peers)
			continue;
		entry->own = false;
		entry->level = scale_by_factor(find_period(model, ALL_GROUPS, (int32) (uint32) entry->key)->level,
									   model->groups.units[group].factor);
	}
}

/* end of a pass over the entities */
void
peers_finish_pass(PeerModel *model)
{
	switch (model->pass)
	{
		case PASS_OBSERVE:
			finish_observation(model);
			break;
		case PASS_RATE_GROUPS:
			fit_credibility(&model->groups, 1, !isnan(model->quantile));
			fill_thin_periods(model);
			break;
		case PASS_RATE_CELLS:
			fit_credibility(&model->cells, model->groups.count, !isnan(model->quantile));
			break;
		case PASS_DONE:
			elog(ERROR, "peer model has been finished already");
	}
	model->pass++;
}

/*
 * What is expected of an entity of this cell in a period, micro-units; 0 where
 * no entity brought in anything.  *own_group tells whether the entity's group
 * has enough peers of its own in the period.
 */
int64
peers_expected(const PeerModel *model, int cell, int32 period, bool *own_group)
{
	const PeerUnit *unit = &model->cells.units[cell];
	const PeerPeriod *entry = find_period(model, unit->group, period);
	int64		level;

	Assert(model->pass == PASS_DONE);
	if (entry != NULL)
	{
		*own_group = entry->own;
		level = entry->level;
	}
	else
	{
		/* no entity of the group has a row in this period */
		entry = find_period(model, ALL_GROUPS, period);
		*own_group = false;
		level = entry == NULL ? 0 :
			scale_by_factor(entry->level, model->groups.units[unit->group].factor);
	}
	return scale_by_factor(level, unit->factor);
}

const PeerUnit *
peers_cell_unit(const PeerModel *model, int cell)
{
	return &model->cells.units[cell];
}

/* the periods in which any entity has a row, ascending */
int
peers_periods(const PeerModel *model, const int32 **periods)
{
	*periods = model->period_list;
	return model->nperiods;
}

/* coefficient of variation of an entity's periods around its own level */
double
peers_noise_cv(const PeerModel *model)
{
	if (model->noise_scale <= 0)
		return 0;
	return sqrt((double) model->noise_squares / (double) model->noise_scale);
}
