/*-------------------------------------------------------------------------
 *
 * model_ops.c
 *		SQL functions that show what is in a leakage_model.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "base/base_fmgr.h"
#include "detector/model_io.h"

PG_FUNCTION_INFO_V1(leakage_model_method);
PG_FUNCTION_INFO_V1(leakage_model_round);
PG_FUNCTION_INFO_V1(leakage_model_users);
PG_FUNCTION_INFO_V1(leakage_model_parameters);

/*
 * 'likelihood' or 'closed_form'.
 */
Datum
leakage_model_method(PG_FUNCTION_ARGS)
{
	LeakageModel *model = PG_GETARG_LEAKAGE_MODEL(0);

	PG_RETURN_TEXT_P(cstring_to_text(model_method_name[model->method]));
}

/*
 * Rounds after the start.
 */
Datum
leakage_model_round(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_LEAKAGE_MODEL(0)->round);
}

/*
 * Users that it was learned from.
 */
Datum
leakage_model_users(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_LEAKAGE_MODEL(0)->users);
}

/*
 * One row of leakage_model_parameters.
 */
static void
put_parameter(ReturnSetInfo *rsinfo, const char *name, double value, const char *meaning)
{
	Datum		values[3];
	bool		nulls[3] = {false, false, false};

	values[0] = CStringGetTextDatum(name);
	values[1] = Float8GetDatum(value);
	values[2] = CStringGetTextDatum(meaning);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * What is in a model but the noise law, and what follows from it: parameter,
 * value, meaning.
 */
Datum
leakage_model_parameters(PG_FUNCTION_ARGS)
{
	LeakageModel *model = PG_GETARG_LEAKAGE_MODEL(0);
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	put_parameter(rsinfo, "users", (double) model->users, "users that the model was learned from");
	put_parameter(rsinfo, "round", model->round, "rounds of learning after the start");
	for (i = 0; i < MODEL_PARAMETERS; i++)
		put_parameter(rsinfo, model_parameters[i].name, model_value(model, i),
					  model_parameters[i].meaning);
	for (i = 0; i < model_events(model); i++)
	{
		put_parameter(rsinfo, psprintf("event_%d_period", i + 1), model->event[i].period,
					  "first period after a change that many users share");
		put_parameter(rsinfo, psprintf("event_%d_rate", i + 1),
					  model_value(model, MODEL_EVENT) * ((double) model->event[i].share / (double) MODEL_UNIT),
					  "share of users that have it");
	}
	put_parameter(rsinfo, "rate_none", model_rate_none(model),
				  "share of users with none of the irregularities");
	put_parameter(rsinfo, "drop_share", model_drop_share(model),
				  "part of the drops that counts as leakage, net of as many rises");
	put_parameter(rsinfo, "underbilled_share", model_underbilled_share(model),
				  "part of the underbilled that counts as leakage, net of as many above");
	put_parameter(rsinfo, "kappa", model_kappa(model),
				  "power that evidence of several periods is raised to, below 1 where neighbors resemble each other");
	return (Datum) 0;
}
