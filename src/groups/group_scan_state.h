/*-------------------------------------------------------------------------
 *
 * group_scan_state.h
 *		The windows in which a group's level may have changed, and how strongly
 *		its means speak for each.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_GROUP_SCAN_STATE_H
#define LEAKAGE_GROUP_SCAN_STATE_H

#include "groups/group_noise_state.h"

/* windows begin after so many periods, and leave at least so many outside */
#define WINDOW_MIN_OUTSIDE	2

typedef struct Window
{
	int16		start;			/* first period */
	int16		end;			/* the one after the last */
} Window;

typedef struct Windows
{
	int			n;
	Window	   *windows;
} Windows;

/* the window that speaks most for a change in one direction */
typedef struct WindowBest
{
	double		z;				/* at least 0, a multiple of 2^-20 */
	int			window;
	double		change;			/* of the group's mean logarithm */
	double		error;			/* its standard error */
} WindowBest;

/* room for the arithmetic of one group at a time */
typedef struct GroupScan GroupScan;

/* group_scan_state.c */
extern Windows *windows_make(int nperiods, int min_periods);
extern GroupScan *group_scan_make(const GroupNoise *noise);
extern void group_scan_end(GroupScan *scan);
extern void group_scan(GroupScan *scan, const GroupSpace *space, const GroupNoise *noise,
					   const GroupSums *sums, int group);
extern void group_scan_window(const GroupScan *scan, Window window, WindowBest *result);
extern void group_scan_best(const GroupScan *scan, const Windows *windows, WindowBest *fall, WindowBest *rise);

#endif							/* LEAKAGE_GROUP_SCAN_STATE_H */
