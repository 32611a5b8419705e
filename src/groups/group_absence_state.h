/*-------------------------------------------------------------------------
 *
 * group_absence_state.h
 *		Periods without an amount, and the windows in which a group has more of
 *		them than before, compared with everybody.
 *
 * Only periods strictly inside a spell count: who has left is not absent.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_GROUP_ABSENCE_STATE_H
#define LEAKAGE_GROUP_ABSENCE_STATE_H

#include "groups/group_scan_state.h"

/* periods inside the spells, and those without an amount */
typedef struct GroupAbsences
{
	int64		absent[GROUP_MAX_PERIODS];
	int64		inside[GROUP_MAX_PERIODS];
} GroupAbsences;

typedef struct Absences
{
	int			nperiods;
	GroupAbsences all;			/* of all spells */
	double		rate[GROUP_MAX_PERIODS];
	double	   *dispersion;		/* of each window, at least 1 */
} Absences;

/* what a window has too much */
typedef struct AbsenceEffect
{
	double		rate;			/* of the periods inside the spell, lost */
	double		error;			/* its standard error */
	double		excess;			/* share of the absences that is too much */
} AbsenceEffect;

/* group_absence_state.c */
extern void absences_sum(const GroupSpace *space, GroupTable *table, GroupSums *sums);
extern Absences *absences_measure(const GroupSpace *space, GroupTable *table, const Windows *windows,
								  const GroupSums *sums);
extern void absences_of(const GroupSpace *space, const GroupSums *sums, int group, GroupAbsences *of);
extern void absences_best(const Absences *absences, const GroupAbsences *of, const Windows *windows,
						  WindowBest *best);
extern void absences_free(Absences *absences);
extern void absences_of_group(GroupTable *table, const GroupValues *group, GroupAbsences *of);
extern AbsenceEffect absences_effect(const Absences *absences, const GroupAbsences *of, const Windows *windows,
									 int window);
extern bool absences_rose(const Absences *absences, const GroupAbsences *of, Window window);

#endif							/* LEAKAGE_GROUP_ABSENCE_STATE_H */
