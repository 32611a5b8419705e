/*-------------------------------------------------------------------------
 *
 * closed_form.h
 *		Four p-values for an entity, for tables that are too small to learn
 *		the laws of the likelihood from.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_CLOSED_FORM_H
#define LEAKAGE_CLOSED_FORM_H

#include "detector/likelihood.h"

typedef struct ClosedForm
{
	double		log_p[HYPOTHESES];	/* logarithm of the p-value of each way to leak */
	double		p_value;		/* combined */
	double		leak[HYPOTHESES];	/* lower bounds of the probabilities of none and the leaks */
	double		p_leak;
	double		p_no_leak;
	double		log_odds;
	double		level;			/* credible level, as a factor */
	double		own_share;		/* how much of it is own history */
	int			change;			/* index into the positive periods, or -1 */
	double		drop_inverse;	/* expected 1 / factor */
	double		underbilled_inverse;
} ClosedForm;

/* model NULL: the documented defaults, and the noise from the own periods */
extern void closed_form(const LeakageModel *model, const History *history,
						ClosedForm *result);

#endif							/* LEAKAGE_CLOSED_FORM_H */
