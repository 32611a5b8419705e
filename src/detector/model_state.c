/*-------------------------------------------------------------------------
 *
 * model_state.c
 *		The state behind the SQL type leakage_model.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "base/base.h"
#include "detector/model_state.h"

/* below this, neighboring periods are taken as independent */
#define AUTOCORRELATION_GUARD	0.05

/* what the rates of the leaks start from */
#define START_RATE		(MODEL_UNIT * 5 / 1000)

/* from this level_skew on, low levels count less; and from this one on, they are no evidence */
#define SKEW_GUARD		1.2
#define SKEW_MOST		1.4

const char *const model_method_name[MODEL_METHODS] = {
	[MODEL_CLOSED_FORM] = "closed_form",
	[MODEL_LIKELIHOOD] = "likelihood"
};

const ModelParameterInfo model_parameters[MODEL_PARAMETERS] = {
	[MODEL_SIGMA] = {"sigma", 0, 16 * MODEL_UNIT,
	"standard deviation of the users' levels, in eighths of an octave"},
	[MODEL_GROUP_SHARE] = {"group_share", 0, MODEL_UNIT / 2,
	"share of users in a second group, at another level than most; 0: one group"},
	[MODEL_GROUP_SHIFT] = {"group_shift", -32 * MODEL_UNIT, 32 * MODEL_UNIT,
	"level of the second group over that of the first, in eighths of an octave"},
	[MODEL_HOLE_RATE] = {"hole_rate", 1000, MODEL_UNIT / 2,
	"probability that an interior period of an honest user has no row"},
	[MODEL_HOLE_DISPERSION] = {"hole_dispersion", 0, MODEL_UNIT * 9 / 10,
	"how much missing periods come in clusters, 0: independent (beta-binomial)"},
	[MODEL_ZERO_RATE] = {"zero_rate", 1, MODEL_UNIT / 2,
	"probability that a present period of an honest user is zero"},
	[MODEL_ZERO_DISPERSION] = {"zero_dispersion", 0, MODEL_UNIT * 9 / 10,
	"how much zero periods come in clusters, 0: independent (beta-binomial)"},
	[MODEL_MISSING] = {"rate_missing", 1000, MODEL_UNIT * 15 / 100,
	"share of users that leak by missing periods"},
	[MODEL_ZERO] = {"rate_zero", 1000, MODEL_UNIT * 15 / 100,
	"share of users that leak by zero periods"},
	[MODEL_DROP] = {"rate_drop", 1000, MODEL_UNIT * 15 / 100,
	"share of users that fall to a lower level and stay there"},
	[MODEL_UNDERBILLED] = {"rate_underbilled", 1000, MODEL_UNIT * 15 / 100,
	"share of users that are too low all along"},
	[MODEL_DROP_UP] = {"rate_drop_up", 0, MODEL_UNIT * 15 / 100,
	"share of users that rise as much as the drops fall: the mirror of drop"},
	[MODEL_UNDERBILLED_UP] = {"rate_underbilled_up", 0, MODEL_UNIT * 15 / 100,
	"share of users that are too high all along: the mirror of underbilled"},
	[MODEL_AUTOCORRELATION] = {"autocorrelation", -MODEL_UNIT, MODEL_UNIT * 95 / 100,
	"correlation of a user's period with the next one"},
	[MODEL_NOISE_CV2] = {"noise_cv2", MODEL_UNIT / 10000, 10000 * MODEL_UNIT,
	"squared coefficient of variation of a user's periods"},
	[MODEL_LEVEL_MEDIAN] = {"level_median", 1000, 1000000 * MODEL_UNIT,
	"median of the users' actual over expected"},
	[MODEL_LEVEL_SKEW] = {"level_skew", 0, 1000 * MODEL_UNIT,
	"how much farther the lowest tenth of the levels is from the median than the highest, beyond noise; 1: no farther"},
	[MODEL_LEVEL_TAU2] = {"level_tau2", 0, 100 * MODEL_UNIT,
	"variance of the logarithm of the users' levels"},
	[MODEL_REGULAR] = {"rate_regular", 0, MODEL_UNIT * 9 / 10,
	"share of users that pay every second, third, or further period"},
	[MODEL_IRREGULAR] = {"rate_irregular", 0, MODEL_UNIT * 9 / 10,
	"share of users that pay at irregular intervals"},
	[MODEL_SKIP_RATE] = {"skip_rate", 1000, MODEL_UNIT / 2,
	"probability that a regular payment of an honest user is skipped"},
	[MODEL_HOLE_AWAY] = {"hole_away", 0, MODEL_UNIT * 3 / 10,
	"share of users that are away for several periods in a row, without rows"},
	[MODEL_ZERO_AWAY] = {"zero_away", 0, MODEL_UNIT * 3 / 10,
	"share of users that are away for several periods in a row, with rows of zero"},
	[MODEL_EVENT] = {"rate_event", 0, MODEL_UNIT * 7 / 10,
	"share of users whose amounts change in a period in which those of many users do"},
};

