/* the serialized state of leakage_period_totals */
#include "fuzz.h"

extern Datum leakage_period_totals_combine(PG_FUNCTION_ARGS);
extern Datum leakage_period_totals_serialize(PG_FUNCTION_ARGS);
extern Datum leakage_period_totals_deserialize(PG_FUNCTION_ARGS);

void
fuzz_one(const uint8 *data, size_t size)
{
	FuzzValue	input = fuzz_text(data, size);
	FuzzValue	state;

	fuzz_in_aggregate = true;
	state = FUZZ_CALL(leakage_period_totals_deserialize, input, FUZZ_NULL);
	fuzz_accepted();
	FUZZ_CHECK(fuzz_same(input, FUZZ_CALL(leakage_period_totals_serialize, state)));

	/* sums may be too large */
	fuzz_may_refuse();
	FUZZ_CALL(leakage_period_totals_combine, state, state);
}
