/*-------------------------------------------------------------------------
 *
 * base_fmgr.h
 *		What SQL-callable functions may use of base.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_BASE_FMGR_H
#define LEAKAGE_BASE_FMGR_H

#include "base/base.h"
#include "base/compat_fmgr.h"
#include "base/internal_agg.h"
#include "base/money_numeric.h"
#include "base/relation_query.h"
#include "base/trimmed_argument.h"

#endif							/* LEAKAGE_BASE_FMGR_H */
