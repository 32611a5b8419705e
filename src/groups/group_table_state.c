/*-------------------------------------------------------------------------
 *
 * group_table_state.c
 *		Spells, their amounts, and what was found; see group_table_state.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"

#include "base/base.h"
#include "groups/group_table_state.h"

/* a label of a dimension, by its text */
typedef struct GroupLabel
{
	const char *label;
	uint32		hash;
	char		status;			/* simplehash's */
	int			number;			/* in the order of arrival */
} GroupLabel;

#define SH_PREFIX		grouplabel
#define SH_ELEMENT_TYPE	GroupLabel
#define SH_KEY_TYPE		const char *
#define SH_KEY			label
#define SH_HASH_KEY(tb, key)	hash_bytes((const unsigned char *) (key), (int) strlen(key))
#define SH_EQUAL(tb, a, b)		(strcmp(a, b) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, a)		((a)->hash)
#define SH_SCOPE		static inline
#define SH_DEFINE
#define SH_DECLARE
#include "lib/simplehash.h"

/* a spell as it is added, before its periods and values have numbers */
typedef struct ArrivedSpell
{
	uint64		entity;
	int			labels[GROUP_MAX_DIMENSIONS];
	int			namounts;
	SpellAmount amounts[FLEXIBLE_ARRAY_MEMBER];
} ArrivedSpell;

/* an empty table; what is added stays in so many bytes of memory, or goes to a file */
GroupTable *
table_begin(int ndimensions, Size memory)
{
	GroupTable *table = (GroupTable *) palloc0(sizeof(GroupTable));

	table->ndimensions = ndimensions;
	table->arrived = spells_begin(memory);
	for (int i = 0; i < ndimensions; i++)
	{
		GroupDimension *dimension = &table->dimensions[i];

		dimension->by_label = grouplabel_create(CurrentMemoryContext, 64, NULL);
		dimension->labels = (char **) palloc(GROUP_MAX_LABELS * sizeof(char *));
		dimension->spells = (int64 *) palloc0(GROUP_MAX_LABELS * sizeof(int64));
	}
	return table;
}

/* the number of a label, or -1 if the dimension has too many of them */
int
table_label(GroupTable *table, int dimension, const char *label)
{
	GroupDimension *of = &table->dimensions[dimension];
	GroupLabel *entry = grouplabel_lookup(of->by_label, label);
	bool		found;

	if (entry == NULL)
	{
		if (of->nlabels == GROUP_MAX_LABELS)
			return -1;
		of->labels[of->nlabels] = MemoryContextStrdup(GetMemoryChunkContext(of->labels), label);
		entry = grouplabel_insert(of->by_label, of->labels[of->nlabels], &found);
		entry->number = of->nlabels++;
	}
	return entry->number;
}

/* remember a period that occurs; false if there are too many */
static bool
add_period(GroupTable *table, int32 period)
{
	int			at = table->nperiods;

	while (at > 0 && table->periods[at - 1] >= period)
	{
		if (table->periods[at - 1] == period)
			return true;
		at--;
	}
	if (table->nperiods == GROUP_MAX_PERIODS)
		return false;
	memmove(&table->periods[at + 1], &table->periods[at], (table->nperiods - at) * sizeof(int32));
	table->periods[at] = period;
	table->nperiods++;
	return true;
}

/*
 * Add a spell.  Its amounts are above zero and in the order of their periods.
 */
void
table_add(GroupTable *table, uint64 entity, const int *labels, const SpellAmount *amounts, int n)
{
	char		buffer[offsetof(ArrivedSpell, amounts) + GROUP_MAX_PERIODS * sizeof(SpellAmount)]
		pg_attribute_aligned(MAXIMUM_ALIGNOF);
	ArrivedSpell *arrived = (ArrivedSpell *) buffer;

	for (int i = 0; i < n; i++)
	{
		if (!add_period(table, amounts[i].period))
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("the relation has more than %d periods", GROUP_MAX_PERIODS),
					 errhint("Use longer periods, or a view that keeps the latest.")));
	}
	memset(arrived, 0, offsetof(ArrivedSpell, amounts));
	arrived->entity = entity;
	arrived->namounts = n;
	for (int i = 0; i < table->ndimensions; i++)
	{
		arrived->labels[i] = labels[i];
		table->dimensions[i].spells[labels[i]]++;
	}
	memcpy(arrived->amounts, amounts, n * sizeof(SpellAmount));
	spells_append(table->arrived, arrived, offsetof(ArrivedSpell, amounts) + n * sizeof(SpellAmount));
	table->nspells++;
}

static int
compare_labels(const void *a, const void *b, void *labels)
{
	return strcmp(((char **) labels)[*(const int *) a], ((char **) labels)[*(const int *) b]);
}

