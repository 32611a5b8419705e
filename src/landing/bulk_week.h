/*-------------------------------------------------------------------------
 *
 * bulk_week.h
 *		Records that the bulk pass over revenue exchanges with its caller.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_BULK_WEEK_H
#define LEAKAGE_BULK_WEEK_H

#include "landing/bulk_pass.h"

/* settings of the job */
typedef struct WeekSettings
{
	bool		yyyyww;
} WeekSettings;

typedef enum WeekResultKind
{
	WEEK_SUBSCRIBER,			/* a subscriber's accepted rows; its key and its weeks follow */
	WEEK_REFUSED,				/* a row refused for a reason, whose name follows */
	WEEK_ALL					/* all rows of a process's scan */
} WeekResultKind;

typedef struct WeekResult
{
	int128		amount;			/* exact, without duplicates */
	int128		duplicate_amount;
	int128		revenue;		/* of the weeks, micro-units */
	int64		rows;
	int64		duplicate_rows;
	int32		added_weeks;	/* weeks whose rows were added up */
	uint32		kind;
	uint32		length;			/* weeks, or of the reason's name */
	BulkPlace	place;			/* of the refused row */
} WeekResult;

typedef struct WeekSum
{
	int64		revenue;		/* micro-units */
	int32		period;
	int32		reserved;
} WeekSum;

#endif							/* LEAKAGE_BULK_WEEK_H */
