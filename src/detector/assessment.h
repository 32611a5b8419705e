/*-------------------------------------------------------------------------
 *
 * assessment.h
 *		What a model says about an entity, and about each of its periods.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_ASSESSMENT_H
#define LEAKAGE_ASSESSMENT_H

#include "detector/likelihood_tables.h"
#include "detector/verdict.h"

/* keeps what depends on the model only, and the entity that was assessed last */
typedef struct Assessor
{
	MemoryContext context;
	LeakageModel *model;		/* a copy, or the documented defaults */
	bool		is_default;
	LikelihoodTables *tables;	/* where the method is the likelihood, else NULL */

	const LeakageProfile *profile;	/* that of the caller */
	History		history;
	Verdict		verdict;
} Assessor;

/* NULL for what is not a way to leak */
extern const char *const reason_name[HYPOTHESES];

/* an assessor in a memory context; model NULL: the documented defaults */
extern Assessor *assessor_make(MemoryContext context, const LeakageModel *model);

/* take this model, which mostly is the one that the assessor has */
extern void assessor_set_model(Assessor *assessor, const LeakageModel *model);

/* assess an entity; the verdict is the assessor's, and good until the next call */
extern const Verdict *assess(Assessor *assessor, const LeakageProfile *profile);

/* lower the probability of each way to leak to this share of it, 0 to 1 */
extern void assessor_lower(Assessor *assessor, double share);

/* what the verdict means for one period; amounts in micro-units */
typedef struct PeriodVerdict
{
	bool		concerned;		/* the reason is about this period */
	int64		amount;			/* what it leaked, if the reason is the case */
	int64		expected_leak;	/* what it is expected to have leaked, all ways together */
} PeriodVerdict;

/* slot: of the profile that was assessed last */
extern void assess_period(const Assessor *assessor, int slot, PeriodVerdict *result);

/* what the likely event of the entity took from its periods, or brought (below zero); micro-units */
extern int128 assess_event_money(const Assessor *assessor);

#endif							/* LEAKAGE_ASSESSMENT_H */
