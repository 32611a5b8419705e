/*-------------------------------------------------------------------------
 *
 * model_io.h
 *		From a Datum of the SQL type leakage_model to its state, and what the
 *		aggregates ask of the models of their rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_MODEL_IO_H
#define LEAKAGE_MODEL_IO_H

#include "lib/stringinfo.h"

#include "detector/model_state.h"

/* the value, detoasted: possibly the caller's own bytes, so not to be written to */
extern LeakageModel *model_from_datum(Datum datum);

/* the binary form, in and out; what comes in is checked in full */
extern void model_write(StringInfo buf, const LeakageModel *model);
extern LeakageModel *model_read(StringInfo buf);

/* all rows of a group bring the same model, or none of them does: an error where two differ */
extern void require_same_model(const LeakageModel *a, const LeakageModel *b, const char *aggregate);

#define PG_GETARG_LEAKAGE_MODEL(n)		model_from_datum(PG_GETARG_DATUM(n))
#define PG_GETARG_LEAKAGE_MODEL_OR_NULL(n) \
	(PG_ARGISNULL(n) ? NULL : PG_GETARG_LEAKAGE_MODEL(n))

#endif							/* LEAKAGE_MODEL_IO_H */