const ModelLawInfo model_laws[MODEL_LAWS] = {
	[LAW_NOISE] = {"noise", BIN_MIN, BIN_COUNT, 0},
	[LAW_LEAD] = {"lead", 0, END_SLOTS, BIN_COUNT},
	[LAW_TRAIL] = {"trail", 0, END_SLOTS, BIN_COUNT + END_SLOTS},
	[LAW_SCALE] = {"scale", 0, PAYER_SCALES, BIN_COUNT + 2 * END_SLOTS},
	[LAW_PAYER_NOISE] = {"payer_noise", BIN_MIN, BIN_COUNT, BIN_COUNT + 2 * END_SLOTS + PAYER_SCALES},
	[LAW_HOLE_LENGTH] = {"hole_length", ABSENCE_SHORTEST, ABSENCE_SLOTS, 2 * BIN_COUNT + 2 * END_SLOTS + PAYER_SCALES},
	[LAW_ZERO_LENGTH] = {"zero_length", ABSENCE_SHORTEST, ABSENCE_SLOTS,
	2 * BIN_COUNT + 2 * END_SLOTS + PAYER_SCALES + ABSENCE_SLOTS},
	[LAW_HOLE_TIMES] = {"hole_times", 1, ABSENCES_MOST,
	2 * BIN_COUNT + 2 * END_SLOTS + PAYER_SCALES + 2 * ABSENCE_SLOTS},
	[LAW_ZERO_TIMES] = {"zero_times", 1, ABSENCES_MOST,
	2 * BIN_COUNT + 2 * END_SLOTS + PAYER_SCALES + 2 * ABSENCE_SLOTS + ABSENCES_MOST}
};

StaticAssertDecl(offsetof(LeakageModel, event) + MODEL_EVENTS * sizeof(ModelEvent) == sizeof(LeakageModel) &&
				 offsetof(LeakageModel, law) + MODEL_LAW_SLOTS * sizeof(int32) == offsetof(LeakageModel, event),
				 "leakage_model has padding");

const ModelParameter model_rate_parameter[HYPOTHESES] = {
	[LEAK_MISSING] = MODEL_MISSING,
	[LEAK_ZERO] = MODEL_ZERO,
	[LEAK_DROP] = MODEL_DROP,
	[LEAK_UNDERBILLED] = MODEL_UNDERBILLED,
	[RISE_DROP] = MODEL_DROP_UP,
	[RISE_UNDERBILLED] = MODEL_UNDERBILLED_UP,
	[PAYS_REGULARLY] = MODEL_REGULAR,
	[PAYS_IRREGULARLY] = MODEL_IRREGULAR,
	[IN_EVENT] = MODEL_EVENT
};

/*
 * A model with everything at its documented default, for tables that are too
 * small to learn from.
 */
