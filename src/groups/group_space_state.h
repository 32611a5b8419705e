/*-------------------------------------------------------------------------
 *
 * group_space_state.h
 *		The groups that are searched: every combination of up to three values of
 *		different dimensions that enough spells share; and sums over them.
 *
 * Groups of one value come first, in the order of dimensions and values.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_GROUP_SPACE_STATE_H
#define LEAKAGE_GROUP_SPACE_STATE_H

#include "groups/group_table_state.h"

/* all groups of the same dimensions */
typedef struct Cuboid
{
	int			depth;
	int			dimensions[GROUP_MAX_DEPTH];
	int			nvalues[GROUP_MAX_DEPTH];
	int			size;			/* combinations of values */
	int32	   *groups;			/* of each combination, or -1 */
} Cuboid;

typedef struct SearchedGroup
{
	GroupValues values;
	int64		spells;
} SearchedGroup;

typedef struct GroupSpace
{
	int			nperiods;
	int			ncuboids;
	Cuboid	   *cuboids;
	int			ngroups;
	SearchedGroup *groups;
	int			depth;			/* of the deepest groups */
	bool		cut;			/* deeper groups would not have fitted in memory */
	int			of_depth[GROUP_MAX_DEPTH + 1];	/* groups of each depth */
	int			first_value[GROUP_MAX_DIMENSIONS];	/* group of each dimension's first value */
} GroupSpace;

/* sums over the spells of each group, per period: whole numbers, so they can be added in any order */
typedef struct GroupSums
{
	int64	   *sums;
	int32	   *counts;
} GroupSums;

/* group_space_state.c */
extern GroupSpace *space_build(GroupTable *table, int max_depth, int64 min_spells, Size memory);
extern int	space_group(const GroupSpace *space, int cuboid, const Spell *spell);

/* group_sums_state.c */
extern GroupSums *group_sums_make(const GroupSpace *space);
extern void group_sums_clear(const GroupSpace *space, GroupSums *sums);
extern void group_sums_add(const GroupSpace *space, GroupSums *sums, int group, const int32 *x, const int32 *counted);

#endif							/* LEAKAGE_GROUP_SPACE_STATE_H */
