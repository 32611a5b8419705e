/* leakage_model: text and binary form, and a round of learning from it */
#include "fuzz.h"

extern Datum leakage_model_in(PG_FUNCTION_ARGS);
extern Datum leakage_model_out(PG_FUNCTION_ARGS);
extern Datum leakage_model_recv(PG_FUNCTION_ARGS);
extern Datum leakage_model_send(PG_FUNCTION_ARGS);
extern Datum leakage_profile_in(PG_FUNCTION_ARGS);
extern Datum leakage_fit_transition(PG_FUNCTION_ARGS);
extern Datum leakage_fit_final(PG_FUNCTION_ARGS);

static const FuzzType type = {
	leakage_model_in, leakage_model_out, leakage_model_recv, leakage_model_send
};

static const char *const profiles[] = {
	"{1: 1/1}",
	"{1: 5/5, 2: 0/5, 3: -/5, 4: 5/5, 5: 1/5, 6: 1/5, 7: 1/5}",
	"{-2147483648: 999999999999#3/0, 2147483647: -5/999999999999#4294967295}"
};

void
fuzz_one(const uint8 *data, size_t size)
{
	FuzzValue	value = fuzz_read(&type, data, size);

	fuzz_accepted();
	fuzz_round_trip(&type, value);
	fuzz_in_aggregate = true;
	for (int i = 0; i < lengthof(profiles); i++)
	{
		FuzzValue	profile = FUZZ_CALL(leakage_profile_in, FUZZ_DATUM(CStringGetDatum(profiles[i])));
		FuzzValue	state = FUZZ_CALL(leakage_fit_transition, FUZZ_NULL, profile, value);
		FuzzValue	next = FUZZ_CALL(leakage_fit_final, state);

		if (!next.isnull)
			fuzz_round_trip(&type, next);
	}
}
