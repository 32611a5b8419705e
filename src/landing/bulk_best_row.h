/*-------------------------------------------------------------------------
 *
 * bulk_best_row.h
 *		Records that the bulk pass over best rows exchanges with its caller.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_BULK_BEST_ROW_H
#define LEAKAGE_BULK_BEST_ROW_H

#include "landing/bulk_pass.h"

/* after a key: what the caller says of a subscriber */
typedef struct SeedRow
{
	uint32		label;			/* 0: none */
	uint32		named;			/* is to be named in the results */
} SeedRow;

/*
 * A result, before the subscriber's key, if it is named, and the packed row.
 * The counts add up over all results; a refused row has one of its own.
 */
typedef struct BestRowResult
{
	int64		subscribers;
	int64		duplicates;		/* rows of theirs other than the best, as the merge counts them */
	int64		rows;			/* landing rows, as the scan counts them */
	int64		refused;		/* of them, without an identifier */
	int64		respelled;		/* of them, with one that cleaning changed */
	uint32		label;
	uint32		named;
	uint32		packed_length;
	BulkPlace	place;			/* of the refused row */
} BestRowResult;

/* bulk_best_row.c */
extern BulkWriter *best_row_seed_writer(BulkShared *shared);
extern void best_row_seed(BulkWriter *writer, const BulkKey *key, bool named, uint32 label);

#endif							/* LEAKAGE_BULK_BEST_ROW_H */