LeakageModel *
model_make(void)
{
	LeakageModel *model = palloc0(sizeof(LeakageModel));

	SET_VARSIZE(model, sizeof(LeakageModel));
	model->version = MODEL_VERSION;
	model->method = MODEL_CLOSED_FORM;
	model->parameter[MODEL_HOLE_RATE] = MODEL_UNIT * 2 / 100;
	model->parameter[MODEL_ZERO_RATE] = MODEL_UNIT / 100;
	model->parameter[MODEL_MISSING] = START_RATE;
	model->parameter[MODEL_ZERO] = START_RATE;
	model->parameter[MODEL_DROP] = START_RATE;
	model->parameter[MODEL_UNDERBILLED] = START_RATE;
	model->parameter[MODEL_NOISE_CV2] = MODEL_UNIT * 16 / 100;
	model->parameter[MODEL_LEVEL_MEDIAN] = MODEL_UNIT;
	model->parameter[MODEL_LEVEL_SKEW] = MODEL_UNIT;
	model->parameter[MODEL_LEVEL_TAU2] = MODEL_UNIT * 9 / 100;
	model->parameter[MODEL_SKIP_RATE] = MODEL_UNIT * 2 / 100;
	return model;
}

/*
 * A copy in the current memory context.
 */
LeakageModel *
model_copy(const LeakageModel *model)
{
	LeakageModel *copy = palloc(sizeof(LeakageModel));

	memcpy(copy, model, sizeof(LeakageModel));
	return copy;
}

/*
 * The same model?  Either may be NULL.
 */
bool
model_equal(const LeakageModel *a, const LeakageModel *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return memcmp(a, b, sizeof(LeakageModel)) == 0;
}

/*
 * The number of events.
 */
int
model_events(const LeakageModel *model)
{
	int			events = 0;

	while (events < MODEL_EVENTS && model->event[events].share != 0)
		events++;
	return events;
}

/*
 * What is wrong with the shares of a law that adds up to one, or to nothing; or
 * NULL if nothing is.
 */
static const char *
shares_fault(const char *name, const int32 *share, int slots, bool empty)
{
	int64		sum = 0;

	for (int i = 0; i < slots; i++)
	{
		if (share[i] < 0 || share[i] > MODEL_UNIT)
			return psprintf("its %s histogram is out of range", name);
		sum += share[i];
	}
	if (empty ? sum != 0 : (sum < MODEL_UNIT - slots || sum > MODEL_UNIT + slots))
		return psprintf("its %s histogram does not add up", name);
	return NULL;
}

/*
 * What is wrong with the events of a model, or NULL if nothing is.
 */
static const char *
events_fault(const LeakageModel *model)
{
	static const ModelEvent none;
	int			events = model_events(model);
	int32		share[MODEL_EVENTS];

	for (int i = events; i < MODEL_EVENTS; i++)
	{
		if (memcmp(&model->event[i], &none, sizeof(none)) != 0)
			return "an empty event has contents";
	}
	for (int i = 0; i < events; i++)
	{
		const ModelEvent *event = &model->event[i];
		const char *fault = shares_fault("factor", event->factor, EVENT_FACTORS, false);

		if (fault != NULL)
			return fault;
		share[i] = event->share;
	}
	if (events == 0)
		return model->parameter[MODEL_EVENT] != 0 ? "it has a rate of events, and none of them" : NULL;
	return shares_fault("event", share, events, false);
}

/*
 * What is wrong with a model of "size" bytes, or NULL if nothing is.  All that
 * read a model from outside ask here, so that they refuse the same.
 */
