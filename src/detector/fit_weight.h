/*-------------------------------------------------------------------------
 *
 * fit_weight.h
 *		Weights as whole numbers, so that sums of them do not depend on any
 *		order.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_FIT_WEIGHT_H
#define LEAKAGE_FIT_WEIGHT_H

#include <math.h>

#include "base/base.h"

/* a weight, or another small figure, is in units of 2^-20 */
#define WEIGHT_ONE			((double) (1 << 20))

static inline int64
weight_from_double(double value)
{
	return (int64) rint(value * WEIGHT_ONE);
}

/* a sum of weights */
static inline double
weight_to_double(int128 sum)
{
	return (double) sum / WEIGHT_ONE;
}

#endif							/* LEAKAGE_FIT_WEIGHT_H */
