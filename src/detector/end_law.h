/*-------------------------------------------------------------------------
 *
 * end_law.h
 *		The laws of zero periods at the ends of a history: before the first paid
 *		period, and after the last one.
 *
 * A trial, a card that is activated before it is sold, and a customer who has
 * left give rows without revenue at one end.  How many honest users have how
 * many of them is learned from the table, so such rows say nothing where many
 * users have them.
 *
 * A law is a histogram of the number of zero periods.  The last slot is for
 * all larger numbers, n among them with the share SLOT / (n (n + 1)).
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_END_LAW_H
#define LEAKAGE_END_LAW_H

#include "detector/model_state.h"

typedef enum HistoryEnd
{
	END_LEAD,
	END_TRAIL,
	HISTORY_ENDS
} HistoryEnd;

typedef struct EndLaw
{
	double		log_share[END_SLOTS];
} EndLaw;

static inline int
end_slot(int periods)
{
	return Min(periods, END_SLOTS - 1);
}

extern EndLaw end_law_of_model(const LeakageModel *model, HistoryEnd end);

/* log P(this number of zero periods) */
extern double end_law_log(const EndLaw *law, int periods);

/* the law that the rounds start from */
extern void end_laws_start(LeakageModel *model);

/* the law that weighted numbers of users give, for each number of zero periods */
extern void fit_end_law(LeakageModel *model, HistoryEnd end, const int64 *users);

#endif							/* LEAKAGE_END_LAW_H */
