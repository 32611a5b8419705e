/*-------------------------------------------------------------------------
 *
 * fuzz.h
 *		What the fuzzing harnesses share.
 *
 * A harness tests one parser: it defines fuzz_one(), which gets arbitrary
 * bytes.  The sources of the extension are compiled as they are.  server.c
 * stands in for the server: memory is malloc's, so that AddressSanitizer sees
 * every byte, and an error jumps back and ends the input.
 *
 * Three things are findings: what a sanitizer reports, an assertion that
 * fails (here or in the extension), and an error that must not be.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_FUZZ_H
#define LEAKAGE_FUZZ_H

#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/numeric.h"

#include "base/compat.h"

/* the parser under test: in each harness */
extern void fuzz_one(const uint8 *data, size_t size);

/* from here on an error is a finding: the input was accepted */
extern void fuzz_accepted(void);

/* or is not: what follows may refuse, as a sum that overflows */
extern void fuzz_may_refuse(void);

/* what AggCheckCallContext says */
extern bool fuzz_in_aggregate;

#define FUZZ_CHECK(condition) \
	((condition) ? (void) 0 : fuzz_finding(#condition, __FILE__, __LINE__))
pg_noreturn extern void fuzz_finding(const char *what, const char *file, int line);

/* an argument or a result of a function */
typedef struct FuzzValue
{
	Datum		value;
	bool		isnull;
} FuzzValue;

extern FuzzValue fuzz_call(PGFunction function, int nargs, const FuzzValue *args);

#define FUZZ_NULL		((FuzzValue) {(Datum) 0, true})
#define FUZZ_DATUM(d)	((FuzzValue) {(d), false})
#define FUZZ_CALL(function, ...) \
	fuzz_call(function, sizeof((FuzzValue[]) {__VA_ARGS__}) / sizeof(FuzzValue), (FuzzValue[]) {__VA_ARGS__})

/* copies of the bytes, of exactly their size: a C string, a text or bytea, a message */
extern FuzzValue fuzz_cstring(const uint8 *data, size_t size);
extern FuzzValue fuzz_text(const uint8 *data, size_t size);
extern FuzzValue fuzz_message(const uint8 *data, size_t size);

/* a type with its four functions */
typedef struct FuzzType
{
	PGFunction	in;
	PGFunction	out;
	PGFunction	recv;
	PGFunction	send;
} FuzzType;

/*
 * The value of an input: its first byte says which form the rest has, t for
 * text.  Does not return if it is refused.
 */
extern FuzzValue fuzz_read(const FuzzType *type, const uint8 *data, size_t size);

/* text and binary form of a value must give the same bytes back */
extern void fuzz_round_trip(const FuzzType *type, FuzzValue value);

extern bool fuzz_same(FuzzValue a, FuzzValue b);

#endif							/* LEAKAGE_FUZZ_H */
