/*-------------------------------------------------------------------------
 *
 * group_space_state.c
 *		The groups that are searched; see group_space_state.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "base/base.h"
#include "groups/group_space_state.h"

/* what a group needs besides its sums */
#define BYTES_PER_GROUP		200

#define MAX_CUBOIDS			92	/* of 8 dimensions: 8 + 28 + 56 */

/* the group of a spell in a cuboid, or -1 */
int
space_group(const GroupSpace *space, int cuboid, const Spell *spell)
{
	const Cuboid *of = &space->cuboids[cuboid];
	int			index = 0;

	for (int i = 0; i < of->depth; i++)
	{
		uint16		value = spell->values[of->dimensions[i]];

		if (value == RARE_VALUE)
			return -1;
		index = index * of->nvalues[i] + value;
	}
	return of->groups[index];
}

/* add a cuboid whose table is still to be made; its size as a double, which may be large */
static double
add_cuboid(GroupSpace *space, const GroupTable *table, int depth, const int *dimensions)
{
	Cuboid	   *cuboid = &space->cuboids[space->ncuboids++];
	double		size = 1;

	memset(cuboid, 0, sizeof(Cuboid));
	cuboid->depth = depth;
	for (int i = 0; i < depth; i++)
	{
		cuboid->dimensions[i] = dimensions[i];
		cuboid->nvalues[i] = table->dimensions[dimensions[i]].nvalues;
		size *= cuboid->nvalues[i];
	}
	cuboid->size = (int) Min(size, (double) PG_INT32_MAX);
	return size;
}

/* add the cuboids of a depth; the cells that their tables have together */
static double
add_cuboids(GroupSpace *space, const GroupTable *table, int depth)
{
	double		cells = 0;
	int			n = table->ndimensions;

	for (int a = 0; a < n; a++)
	{
		if (depth == 1)
			cells += add_cuboid(space, table, 1, (int[]) {a});
		for (int b = a + 1; depth > 1 && b < n; b++)
		{
			if (depth == 2)
				cells += add_cuboid(space, table, 2, (int[]) {a, b});
			for (int c = b + 1; depth > 2 && c < n; c++)
				cells += add_cuboid(space, table, 3, (int[]) {a, b, c});
		}
	}
	return cells;
}

/* count the spells of each combination of the cuboids from "first" on; the groups among them */
static int64
count_spells(GroupSpace *space, GroupTable *table, int first, int64 min_spells)
{
	const Spell *spell;
	LogAmount	logs[GROUP_MAX_PERIODS];
	int64		ngroups = 0;

	for (int i = first; i < space->ncuboids; i++)
		space->cuboids[i].groups = (int32 *)
			MemoryContextAllocExtended(CurrentMemoryContext, Max(space->cuboids[i].size, 1) * sizeof(int32),
									   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	/* while counting, the tables hold numbers of spells, and -1 marks nothing */
	table_rewind(table);
	while ((spell = table_next(table, logs)) != NULL)
	{
		for (int i = first; i < space->ncuboids; i++)
		{
			Cuboid	   *cuboid = &space->cuboids[i];
			int			index = 0;

			for (int k = 0; k < cuboid->depth && index >= 0; k++)
			{
				uint16		value = spell->values[cuboid->dimensions[k]];

				index = value == RARE_VALUE ? -1 : index * cuboid->nvalues[k] + value;
			}
			if (index >= 0)
				cuboid->groups[index]++;
		}
	}
	for (int i = first; i < space->ncuboids; i++)
	{
		for (int k = 0; k < space->cuboids[i].size; k++)
			ngroups += space->cuboids[i].groups[k] >= min_spells;
	}
	return ngroups;
}

/* turn counts into numbers of groups */
static void
number_groups(GroupSpace *space, int first, int64 min_spells)
{
	for (int i = first; i < space->ncuboids; i++)
	{
		Cuboid	   *cuboid = &space->cuboids[i];

		if (cuboid->depth == 1)
			space->first_value[cuboid->dimensions[0]] = space->ngroups;
		for (int k = 0; k < cuboid->size; k++)
		{
			int64		spells = cuboid->groups[k];
			SearchedGroup *group = &space->groups[space->ngroups];
			int			rest = k;

			cuboid->groups[k] = -1;
			if (spells < min_spells)
				continue;
			memset(group, 0, sizeof(SearchedGroup));
			group->spells = spells;
			group->values.depth = cuboid->depth;
			for (int d = cuboid->depth - 1; d >= 0; d--)
			{
				group->values.dimensions[d] = cuboid->dimensions[d];
				group->values.values[d] = (uint16) (rest % cuboid->nvalues[d]);
				rest /= cuboid->nvalues[d];
			}
			space->of_depth[cuboid->depth]++;
			cuboid->groups[k] = space->ngroups++;
		}
	}
}

static void
drop_cuboids(GroupSpace *space, int first)
{
	for (int i = first; i < space->ncuboids; i++)
	{
		if (space->cuboids[i].groups != NULL)
			pfree(space->cuboids[i].groups);
	}
	space->ncuboids = first;
	space->cut = true;
}

/*
 * The groups of a finished table.  Depths are added as long as the tables and
 * the sums of all groups fit in so many bytes; single values always count.
 */
GroupSpace *
space_build(GroupTable *table, int max_depth, int64 min_spells, Size memory)
{
	GroupSpace *space = (GroupSpace *) palloc0(sizeof(GroupSpace));
	double		used = 0;

	space->nperiods = table->nperiods;
	space->cuboids = (Cuboid *) palloc(MAX_CUBOIDS * sizeof(Cuboid));
	for (int depth = 1; depth <= Min(max_depth, table->ndimensions); depth++)
	{
		int			first = space->ncuboids;
		double		cells = add_cuboids(space, table, depth);
		int64		ngroups;

		if (depth > 1 && used + cells * sizeof(int32) > (double) memory)
		{
			drop_cuboids(space, first);
			break;
		}
		ngroups = count_spells(space, table, first, min_spells);
		used += cells * sizeof(int32) +
			(double) ngroups * (BYTES_PER_GROUP + table->nperiods * (sizeof(int64) + sizeof(int32)));
		if (depth > 1 && used > (double) memory)
		{
			drop_cuboids(space, first);
			break;
		}
		if (ngroups == 0)
		{
			drop_cuboids(space, first);
			space->cut = false;
			break;
		}
		space->groups = space->groups == NULL ?
			(SearchedGroup *) palloc(ngroups * sizeof(SearchedGroup)) :
			(SearchedGroup *) repalloc_huge(space->groups, (space->ngroups + ngroups) * sizeof(SearchedGroup));
		number_groups(space, first, min_spells);
		space->depth = depth;
	}
	return space;
}
