/*-------------------------------------------------------------------------
 *
 * plant_state.h
 *		Plants a leak in the profile of an honest entity.
 *
 * The leak follows the model's own law of that reason.  A digest of 32 bytes
 * decides its size and its place, so the same entity, reason, and digest give
 * the same leak wherever and whenever it is planted.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_PLANT_STATE_H
#define LEAKAGE_PLANT_STATE_H

#include "detector/detector.h"

#define PLANT_DIGEST_SIZE	32

/*
 * A copy of the profile with a leak, in the current memory context; NULL if the
 * profile has no room for one.
 */
extern LeakageProfile *plant_leak(const LeakageProfile *profile, Hypothesis reason,
								  const uint8 *digest);

#endif							/* LEAKAGE_PLANT_STATE_H */
