/*-------------------------------------------------------------------------
 *
 * log_amount_state.h
 *		Logarithms of amounts as whole numbers, the same on every machine.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_LOG_AMOUNT_STATE_H
#define LEAKAGE_LOG_AMOUNT_STATE_H

/* a natural logarithm in units of 2^-20 */
typedef int32 LogAmount;

#define LOG_BITS		20
#define LOG_ONE			(1 << LOG_BITS)

/* log_amount_state.c */

/* the logarithm of an amount above zero, in micro-units */
extern LogAmount log_of_amount(int64 amount);

/* the amount of a logarithm: from 0 to the greatest amount that money can be */
extern int64 amount_of_log(int64 log);

#endif							/* LEAKAGE_LOG_AMOUNT_STATE_H */
