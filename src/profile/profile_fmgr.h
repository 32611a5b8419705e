/*-------------------------------------------------------------------------
 *
 * profile_fmgr.h
 *		What SQL-callable functions of other rooms may use of profile.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_PROFILE_FMGR_H
#define LEAKAGE_PROFILE_FMGR_H

#include "profile/entity_periods_io.h"
#include "profile/profile.h"
#include "profile/profile_io.h"

#endif							/* LEAKAGE_PROFILE_FMGR_H */
