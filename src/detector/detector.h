/*-------------------------------------------------------------------------
 *
 * detector.h
 *		What other rooms may use of detector.  Knows no fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_DETECTOR_H
#define LEAKAGE_DETECTOR_H

#include "detector/assessment.h"
#include "detector/count_law.h"

#endif							/* LEAKAGE_DETECTOR_H */
