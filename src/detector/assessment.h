/*-------------------------------------------------------------------------
 *
 * assessment.h
 *		What a model says about one entity: probability, reason, amounts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_ASSESSMENT_H
#define LEAKAGE_ASSESSMENT_H

#include "detector/closed_form.h"

typedef struct Assessment
{
	const char *method;
	bool		tested;			/* p_value is one */
	double		p_value;
	double		p_leak;			/* below one */
	double		p_no_leak;
	double		log_odds;
	double		score;			/* 0 to 100 */
	Hypothesis	reason;			/* LEAK_NONE: there is nothing to go by */
	double		leak[HYPOTHESES];	/* probability of each way to leak */
	double		level;			/* of an honest user with this history, over expected */
	double		own_share;		/* how much of it is own history */
	double		expected_missing;
	int			change_slot;	/* first slot after the change, -1: none */
	double		drop_inverse;	/* expected 1 / factor */
	double		underbilled_inverse;
} Assessment;

/* an assessor keeps what depends on the model only, and room for a history */
typedef struct Assessor
{
	MemoryContext context;
	LeakageModel *model;		/* NULL: defaults */
	LikelihoodTables *tables;	/* where the method is the likelihood */
	History		history;		/* of what was assessed last */
} Assessor;

extern Assessor *assessor_make(MemoryContext context, const LeakageModel *model);
extern void assessor_set_model(Assessor *assessor, const LeakageModel *model);
extern void assess(Assessor *assessor, const LeakageProfile *profile, Assessment *result);

/* what a period is expected to leak, all ways together; micro-units */
extern int64 period_leak(const Assessor *assessor, const LeakageProfile *profile,
						 const Assessment *assessment, int slot);

/* sums over all periods: of the reason if that is the case, and expected */
extern void assess_amounts(const Assessor *assessor, const LeakageProfile *profile,
						   const Assessment *assessment, int128 *amount, int128 *expected_leak);

/* does the reason concern this period? */
extern bool period_concerned(const Assessor *assessor, const LeakageProfile *profile,
							 const Assessment *assessment, int slot);

#endif							/* LEAKAGE_ASSESSMENT_H */
