/*-------------------------------------------------------------------------
 *
 * week_job.h
 *		The bulk passes that add up revenue by subscriber and week, or sessions
 *		by subscriber; and their results.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_WEEK_JOB_H
#define LEAKAGE_WEEK_JOB_H

#include "landing/bulk_pass.h"
#include "landing/clean.h"

/* settings of the job */
typedef struct WeekSettings
{
	WeekFormat	format;
	bool		add_duplicates; /* equal rows are added, too */
	bool		net_credits;	/* amounts below zero are accepted */
} WeekSettings;

typedef enum WeekResultKind
{
	WEEK_SUBSCRIBER,			/* a subscriber's accepted rows; the key, the weeks and the periods with refused
								 * rows follow */
	WEEK_REFUSED,				/* a refused row; the name of the reason follows */
	WEEK_ALL					/* all rows of one process's scan */
} WeekResultKind;

typedef struct WeekResult
{
	int128		amount;			/* exact amounts or sessions, without duplicates */
	int128		duplicate_amount;
	int128		credits;		/* exact amounts below zero, duplicates included */
	int128		revenue;		/* of the weeks, micro-units; 0 for sessions */
	int128		below_zero;		/* what weeks below zero lack to zero, micro-units, with a minus sign */
	int64		rows;
	int64		duplicate_rows;
	int32		added_weeks;	/* weeks of more than one row */
	int32		weeks_below_zero;
	uint32		kind;
	uint32		length;			/* number of weeks (0 for sessions), or of bytes of the reason */
	uint32		nrefused;		/* number of periods with refused rows */
	LandingPlace place;			/* of the refused row */
} WeekResult;

typedef struct WeekSum
{
	int64		revenue;		/* micro-units; 0 for a week below zero */
	int32		period;
	int32		below_zero;
} WeekSum;

/* a subscriber's refused rows in a period, or in an unknown one */
typedef struct WeekRefused
{
	int32		period;
	uint32		rows;
} WeekRefused;

/* week_job.c; the settings of both are WeekSettings */
extern const BulkJob revenue_week_job;
extern const BulkJob usage_week_job;

#endif							/* LEAKAGE_WEEK_JOB_H */
