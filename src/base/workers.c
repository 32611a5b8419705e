/*-------------------------------------------------------------------------
 *
 * workers.c
 *		How many parallel workers are of use: as many as a query may have, but
 *		with the leader, which works as hard as they do, no more processes than
 *		processors.
 *
 * One process too many does harm where all have to arrive before any can go
 * on, at the barrier of a bulk pass as in a round of the fit: the last one
 * keeps the others waiting.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <unistd.h>

#include "fmgr.h"
#include "optimizer/cost.h"

#include "base/workers.h"

PG_FUNCTION_INFO_V1(leakage_useful_workers);

int
useful_workers(void)
{
	long		processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (processors <= 0)
		return max_parallel_workers_per_gather; /* the system does not say */
	return Min(max_parallel_workers_per_gather, Max(1, (int) processors - 1));
}

/*
 * leakage_useful_workers() returns integer
 */
Datum
leakage_useful_workers(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(useful_workers());
}
