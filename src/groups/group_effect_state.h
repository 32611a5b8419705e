/*-------------------------------------------------------------------------
 *
 * group_effect_state.h
 *		What a change did to the members of a group: by how much, to how many of
 *		them, and what it costs.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_GROUP_EFFECT_STATE_H
#define LEAKAGE_GROUP_EFFECT_STATE_H

#include "groups/group_scan_state.h"

/* members' own changes, counted by size and by how precisely each is known */
typedef struct MemberChanges MemberChanges;

/* the share of members that a change affects */
typedef struct Affected
{
	double		share;			/* 1: all */
	double		change;			/* of the logarithms of those affected */
} Affected;

/* one spell of a group */
typedef struct MemberMoney
{
	uint64		entity;			/* hash of its name */
	double		probability;	/* that it is affected */
	int128		revenue;
	int128		missing;
} MemberMoney;

typedef struct ChangeMoney
{
	MemberMoney *members;		/* room for all spells of the group, or NULL if nobody asks */
	int64		nmembers;
	int64		entities;
	int128		revenue;		/* of the members in the window, micro-units */
	int128		missing;		/* what they would be larger by */
} ChangeMoney;

/* group_effect_state.c */
/* entities of a group; one that moved inside it has several spells */
extern int64 count_entities(GroupTable *table, const GroupValues *group);

extern double plain_change(GroupTable *table, const LevelFit *fit, const GroupChange *change);
extern MemberChanges *member_changes_make(const GroupNoise *noise, const LevelFit *fit, const GroupChange *change);
extern void member_changes_count(MemberChanges *changes, GroupTable *table);
extern Affected member_changes_share(MemberChanges *changes, double change);
extern void change_money(MemberChanges *changes, GroupTable *table, const Affected *affected, ChangeMoney *money);
extern void absence_money(GroupTable *table, const LevelFit *fit, const GroupChange *change, double variance,
						  double excess, ChangeMoney *money);

#endif							/* LEAKAGE_GROUP_EFFECT_STATE_H */