/* number the labels that enough spells share, in the order of their bytes */
static void
number_values(GroupDimension *dimension, int64 min_spells)
{
	dimension->values = (uint16 *) palloc(Max(dimension->nlabels, 1) * sizeof(uint16));
	dimension->label_of_value = (int *) palloc(Max(dimension->nlabels, 1) * sizeof(int));
	for (int i = 0; i < dimension->nlabels; i++)
	{
		dimension->values[i] = RARE_VALUE;
		if (dimension->spells[i] >= min_spells)
			dimension->label_of_value[dimension->nvalues++] = i;
	}
	qsort_arg(dimension->label_of_value, dimension->nvalues, sizeof(int), compare_labels, dimension->labels);
	for (int i = 0; i < dimension->nvalues; i++)
		dimension->values[dimension->label_of_value[i]] = (uint16) i;
}

/*
 * No more spells: give periods and values their numbers, and take the logarithms.
 */
void
table_finish(GroupTable *table, int64 min_spells, Size memory)
{
	Size		size = offsetof(Spell, logs) + table->nperiods * sizeof(LogAmount);
	Spell	   *spell = (Spell *) palloc0(size);
	const ArrivedSpell *arrived;

	for (int i = 0; i < table->ndimensions; i++)
		number_values(&table->dimensions[i], min_spells);

	table->spells = spells_begin(memory);
	spells_rewind(table->arrived);
	while ((arrived = (const ArrivedSpell *) spells_next(table->arrived)) != NULL)
	{
		int			amount = 0;

		spell->entity = arrived->entity;
		spell->first = -1;
		for (int i = 0; i < table->ndimensions; i++)
			spell->values[i] = table->dimensions[i].values[arrived->labels[i]];
		for (int t = 0; t < table->nperiods; t++)
		{
			spell->logs[t] = NO_AMOUNT;
			if (amount < arrived->namounts && arrived->amounts[amount].period == table->periods[t])
			{
				spell->logs[t] = log_of_amount(arrived->amounts[amount++].amount);
				if (spell->first < 0)
					spell->first = t;
				spell->last = t;
			}
		}
		spells_append(table->spells, spell, size);
		spell->number++;
	}
	pfree(spell);
}

void
table_end(GroupTable *table)
{
	spells_end(table->arrived);
	if (table->spells != NULL)
		spells_end(table->spells);
}

/* the returned change may still be altered, until the next is added */
GroupChange *
table_add_change(GroupTable *table, const GroupChange *change)
{
	if (table->nchanges == table->max_changes)
	{
		table->max_changes = Max(16, table->max_changes * 2);
		table->changes = table->changes == NULL ?
			(GroupChange *) palloc(table->max_changes * sizeof(GroupChange)) :
			(GroupChange *) repalloc(table->changes, table->max_changes * sizeof(GroupChange));
	}
	table->changes[table->nchanges] = *change;
	return &table->changes[table->nchanges++];
}

void
table_rewind(GroupTable *table)
{
	spells_rewind(table->spells);
}

const Spell *
table_next(GroupTable *table, LogAmount *logs)
{
	const Spell *spell = (const Spell *) spells_next(table->spells);

	if (spell == NULL)
		return NULL;
	memcpy(logs, spell->logs, table->nperiods * sizeof(LogAmount));
	for (int i = 0; i < table->nchanges; i++)
	{
		const GroupChange *change = &table->changes[i];

		if (change->lost || !group_has(&change->group, spell))
			continue;
		for (int t = change->start; t < change->end; t++)
		{
			if (logs[t] != NO_AMOUNT)
				logs[t] -= change->shift;
		}
	}
	return spell;
}

void
table_rewind_amounts(GroupTable *table)
{
	spells_rewind(table->spells);
	spells_rewind(table->arrived);
}

const Spell *
table_next_amounts(GroupTable *table, LogAmount *logs, int64 *amounts)
{
	const ArrivedSpell *arrived = (const ArrivedSpell *) spells_next(table->arrived);
	int			t = 0;

	if (arrived == NULL)
		return NULL;
	memset(amounts, 0, table->nperiods * sizeof(int64));
	for (int i = 0; i < arrived->namounts; i++)
	{
		while (table->periods[t] != arrived->amounts[i].period)
			t++;
		amounts[t] = arrived->amounts[i].amount;
	}
	return table_next(table, logs);
}

void
table_absences(const GroupTable *table, const Spell *spell, int32 *inside, int32 *absent)
{
	for (int t = 0; t < table->nperiods; t++)
	{
		inside[t] = t > spell->first && t < spell->last;
		absent[t] = inside[t] && spell->logs[t] == NO_AMOUNT;
	}
	for (int i = 0; i < table->nchanges; i++)
	{
		const GroupChange *change = &table->changes[i];

		if (!change->lost || !group_has(&change->group, spell))
			continue;
		for (int t = change->start; t < change->end; t++)
			inside[t] = absent[t] = 0;
	}
}
