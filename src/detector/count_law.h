/*-------------------------------------------------------------------------
 *
 * count_law.h
 *		The law of an honest entity's missing periods, and that of its zero
 *		periods.
 *
 * A law asks only how many of the n periods are so: the number is
 * beta-binomial.  Each entity has a probability of its own, which follows a
 * beta law with the mean "rate".  The larger the dispersion, the more these
 * probabilities differ, and so the more such periods come in clusters.  With
 * dispersion 0 all are alike, and the number is binomial.
 *
 * Zero periods before the first and after the last paid one have a law of
 * their own, see end_law.h.
 *
 * A further law, such as how many stand in a row, has its place in a file of
 * its own.  Its parameters are learned in fit_counts.c, and stored in
 * model_state.c.
 * likelihood.c weighs it in weigh_counts(), closed_form.c tests it in
 * test_counts().
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_COUNT_LAW_H
#define LEAKAGE_COUNT_LAW_H

#include "detector/model_state.h"
#include "profile/profile.h"

/* one such period alone is no evidence: in a short history it would seem to be */
#define COUNT_MIN				2

/*
 * Users who paid in fewer periods are not judged by these laws, and teach them
 * nothing: with one or two payments there is no pattern to miss.
 */
#define COUNT_MIN_PAID			3

/* what is counted */
typedef enum CountKind
{
	COUNT_MISSING,				/* missing periods, of the interior ones */
	COUNT_ZERO,					/* zero periods, of the present ones between the first and the last paid one */
	COUNT_KINDS
} CountKind;

typedef struct CountKindInfo
{
	Hypothesis	leak;			/* too many of them */
	ModelParameter rate;
	ModelParameter dispersion;
} CountKindInfo;

extern const CountKindInfo count_kinds[COUNT_KINDS];

/* how many of how many periods of one entity */
typedef struct PeriodCount
{
	int			count;
	int			n;
} PeriodCount;

extern PeriodCount history_count(const History *history, CountKind kind);

typedef struct CountLaw
{
	double		rate;
	double		dispersion;
	double		size;			/* a + b */
	double		a;				/* of the beta law; a, b and size are 0 with dispersion 0 */
	double		b;
} CountLaw;

extern CountLaw count_law(double rate, double dispersion);
extern CountLaw count_law_of_model(const LeakageModel *model, CountKind kind);

extern double log_choose(int n, int k);

/* log P(just these periods are so), and log P(count) */
extern double count_law_log_pattern(const CountLaw *law, PeriodCount c);
extern double count_law_log(const CountLaw *law, PeriodCount c);

/* log P(count or more); 0 below COUNT_MIN, which is no evidence */
extern double count_law_log_tail(const CountLaw *law, PeriodCount c);

/*
 * The step from one number to the next:
 * P(x + 1) / P(x) = (n - x) / (x + 1) * hit / miss.
 */
static inline void
count_law_step(const CountLaw *law, double n, double x, double *hit, double *miss)
{
	*hit = law->dispersion > 0 ? law->a + x : law->rate;
	*miss = law->dispersion > 0 ? law->b + n - x - 1 : 1 - law->rate;
}

#endif							/* LEAKAGE_COUNT_LAW_H */
