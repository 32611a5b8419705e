/*-------------------------------------------------------------------------
 *
 * group_noise_state.h
 *		How far the mean residuals of a group stray when nothing happened to it:
 *		what its spells' own noise gives, smooth courses (trends and seasons), and
 *		shocks of single periods.
 *
 * Courses and shocks of a group are learned from the other values of its
 * dimension, so a change of a group cannot pass as its own habit.
 * docs/groups.md, section 3, has the formulas.
 *
 * Sums over spells are whole numbers.  Sums of doubles run over groups or
 * periods, in a fixed order.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_GROUP_NOISE_STATE_H
#define LEAKAGE_GROUP_NOISE_STATE_H

#include "groups/group_space_state.h"
#include "groups/level_fit_state.h"

#define MAX_DEGREE			16

/* variance of a course about which nothing can be learned */
#define FREE_COURSE			10.0

typedef struct GroupNoise
{
	int			nperiods;
	int			nvalues;		/* groups of one value, the first ones of the space */
	int			degree;			/* of courses */
	double		basis[GROUP_MAX_PERIODS][MAX_DEGREE];	/* orthogonal, mean square 1 */

	/* of the table: sums, then what they say */
	int64	   *products;		/* of residuals of two periods, 2^-28; lower triangle */
	int64	   *pairs;			/* spells with amounts in both */
	int64	   *shared;			/* periods of spells that have both of two values */
	double	   *correlation;
	double		scale[GROUP_MAX_PERIODS];	/* standard deviation of a period, relative to all */
	double		variance;		/* of a residual */

	/* of each group */
	int64	   *squares;		/* of residuals, 2^-20 */
	int64	   *freedom;
	double	   *own_variance;
	double	   *shock;			/* variance of a period's shock */

	/* of each group of one value */
	double	   *course;			/* what it follows: coefficients of the basis */
	double	   *course_variance;	/* how far it may stray from a straight one */
	int32	   *main_effect;	/* the course by period, a logarithm */

	/* of all groups of two and three values */
	double		deep_variance[MAX_DEGREE];
} GroupNoise;

/* group_noise_state.c */
extern GroupNoise *noise_make(const GroupSpace *space);
extern void noise_measure(GroupNoise *noise, const GroupSpace *space, GroupTable *table,
						  const LevelFit *fit, GroupSums *sums);
extern double group_mean(const GroupSpace *space, const GroupSums *sums, int group, int period);
extern double sampling_variance(const GroupNoise *noise, const GroupSpace *space, const GroupSums *sums, int group);

/* group_course_state.c */
extern void noise_learn_values(GroupNoise *noise, const GroupSpace *space, const GroupSums *sums);
extern void noise_learn_deep(GroupNoise *noise, const GroupSpace *space, const GroupSums *sums);

#endif							/* LEAKAGE_GROUP_NOISE_STATE_H */
