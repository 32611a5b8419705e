/*-------------------------------------------------------------------------
 *
 * end_law.c
 *		The laws of zero periods at the ends of a history: see end_law.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "detector/end_law.h"
#include "detector/fit_weight.h"

/* at the start, so many users have zero periods at an end; all numbers are alike */
#define END_START			0.02

/* users that each number of zero periods has before any is seen, all together */
#define END_PRIOR			0.05

static const ModelLaw end_laws[HISTORY_ENDS] = {
	[END_LEAD] = LAW_LEAD,
	[END_TRAIL] = LAW_TRAIL
};

EndLaw
end_law_of_model(const LeakageModel *model, HistoryEnd end)
{
	EndLaw		law;

	/* a share may have been rounded to nothing */
	for (int i = 0; i < END_SLOTS; i++)
		law.log_share[i] = log((model_law(model, end_laws[end])[i] + 0.5) / (double) MODEL_UNIT);
	return law;
}

double
end_law_log(const EndLaw *law, int periods)
{
	int			slot = end_slot(periods);
	double		log_share = law->log_share[slot];

	if (slot == END_SLOTS - 1)
		log_share += log((double) slot / ((double) periods * (periods + 1.0)));
	return log_share;
}

void
end_laws_start(LeakageModel *model)
{
	double		share[END_SLOTS];

	share[0] = 1 - END_START;
	for (int i = 1; i < END_SLOTS; i++)
		share[i] = END_START / (END_SLOTS - 1);
	for (int end = 0; end < HISTORY_ENDS; end++)
		model_set_law(model, end_laws[end], share);
}

void
fit_end_law(LeakageModel *model, HistoryEnd end, const int64 *users)
{
	double		share[END_SLOTS];

	for (int i = 0; i < END_SLOTS; i++)
		share[i] = weight_to_double(users[i]) + (i > 0 ? END_PRIOR / (END_SLOTS - 1) : 0);
	model_set_law(model, end_laws[end], share);
}
