/*-------------------------------------------------------------------------
 *
 * closed_form.h
 *		A verdict from four p-values, for tables that are too small to learn
 *		the laws of the likelihood from.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_CLOSED_FORM_H
#define LEAKAGE_CLOSED_FORM_H

#include "detector/model_state.h"
#include "detector/verdict.h"
#include "profile/profile.h"

/* is_default: nothing was learned, and the noise is that of the entity's own periods */
extern void closed_form(const LeakageModel *model, bool is_default, const History *history,
						Verdict *verdict);

#endif							/* LEAKAGE_CLOSED_FORM_H */
