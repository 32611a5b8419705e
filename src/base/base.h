/*-------------------------------------------------------------------------
 *
 * base.h
 *		What the other rooms may use of base, as far as it knows no fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_BASE_H
#define LEAKAGE_BASE_H

#include "base/bins.h"
#include "base/compat.h"
#include "base/money.h"
#include "base/workers.h"

#endif							/* LEAKAGE_BASE_H */
