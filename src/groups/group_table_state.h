/*-------------------------------------------------------------------------
 *
 * group_table_state.h
 *		What group_leakage works on: spells, their amounts, and the changes of
 *		groups that were found so far.
 *
 * A spell is one entity with one value of each dimension.  An entity that
 * changes a value begins another spell, with a level of its own, so nobody's
 * move from one group to another looks like a change of a group.
 *
 * The caller adds spells in any order, finishes the table, and reads it as often
 * as it needs.  Amounts that are not above zero count as absent.  A reader gets
 * logarithms from which the changes found so far are taken off.
 *
 * Invariants
 *	- what was added is not changed.  A change that was found is a rule, and is
 *	  applied when the table is read.
 *	- values of a dimension are numbered in the order of their bytes, so numbers
 *	  do not depend on the order of rows.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_GROUP_TABLE_STATE_H
#define LEAKAGE_GROUP_TABLE_STATE_H

#include "groups/log_amount_state.h"
#include "groups/spell_store.h"

#define GROUP_MAX_DIMENSIONS	8
#define GROUP_MAX_PERIODS		128
#define GROUP_MAX_LABELS		10000	/* different values of one dimension */
#define GROUP_MAX_DEPTH			3

/* the value of a spell that too few others share */
#define RARE_VALUE				0xFFFF

/* the logarithm where there is no amount above zero */
#define NO_AMOUNT				PG_INT32_MIN

typedef struct Spell
{
	uint64		entity;			/* hash of its name */
	int32		number;			/* from 0 on, in the order of reading */
	int16		first;			/* period with the first amount above zero, and the last */
	int16		last;
	uint16		values[GROUP_MAX_DIMENSIONS];
	LogAmount	logs[FLEXIBLE_ARRAY_MEMBER];	/* one per period, or NO_AMOUNT */
} Spell;

/* one amount of a spell that is added */
typedef struct SpellAmount
{
	int32		period;
	int64		amount;			/* micro-units, above zero */
} SpellAmount;

/* up to three values that define a group */
typedef struct GroupValues
{
	int			depth;
	int			dimensions[GROUP_MAX_DEPTH];	/* ascending */
	uint16		values[GROUP_MAX_DEPTH];
} GroupValues;

/* a change of a group that readers do not want to see again */
typedef struct GroupChange
{
	GroupValues group;
	int			start;			/* first period, and the one after the last */
	int			end;
	LogAmount	shift;			/* taken off the logarithms */
	bool		lost;			/* no shift: absences of these periods do not count */
} GroupChange;

typedef struct GroupDimension
{
	char	  **labels;			/* in the order of their bytes, after table_finish() */
	int64	   *spells;			/* with this label */
	uint16	   *values;			/* of each label in the order of arrival */
	int			nlabels;
	int			nvalues;		/* labels that enough spells share */
	int		   *label_of_value;
	struct grouplabel_hash *by_label;
} GroupDimension;

typedef struct GroupTable
{
	int			ndimensions;
	GroupDimension dimensions[GROUP_MAX_DIMENSIONS];
	int32		periods[GROUP_MAX_PERIODS]; /* ascending */
	int			nperiods;
	int64		nspells;
	SpellStore *arrived;		/* as added */
	SpellStore *spells;
	GroupChange *changes;
	int			nchanges;
	int			max_changes;
} GroupTable;

/* group_table_state.c */
extern GroupTable *table_begin(int ndimensions, Size memory);
extern int	table_label(GroupTable *table, int dimension, const char *label);
extern void table_add(GroupTable *table, uint64 entity, const int *labels, const SpellAmount *amounts, int n);
extern void table_finish(GroupTable *table, int64 min_spells, Size memory);
extern void table_end(GroupTable *table);

extern GroupChange *table_add_change(GroupTable *table, const GroupChange *change);

/* the next spell, and its logarithms less what was found; NULL after the last */
extern void table_rewind(GroupTable *table);
extern const Spell *table_next(GroupTable *table, LogAmount *logs);

/* the same, and its amounts by period; 0 in a period without an amount */
extern void table_rewind_amounts(GroupTable *table);
extern const Spell *table_next_amounts(GroupTable *table, LogAmount *logs, int64 *amounts);

/* periods strictly inside the spell that count, and those without an amount: 1 or 0 */
extern void table_absences(const GroupTable *table, const Spell *spell, int32 *inside, int32 *absent);

static inline bool
group_has(const GroupValues *group, const Spell *spell)
{
	for (int i = 0; i < group->depth; i++)
	{
		if (spell->values[group->dimensions[i]] != group->values[i])
			return false;
	}
	return true;
}

#endif							/* LEAKAGE_GROUP_TABLE_STATE_H */
