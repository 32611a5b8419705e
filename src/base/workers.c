/*-------------------------------------------------------------------------
 *
 * workers.c
 *		How many parallel workers are useful: as many as a query may have, but
 *		together with the leader no more than there are processors.
 *
 * At the barrier of a bulk pass, and after a round of the fit, all processes
 * wait for the last one.  A process too many makes all of them slower.
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
		return max_parallel_workers_per_gather; /* unknown */
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
