/*-------------------------------------------------------------------------
 *
 * fit_model.h
 *		The leakage_model that the sums of a round give.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_FIT_MODEL_H
#define LEAKAGE_FIT_MODEL_H

#include "detector/fit_state.h"

/* NULL where no entity was added */
extern LeakageModel *fit_model(const FitState *state);

#endif							/* LEAKAGE_FIT_MODEL_H */
