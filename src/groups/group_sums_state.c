/*-------------------------------------------------------------------------
 *
 * group_sums_state.c
 *		Sums over the spells of each group, per period; see group_space_state.h.
 *
 * This is the loop that costs the most: spells times groups of a spell times
 * periods.  The Makefile lets the compiler use vector instructions in it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "groups/group_space_state.h"

GroupSums *
group_sums_make(const GroupSpace *space)
{
	GroupSums  *sums = (GroupSums *) palloc(sizeof(GroupSums));
	Size		cells = Max((Size) space->ngroups * space->nperiods, 1);

	sums->sums = (int64 *) MemoryContextAllocHuge(CurrentMemoryContext, cells * sizeof(int64));
	sums->counts = (int32 *) MemoryContextAllocHuge(CurrentMemoryContext, cells * sizeof(int32));
	return sums;
}

void
group_sums_clear(const GroupSpace *space, GroupSums *sums)
{
	Size		cells = (Size) space->ngroups * space->nperiods;

	memset(sums->sums, 0, cells * sizeof(int64));
	memset(sums->counts, 0, cells * sizeof(int32));
}

/* add the periods of one spell to one of its groups */
void
group_sums_add(const GroupSpace *space, GroupSums *sums, int group, const int32 *x, const int32 *counted)
{
	int			nperiods = space->nperiods;
	int64	   *restrict sum = sums->sums + (Size) group * nperiods;
	int32	   *restrict count = sums->counts + (Size) group * nperiods;

	for (int t = 0; t < nperiods; t++)
		sum[t] += x[t];
	for (int t = 0; t < nperiods; t++)
		count[t] += counted[t];
}
