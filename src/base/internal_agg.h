/*-------------------------------------------------------------------------
 *
 * internal_agg.h
 *		What aggregates share: their memory, states that may be NULL, and
 *		serialized states.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_INTERNAL_AGG_H
#define LEAKAGE_INTERNAL_AGG_H

#include "fmgr.h"
#include "lib/stringinfo.h"

/* argument n as a state, NULL before the first row; and return a state that may be NULL */
#define PG_GETARG_STATE(n)		(PG_ARGISNULL(n) ? NULL : (void *) PG_GETARG_POINTER(n))
#define PG_RETURN_STATE(state) \
	do { \
		if ((state) == NULL) \
			PG_RETURN_NULL(); \
		PG_RETURN_POINTER(state); \
	} while (0)

/* internal_agg.c */

/* the memory of the group's state; an error outside an aggregate */
extern MemoryContext aggregate_context(FunctionCallInfo fcinfo, const char *aggregate);

/* begin to read a serialized state, the first argument; an error (22P03) where it is of another version */
extern void state_open(FunctionCallInfo fcinfo, StringInfo buf, const char *aggregate, int version);

/* write a sum of 128 bits to a serialized state, and read it */
extern void state_send_sum(StringInfo buf, int128 sum);
extern int128 state_get_sum(StringInfo buf);

#endif							/* LEAKAGE_INTERNAL_AGG_H */
