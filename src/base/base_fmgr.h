/*-------------------------------------------------------------------------
 *
 * base_fmgr.h
 *		What SQL-callable functions of the other rooms may use of base.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_BASE_FMGR_H
#define LEAKAGE_BASE_FMGR_H

#include "base/base.h"
#include "base/exact_amount.h"
#include "base/internal_state.h"
#include "base/text_reader.h"
#include "base/trimmed.h"

#endif							/* LEAKAGE_BASE_FMGR_H */
