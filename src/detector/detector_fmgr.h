/*-------------------------------------------------------------------------
 *
 * detector_fmgr.h
 *		What SQL-callable functions of other rooms may use of detector.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_DETECTOR_FMGR_H
#define LEAKAGE_DETECTOR_FMGR_H

#include "detector/detector.h"
#include "detector/model_io.h"

#endif							/* LEAKAGE_DETECTOR_FMGR_H */
