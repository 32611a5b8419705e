/*-------------------------------------------------------------------------
 *
 * groups.h
 *		What other rooms may use of groups.  Knows no fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_GROUPS_H
#define LEAKAGE_GROUPS_H

#include "groups/group_search_state.h"

#endif							/* LEAKAGE_GROUPS_H */
