/*-------------------------------------------------------------------------
 *
 * best_row_job.h
 *		The bulk passes that pick the best row of each subscriber: of the CRM
 *		and attribute tables, or of the device table; and their results.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_BEST_ROW_JOB_H
#define LEAKAGE_BEST_ROW_JOB_H

#include "landing/bulk_pass.h"

/* sources of best_crm_row_job; best_device_row_job has the first only */
#define SOURCE_ROWS			0
#define SOURCE_ATTRIBUTES	1

/*
 * A result.  After it come the subscriber's key, if it is named, and as many
 * bytes as the three lengths say.  The counts add up over all results.  A
 * refused row has a result of its own.
 */
typedef struct BestRowResult
{
	int64		subscribers;	/* whose best row it is */
	int64		duplicates;		/* their other rows, as the merge counts them */
	int64		rows;			/* landing rows, as the scan counts them */
	int64		refused;		/* of them, those without an identifier */
	int64		respelled;		/* of them, those whose identifier cleaning changed */
	int64		undated;		/* of them, those without an activation date */
	uint32		source;
	uint32		named;
	uint32		packed_length;	/* the row, or none for SOURCE_ATTRIBUTES */
	uint32		region_length;	/* the region as a packed row, or none */
	uint32		date_length;	/* the date as a packed row, or none */
	LandingPlace place;			/* of the refused row */
} BestRowResult;

/* best_row_job.c */
extern const BulkJob best_crm_row_job;	/* its settings are PlausibleAges */
extern const BulkJob best_device_row_job;	/* has no settings */

#endif							/* LEAKAGE_BEST_ROW_JOB_H */
