/*-------------------------------------------------------------------------
 *
 * entity_periods_state.h
 *		One entity's periods, ascending: those of its profile with what was
 *		kept of its assessment, and those that the profile leaves out.
 *
 * Invariants
 *	- the absent periods ascend, and none of them is in the profile.
 *	- leaks and concerned have an element for each period of the profile.
 *
 * Nothing here knows fmgr: the elements of arrays are passed through as they
 * are.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_ENTITY_PERIODS_STATE_H
#define LEAKAGE_ENTITY_PERIODS_STATE_H

#include "profile/profile_state.h"

typedef struct EntityPeriods
{
	const LeakageProfile *profile;
	const Datum *leaks;			/* numeric; NULL: all 0 */
	const Datum *concerned;		/* boolean; NULL: all false */
	const int32 *absent;
	int			nabsent;
	uint32		next;			/* slot of the profile */
	int			next_absent;
} EntityPeriods;

typedef struct EntityPeriod
{
	int32		period;
	bool		present;		/* there is an actual amount */
	bool		concerned;
	bool		has_leak;
	int64		actual;			/* micro-units */
	int64		expected;		/* micro-units */
	Datum		leak;			/* numeric, expected leak as it was kept; without one: 0 */
} EntityPeriod;

/* entity_periods_state.c */

/*
 * Begin with an entity, whose profile and arrays are set.  An error (22023)
 * where the absent periods break the invariant.
 */
extern void entity_periods_begin(EntityPeriods *entity);

/* the next period; false at the end */
extern bool entity_periods_next(EntityPeriods *entity, EntityPeriod *period);

#endif							/* LEAKAGE_ENTITY_PERIODS_STATE_H */
