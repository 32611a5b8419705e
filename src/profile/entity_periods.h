/*-------------------------------------------------------------------------
 *
 * entity_periods.h
 *		One entity's periods, ascending: those of its profile with what was
 *		kept of its assessment, and those that the profile leaves out.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_ENTITY_PERIODS_H
#define LEAKAGE_ENTITY_PERIODS_H

#include "utils/array.h"
#include "utils/numeric.h"

#include "profile/profile_state.h"

/* the columns of leakage_periods */
enum
{
	PERIOD_PERIOD,
	PERIOD_PRESENT,
	PERIOD_ACTUAL,
	PERIOD_EXPECTED,
	PERIOD_EXPECTED_LEAK,
	PERIOD_CONCERNED,
	PERIOD_COLUMNS
};

typedef struct EntityPeriods
{
	const LeakageProfile *profile;
	Datum	   *leaks;			/* numeric, an element a period of the profile; NULL: all 0 */
	Datum	   *concerned;		/* boolean, likewise; NULL: all false */
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
	int64		actual;			/* micro-units */
	int64		expected;		/* micro-units */
	Numeric		leak;			/* expected leak as it was kept; NULL: 0 */
} EntityPeriod;

/* entity_periods.c */

/*
 * Begin with an entity; arrays may be NULL.  What is read points into them,
 * and into the current memory context.  Errors: 22023 where an array does not
 * fit the profile, 22004 where an element is NULL.
 */
extern void entity_periods_begin(EntityPeriods *entity, const LeakageProfile *profile,
								 ArrayType *leaks, ArrayType *concerned, ArrayType *absent);

/* the next period; false at the end */
extern bool entity_periods_next(EntityPeriods *entity, EntityPeriod *period);

#endif							/* LEAKAGE_ENTITY_PERIODS_H */
