/*-------------------------------------------------------------------------
 *
 * best_row_job.h
 *		The bulk pass that picks the best row of each subscriber: of the CRM
 *		table, or of the device table; and the results that it gives.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_BEST_ROW_JOB_H
#define LEAKAGE_BEST_ROW_JOB_H

#include "landing/bulk_key.h"
#include "landing/bulk_pass.h"

/*
 * A result; the subscriber's key, if it is named, and the packed row follow.
 * The counts add up over all results.  A refused row has a result of its own.
 */
typedef struct BestRowResult
{
	int64		subscribers;	/* whose best row it is */
	int64		duplicates;		/* their other rows, as the merge counts them */
	int64		rows;			/* landing rows, as the scan counts them */
	int64		refused;		/* of them, those without an identifier */
	int64		respelled;		/* of them, those whose identifier cleaning changed */
	uint32		label;
	uint32		named;
	uint32		packed_length;
	LandingPlace place;			/* of the refused row */
} BestRowResult;

/* best_row_job.c */
extern const BulkJob best_crm_row_job;	/* its settings are PlausibleAges */
extern const BulkJob best_device_row_job;	/* has no settings */

/* says that a subscriber is to be named in the results, or has a label (from 1 on; 0: none) */
extern void best_row_seed(BulkWriter *seeds, const BulkKey *key, bool named, uint32 label);

#endif							/* LEAKAGE_BEST_ROW_JOB_H */
