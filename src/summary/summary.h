/*-------------------------------------------------------------------------
 *
 * summary.h
 *		What other rooms may use of summary: the state of revenue_summary.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_SUMMARY_H
#define LEAKAGE_SUMMARY_H

#include "summary/summary_state.h"
#include "summary/summary_update_state.h"

#endif							/* LEAKAGE_SUMMARY_H */
