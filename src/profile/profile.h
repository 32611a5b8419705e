/*-------------------------------------------------------------------------
 *
 * profile.h
 *		What the other rooms may use of profile, as far as it knows no fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_PROFILE_H
#define LEAKAGE_PROFILE_H

#include "profile/history.h"
#include "profile/profile_state.h"

#endif							/* LEAKAGE_PROFILE_H */
