/* leakage_profile: text and binary form, and what reads a profile */
#include "fuzz.h"

extern Datum leakage_profile_in(PG_FUNCTION_ARGS);
extern Datum leakage_profile_out(PG_FUNCTION_ARGS);
extern Datum leakage_profile_recv(PG_FUNCTION_ARGS);
extern Datum leakage_profile_send(PG_FUNCTION_ARGS);
extern Datum leakage_profile_combine(PG_FUNCTION_ARGS);
extern Datum leakage_profile_actual_total(PG_FUNCTION_ARGS);
extern Datum leakage_profile_missing_periods(PG_FUNCTION_ARGS);
extern Datum leakage_fit_transition(PG_FUNCTION_ARGS);
extern Datum leakage_fit_final(PG_FUNCTION_ARGS);

static const FuzzType type = {
	leakage_profile_in, leakage_profile_out, leakage_profile_recv, leakage_profile_send
};

void
fuzz_one(const uint8 *data, size_t size)
{
	FuzzValue	value = fuzz_read(&type, data, size);
	FuzzValue	sum;

	fuzz_accepted();
	fuzz_round_trip(&type, value);
	FUZZ_CALL(leakage_profile_actual_total, value);
	FUZZ_CALL(leakage_profile_missing_periods, value);
	fuzz_in_aggregate = true;
	FUZZ_CALL(leakage_fit_final, FUZZ_CALL(leakage_fit_transition, FUZZ_NULL, value, FUZZ_NULL));

	/* a sum may be too large, but not wrong */
	fuzz_may_refuse();
	sum = FUZZ_CALL(leakage_profile_combine, value, value);
	fuzz_accepted();
	fuzz_round_trip(&type, sum);
}
