/*-------------------------------------------------------------------------
 *
 * model_io.h
 *		From outside to a leakage_model and back, and what the aggregates ask of
 *		the models of their rows.
 *
 * Invariant: every LeakageModel that the C code holds is valid in full, as
 * model_state.h says.  It is checked once, at the edge: text and bytes from
 * outside go through model_fault() in leakage_model_in() and model_read().
 * A Datum holds what one of these two let in, or what model_make() and
 * model_set() made.  model_from_datum() is the only way from a Datum to a
 * model, and checks only what reading it needs.  Nothing behind the edge asks
 * again.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_MODEL_IO_H
#define LEAKAGE_MODEL_IO_H

#include "lib/stringinfo.h"

#include "detector/model_state.h"

/* the value, detoasted: possibly the caller's own bytes, so not to be written to */
extern LeakageModel *model_from_datum(Datum datum);

/* the binary form, out and in */
extern void model_write(StringInfo buf, const LeakageModel *model);
extern LeakageModel *model_read(StringInfo buf);

/*
 * All rows of a group bring the same model, or none of them brings one: an
 * error (22023) where two differ.
 */
extern void require_same_model(const LeakageModel *a, const LeakageModel *b, const char *aggregate);

#define PG_GETARG_LEAKAGE_MODEL(n)		model_from_datum(PG_GETARG_DATUM(n))
#define PG_GETARG_LEAKAGE_MODEL_OR_NULL(n) \
	(PG_ARGISNULL(n) ? NULL : PG_GETARG_LEAKAGE_MODEL(n))

#endif							/* LEAKAGE_MODEL_IO_H */