const char *
model_fault(const LeakageModel *model, Size size)
{
	int64		rates = 0;
	int			i;

	if (size != sizeof(LeakageModel))
		return "its size is wrong";
	if (model->version != MODEL_VERSION)
		return "its version is not known";
	if (model->method >= MODEL_METHODS)
		return "its method is not known";
	if (model->round > MODEL_MAX_ROUND)
		return "its round is out of range";
	if (model->users < 0)
		return "its number of users is below zero";
	for (i = 0; i < MODEL_PARAMETERS; i++)
	{
		if (model->parameter[i] < model_parameters[i].low ||
			model->parameter[i] > model_parameters[i].high)
			return psprintf("%s is out of range", model_parameters[i].name);
	}
	for (i = LEAK_NONE + 1; i < HYPOTHESES; i++)
		rates += model->parameter[model_rate_parameter[i]];
	if (rates >= MODEL_UNIT)
		return "its rates add up to one or more";
	if (model->law[MODEL_LAW_SLOTS - 1] != 0)
		return "reserved bytes are not zero";
	for (i = 0; i < MODEL_LAWS; i++)
	{
		const char *fault = shares_fault(model_laws[i].name, model_law(model, i), model_laws[i].slots,
										 model->method == MODEL_CLOSED_FORM);

		if (fault != NULL)
			return fault;
	}
	return events_fault(model);
}

/*
 * A parameter as a double.
 */
double
model_value(const LeakageModel *model, ModelParameter parameter)
{
	return (double) model->parameter[parameter] / (double) MODEL_UNIT;
}

/*
 * Set a parameter: rounded to 10^-9, and cut to its range.
 */
void
model_set(LeakageModel *model, ModelParameter parameter, double value)
{
	const ModelParameterInfo *info = &model_parameters[parameter];
	double		scaled = rint(value * (double) MODEL_UNIT);

	if (!(scaled > (double) info->low))
		model->parameter[parameter] = info->low;
	else if (scaled >= (double) info->high)
		model->parameter[parameter] = info->high;
	else
		model->parameter[parameter] = (int64) scaled;
}

/*
 * Shares from weights, each rounded to 10^-9.
 */
bool
model_set_shares(int32 *share, int slots, const double *weight)
{
	double		total = 0;

	for (int i = 0; i < slots; i++)
		total += weight[i];
	if (!(total > 0))
		return false;
	for (int i = 0; i < slots; i++)
		share[i] = (int32) rint(weight[i] / total * (double) MODEL_UNIT);
	return true;
}

void
model_set_law(LeakageModel *model, ModelLaw law, const double *weight)
{
	(void) model_set_shares(model->law + model_laws[law].offset, model_laws[law].slots, weight);
}

/*
 * Share of users that pay in every period and have none of the six
 * irregularities.
 */
double
model_rate_none(const LeakageModel *model)
{
	int64		rates = 0;
	int			i;

	for (i = LEAK_NONE + 1; i < HYPOTHESES; i++)
		rates += model->parameter[model_rate_parameter[i]];
	return (double) (MODEL_UNIT - rates) / (double) MODEL_UNIT;
}

/*
 * How much low levels count as evidence.  Where honest levels reach much
 * farther down than up, they are none.
 */
double
model_skew_share(const LeakageModel *model)
{
	double		skew = model_value(model, MODEL_LEVEL_SKEW);

	return Max(Min((SKEW_MOST - skew) / (SKEW_MOST - SKEW_GUARD), 1), 0);
}

/*
 * The share of the falls that is left when as many are taken away as there are
 * rises.
 */
static double
mirror_share(double falls, double rises)
{
	return rises < falls ? (falls - rises) / falls : 0;
}

/*
 * One standard error of the rises less, since a few rises are no reason to
 * doubt many falls.
 */
double
model_drop_share(const LeakageModel *model)
{
	double		rises = model_value(model, MODEL_DROP_UP);

	return mirror_share(model_value(model, MODEL_DROP),
						Max(rises - sqrt(rises / (double) Max(model->users, 1)), 0));
}

double
model_underbilled_share(const LeakageModel *model)
{
	return model_skew_share(model) * mirror_share(model_value(model, MODEL_UNDERBILLED),
												  model_value(model, MODEL_UNDERBILLED_UP));
}

/*
 * The power that the evidence of several periods is raised to.  It counts less
 * where neighboring periods resemble each other.
 */
double
model_kappa(const LeakageModel *model)
{
	double		r = model_value(model, MODEL_AUTOCORRELATION);

	if (r < AUTOCORRELATION_GUARD)
		return 1;
	return (1 - r) / (1 + r);
}
