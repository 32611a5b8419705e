/*-------------------------------------------------------------------------
 *
 * network_state.h
 *		What happened to everybody at once: periods with odd amounts, a lasting
 *		change of the level, and periods in which rows are missing everywhere.
 *
 * There is nobody to compare everybody with, so these are remarks and no
 * findings of leakage.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_NETWORK_STATE_H
#define LEAKAGE_NETWORK_STATE_H

#include "groups/group_search_state.h"

typedef enum NetworkKind
{
	NETWORK_ODD,				/* a period whose amounts are unlike those around it */
	NETWORK_LEVEL,				/* amounts from a period on */
	NETWORK_SHORT,				/* rows are missing */
	NETWORK_SHORT_END			/* rows are missing in the last period, or users have left */
} NetworkKind;

typedef struct NetworkRemark
{
	NetworkKind kind;
	Window		window;
	double		change;			/* relative; of rows: their share, below zero */
	double		least;			/* 95 % interval */
	double		most;
	double		usual;			/* of rows: the share that is usually missing */
	double		p_value;
	ChangeMoney money;			/* only entities and revenue */
} NetworkRemark;

#define NETWORK_MAX_REMARKS		8

/* network_state.c */
extern int	network_remarks(GroupSearch *search, NetworkRemark *remarks);

#endif							/* LEAKAGE_NETWORK_STATE_H */
