/*-------------------------------------------------------------------------
 *
 * absence_law.h
 *		The law of missing periods of honest users who are also away for several
 *		periods in a row, and that of zero periods.
 *
 * A holiday, a lost phone, and a card that is not topped up for a month leave a
 * run of periods without revenue.  A leak hits periods one by one.  So a run
 * says something else than as many periods here and there.
 *
 * An honest user is away up to ABSENCES_MOST times.  One of the absences takes
 * two periods or more.  Each of the others may take one period only, with
 * probability 1/4.  The lengths, how many users are away at all, and how many
 * times they are, are learned from the table.  All places are equally likely.
 * The periods outside the absences follow the law of count_law.h.  The law sums
 * over all ways to divide the runs of a history into absences and others.
 *
 * Like the laws that it is compared with, this one gives the probability of
 * just these periods.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_ABSENCE_LAW_H
#define LEAKAGE_ABSENCE_LAW_H

#include "detector/fit_counts.h"

/* periods in all absences of one user together, at most */
#define ABSENCE_PERIODS_MOST	256

typedef struct AbsenceLaw
{
	double		rate;			/* share of users who are away */
	double		times[ABSENCES_MOST + 1];	/* of these, who are away so many times */
	double		length[ABSENCE_SLOTS];	/* share of the absences with each length */
} AbsenceLaw;

extern AbsenceLaw absence_law_of_model(const LeakageModel *model, CountKind kind);

/* log P(just these periods), where "scattered" is the law of those outside absences */
extern double absence_law_log_pattern(const AbsenceLaw *law, const CountLaw *scattered,
									  const History *history, CountKind kind);

/* sums of a round over entities, each weighted with the probability that its number is honest */
typedef struct AbsenceSums
{
	int64		length[ABSENCE_SLOTS];	/* absences by length */
	int64		away[ABSENCES_MOST];	/* entities that are away once, twice, ... */
	int64		honest[FIT_COUNTS]; /* all entities, by the number of periods */
	int64		entities[FIT_COUNTS];	/* the same, without weights */
} AbsenceSums;

/* they can be taken as one array */
#define ABSENCE_SUMS			((int) (sizeof(AbsenceSums) / sizeof(int64)))

/*
 * Add an entity: to the sums of absences, and what is outside of these to the
 * sums of the counts.
 */
extern void absence_sums_add(AbsenceSums *sums, CountSums *counts, const AbsenceLaw *law,
							 const CountLaw *scattered, const History *history, CountKind kind,
							 double weight);
extern void absence_sums_merge(AbsenceSums *sums, const AbsenceSums *other);

/* the laws that the rounds start from, and the one that a round gives, after fit_counts_round() */
extern void absence_start(LeakageModel *model);
extern void fit_absences(LeakageModel *model, CountKind kind, const AbsenceSums *sums);

#endif							/* LEAKAGE_ABSENCE_LAW_H */
