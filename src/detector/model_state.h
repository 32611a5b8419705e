/*-------------------------------------------------------------------------
 *
 * model_state.h
 *		The state behind the SQL type leakage_model: what was learned from a
 *		table about how honest entities vary, and how many entities leak.
 *
 * Invariants
 *	- whole numbers only: a parameter is in units of 10^-9, the laws are
 *	  histograms in parts per 10^9.  So equal models are equal bytes, and the text form
 *	  gives back the same model.
 *	- every parameter is in its range (model_parameters[]), and the rates add up
 *	  to less than one.
 *	- each law adds up to 10^9, give or take one part per slot.  It is all zero
 *	  where the method is closed_form.  The laws of the events, and their
 *	  shares, add up in the same way with either method.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_MODEL_STATE_H
#define LEAKAGE_MODEL_STATE_H

#include "base/base.h"
#include "detector/hypothesis.h"

#define MODEL_VERSION		2
#define MODEL_PLACES		9
#define MODEL_UNIT			INT64CONST(1000000000)	/* 10^MODEL_PLACES */
#define MODEL_MAX_ROUND		10000

/* with fewer users that have a level, the model stays a closed form */
#define MODEL_MIN_USERS		1000

/* rounds without mirrors */
#define MODEL_PLAIN_ROUNDS	3

typedef enum ModelMethod
{
	MODEL_CLOSED_FORM = 0,
	MODEL_LIKELIHOOD = 1,
	MODEL_METHODS
} ModelMethod;

typedef enum ModelParameter
{
	MODEL_SIGMA,				/* spread of the users' levels, in bins */
	MODEL_GROUP_SHARE,			/* share of the users in a second group of levels */
	MODEL_GROUP_SHIFT,			/* level of that group, in bins from the first */
	MODEL_HOLE_RATE,			/* law of the missing periods, see count_law.h */
	MODEL_HOLE_DISPERSION,
	MODEL_ZERO_RATE,			/* law of the zero periods */
	MODEL_ZERO_DISPERSION,
	MODEL_MISSING,				/* share of the users that leak in each way */
	MODEL_ZERO,
	MODEL_DROP,
	MODEL_UNDERBILLED,
	MODEL_DROP_UP,				/* share of the users that are mirror images */
	MODEL_UNDERBILLED_UP,
	MODEL_AUTOCORRELATION,
	MODEL_NOISE_CV2,			/* squared coefficient of variation of a period */
	MODEL_LEVEL_MEDIAN,			/* of the users' mean ratios of actual over expected */
	MODEL_LEVEL_SKEW,			/* from the median to the lowest tenth, over from it to the highest */
	MODEL_LEVEL_TAU2,			/* variance of the logarithm of the users' levels */
	MODEL_REGULAR,				/* share of the users that pay every so many periods, see payer_law.h */
	MODEL_IRREGULAR,			/* share of the users that pay at intervals of their own */
	MODEL_SKIP_RATE,			/* probability that a regular payment of such a user is skipped */
	MODEL_HOLE_AWAY,			/* users with absences, see absence_law.h: without rows */
	MODEL_ZERO_AWAY,			/* and with rows of zero */
	MODEL_EVENT,				/* share of the users in the events, all together */
	MODEL_PARAMETERS
} ModelParameter;

/* numbers of zero periods at an end: 0, 1, ... and one slot for all from END_SLOTS - 1 on */
#define END_SLOTS			17

/* lengths of absences: ABSENCE_SHORTEST, ... and one slot for all from the last one on */
#define ABSENCE_SHORTEST	2
#define ABSENCE_SLOTS		15

/* absences of one user, at most */
#define ABSENCES_MOST		4

/* how the amount of a payment follows from the intervals, see payer_law.h */
#define PAYER_SCALES		5

typedef enum ModelLaw
{
	LAW_NOISE,					/* a period over the level of its user, by bin */
	LAW_LEAD,					/* zero periods before the first paid one */
	LAW_TRAIL,					/* zero periods after the last paid one */
	LAW_SCALE,					/* how the amounts of a payer follow from the intervals */
	LAW_PAYER_NOISE,			/* a payment over the level of its user, by bin */
	LAW_HOLE_LENGTH,			/* missing periods in a row, of users who are away */
	LAW_ZERO_LENGTH,			/* zero periods in a row */
	LAW_HOLE_TIMES,				/* how many times such users are away */
	LAW_ZERO_TIMES,
	MODEL_LAWS
} ModelLaw;

/* the last one is always zero, and makes the size a multiple of eight */
#define MODEL_LAW_SLOTS		(BIN_COUNT + 2 * END_SLOTS + PAYER_SCALES + BIN_COUNT + 2 * ABSENCE_SLOTS + \
							 2 * ABSENCES_MOST + 1)

/* factors of an event: -EVENT_REACH to EVENT_REACH bins */
#define EVENT_REACH			26
#define EVENT_FACTORS		(2 * EVENT_REACH + 1)
#define MODEL_EVENTS		4

/* a change that many users share, see event_law.h; without any share, an empty slot, and these come last */
typedef struct ModelEvent
{
	int32		period;			/* the first one after the change */
	int32		share;			/* of MODEL_EVENT */
	int32		factor[EVENT_FACTORS];	/* law of the factors */
} ModelEvent;

typedef struct ModelLawInfo
{
	const char *name;
	int			first;			/* what the first slot stands for */
	int			slots;
	int			offset;			/* in the laws of a model */
} ModelLawInfo;

typedef struct ModelParameterInfo
{
	const char *name;
	int64		low;			/* in units of 10^-9, inclusive */
	int64		high;
	const char *meaning;
} ModelParameterInfo;

typedef struct LeakageModel
{
	int32		vl_len_;
	uint8		version;
	uint8		method;
	uint16		round;
	int64		users;
	int64		parameter[MODEL_PARAMETERS];
	int32		law[MODEL_LAW_SLOTS];
	ModelEvent	event[MODEL_EVENTS];
} LeakageModel;

extern const char *const model_method_name[MODEL_METHODS];
extern const ModelParameterInfo model_parameters[MODEL_PARAMETERS];
extern const ModelLawInfo model_laws[MODEL_LAWS];

/* the rate of each hypothesis; LEAK_NONE has what the others leave */
extern const ModelParameter model_rate_parameter[HYPOTHESES];

extern LeakageModel *model_make(void);
extern LeakageModel *model_copy(const LeakageModel *model);
extern int	model_events(const LeakageModel *model);
extern bool model_equal(const LeakageModel *a, const LeakageModel *b);
extern const char *model_fault(const LeakageModel *model, Size size);

/* values as doubles */
extern double model_value(const LeakageModel *model, ModelParameter parameter);
extern double model_rate_none(const LeakageModel *model);
extern double model_drop_share(const LeakageModel *model);
extern double model_underbilled_share(const LeakageModel *model);
extern double model_kappa(const LeakageModel *model);
extern double model_skew_share(const LeakageModel *model);

/* a parameter from a double, rounded and cut to its range */
extern void model_set(LeakageModel *model, ModelParameter parameter, double value);

/* the slots of a law */
static inline const int32 *
model_law(const LeakageModel *model, ModelLaw law)
{
	return model->law + model_laws[law].offset;
}

/* a law from weights, which need not add up to one; no weights leave it as it is */
extern void model_set_law(LeakageModel *model, ModelLaw law, const double *weight);

/* the same for any slots of a law; false if there are no weights */
extern bool model_set_shares(int32 *share, int slots, const double *weight);

#endif							/* LEAKAGE_MODEL_STATE_H */
