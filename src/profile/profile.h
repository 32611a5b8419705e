/*-------------------------------------------------------------------------
 *
 * profile.h
 *		What other rooms may use of profile.  Knows no fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_PROFILE_H
#define LEAKAGE_PROFILE_H

#include "profile/history_state.h"
#include "profile/profile_state.h"

#endif							/* LEAKAGE_PROFILE_H */
