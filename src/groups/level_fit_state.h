/*-------------------------------------------------------------------------
 *
 * level_fit_state.h
 *		Each spell's own level and each period's common effect, on a logarithmic
 *		scale; and what is left of the amounts after both.
 *
 * log amount = own level + period effect + residual.  Both are fitted in turns,
 * to residuals that are limited in size, so one odd amount moves neither by
 * much.  Every spell counts alike, however much it pays.
 *
 * All sums are whole numbers.  Each sum over a period is divided once per round,
 * with rounding.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_LEVEL_FIT_STATE_H
#define LEAKAGE_LEVEL_FIT_STATE_H

#include "groups/group_table_state.h"

typedef struct LevelFit
{
	LogAmount  *own;			/* of each spell */
	LogAmount	period[GROUP_MAX_PERIODS];
	LogAmount	limit;			/* of residuals */
} LevelFit;

/* level_fit_state.c */
extern LevelFit *level_fit_make(const GroupTable *table);
extern void level_fit_end(LevelFit *fit);
extern void level_fit(LevelFit *fit, GroupTable *table, const GroupValues *without);
extern void level_residuals(const LevelFit *fit, const Spell *spell, const LogAmount *logs, int nperiods,
							int32 *residuals, int32 *present);

/* x within the limits -limit and limit */
static inline int32
limited(int64 x, int32 limit)
{
	return (int32) (x > limit ? limit : x < -limit ? -limit : x);
}

/* a / b rounded half away from zero; b > 0 */
static inline int64
rounded_quotient(int64 a, int64 b)
{
	return a >= 0 ? (a + b / 2) / b : -((-a + b / 2) / b);
}

#endif							/* LEAKAGE_LEVEL_FIT_STATE_H */
