/*-------------------------------------------------------------------------
 *
 * base.h
 *		What other rooms may use of base.  Knows no fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_BASE_H
#define LEAKAGE_BASE_H

#include "base/bins.h"
#include "base/case_fold.h"
#include "base/compat.h"
#include "base/decimal.h"
#include "base/exact_amount.h"
#include "base/money.h"
#include "base/text_cursor.h"
#include "base/trimmed.h"
#include "base/workers.h"

#endif							/* LEAKAGE_BASE_H */
