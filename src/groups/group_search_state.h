/*-------------------------------------------------------------------------
 *
 * group_search_state.h
 *		The search for groups whose level changed: the strongest finding, what it
 *		explains is taken off, and again.
 *
 * Rises are found and taken off like falls.  Otherwise the rise of one group
 * would look like a fall of all others.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_GROUP_SEARCH_STATE_H
#define LEAKAGE_GROUP_SEARCH_STATE_H

#include "groups/group_absence_state.h"
#include "groups/group_effect_state.h"

/* fewer spells or periods say nothing */
#define SEARCH_MIN_SPELLS	60
#define SEARCH_MIN_PERIODS	8

typedef enum FindingKind
{
	FINDING_FALL,
	FINDING_RISE,
	FINDING_LOST
} FindingKind;

#define FINDING_KINDS		3

typedef struct GroupFinding
{
	FindingKind kind;
	GroupValues group;
	Window		window;
	double		z;
	double		p_value;		/* of the whole search: a bound, at most 1 */
	double		share;			/* of the members, affected */
	double		change;			/* relative, of those affected; of lost rows: their share, below zero */
	double		least;			/* 95 % interval */
	double		most;
	ChangeMoney money;
} GroupFinding;

typedef struct SearchRequest
{
	double		alpha;
	int			depth;
	int64		min_spells;
	int			min_periods;	/* of a window */
	int			max_findings;
	Size		memory;
	bool		members;		/* keep the members of findings */
} SearchRequest;

typedef struct GroupSearch
{
	const SearchRequest *request;
	GroupTable *table;
	GroupSpace *space;
	GroupSums  *sums;
	Windows    *windows;
	LevelFit   *fit;
	GroupNoise *noise;
	Absences   *absences;
	WindowBest *best[FINDING_KINDS];	/* of each group */
	bool	   *refused[FINDING_KINDS]; /* groups whose plain story is another one */
	double		limit[GROUP_MAX_DEPTH + 1];	/* least z */
	double		penalty[GROUP_MAX_DEPTH + 1];	/* how much a finding must explain for itself */
	double		tests[GROUP_MAX_DEPTH + 1];
	GroupFinding *findings;
	int			nfindings;
} GroupSearch;

/* group_search_state.c */
extern GroupSearch *search_groups(GroupTable *table, const SearchRequest *request);

#endif							/* LEAKAGE_GROUP_SEARCH_STATE_H */
