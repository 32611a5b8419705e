/* the serialized state of leakage_score */
#include "fuzz.h"

extern Datum leakage_score_combine(PG_FUNCTION_ARGS);
extern Datum leakage_score_serialize(PG_FUNCTION_ARGS);
extern Datum leakage_score_deserialize(PG_FUNCTION_ARGS);
extern Datum leakage_score_final(PG_FUNCTION_ARGS);

void
fuzz_one(const uint8 *data, size_t size)
{
	FuzzValue	state;
	FuzzValue	bytes;

	fuzz_in_aggregate = true;
	state = FUZZ_CALL(leakage_score_deserialize, fuzz_text(data, size), FUZZ_NULL);
	fuzz_accepted();
	bytes = FUZZ_CALL(leakage_score_serialize, state);
	FUZZ_CHECK(fuzz_same(bytes, FUZZ_CALL(leakage_score_serialize,
										  FUZZ_CALL(leakage_score_deserialize, bytes, FUZZ_NULL))));
	FUZZ_CALL(leakage_score_final, state);

	/* sums may be too large */
	fuzz_may_refuse();
	FUZZ_CALL(leakage_score_combine, state, state);
}
