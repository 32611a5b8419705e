/*-------------------------------------------------------------------------
 *
 * entity_periods_io.h
 *		One entity's periods out of the arguments of a function, and as rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_ENTITY_PERIODS_IO_H
#define LEAKAGE_ENTITY_PERIODS_IO_H

#include "fmgr.h"

#include "profile/entity_periods_state.h"

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

#define NO_ARGUMENT		(-1)

/* entity_periods_io.c */

/*
 * Begin with the entity of the arguments with these numbers: a profile, which
 * must not be NULL, and arrays, which may be NULL or NO_ARGUMENT.  What is read
 * points into them, and into the current memory context.  Errors: 22023 where
 * an array does not fit the profile, 22004 where an element is NULL.
 */
extern void entity_periods_read(EntityPeriods *entity, FunctionCallInfo fcinfo,
								int profile, int leaks, int concerned, int absent);

/* a period's expected leak, micro-units */
extern int64 entity_period_leak(const EntityPeriod *period);

#endif							/* LEAKAGE_ENTITY_PERIODS_IO_H */
