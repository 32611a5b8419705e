/*-------------------------------------------------------------------------
 *
 * summary_update_state.h
 *		Arithmetic of revenue summaries: add and remove amounts, merge and
 *		subtract summaries.
 *
 * Functions that change a summary change the one they are given where it has
 * the room.  Otherwise they return a larger copy made in the current memory
 * context, and leave the old one to its owner.  A packed summary is never
 * changed in place.
 *
 * Removing and subtracting check the buckets, not the total: what they leave
 * is a value only after summary_pack_rest() has accepted it.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_SUMMARY_UPDATE_STATE_H
#define LEAKAGE_SUMMARY_UPDATE_STATE_H

#include "summary/summary_state.h"

/* summary_update_state.c */
extern RevenueSummary *summary_working(const RevenueSummary *summary, int64 rows);
extern RevenueSummary *summary_add(RevenueSummary *summary, int64 amount);
extern RevenueSummary *summary_remove(RevenueSummary *summary, int64 amount);
extern RevenueSummary *summary_merge(RevenueSummary *summary, const RevenueSummary *other);
extern RevenueSummary *summary_subtract(RevenueSummary *summary, const RevenueSummary *other);
extern RevenueSummary *summary_pack_rest(RevenueSummary *summary);

#endif							/* LEAKAGE_SUMMARY_UPDATE_STATE_H */
