/* the serialized state of leakage_fit */
#include "fuzz.h"

extern Datum leakage_profile_in(PG_FUNCTION_ARGS);
extern Datum leakage_fit_transition(PG_FUNCTION_ARGS);
extern Datum leakage_fit_combine(PG_FUNCTION_ARGS);
extern Datum leakage_fit_serialize(PG_FUNCTION_ARGS);
extern Datum leakage_fit_deserialize(PG_FUNCTION_ARGS);
extern Datum leakage_fit_final(PG_FUNCTION_ARGS);

/*
 * Of the first round's state, 24 kB of counts: the input replaces its begin
 * and, with what is behind byte 1024, its end.
 */
static FuzzValue
first_round(const uint8 *data, size_t size)
{
	FuzzValue	profile = FUZZ_CALL(leakage_profile_in, FUZZ_DATUM(CStringGetDatum("{1: 5/5, 2: 0/5, 3: -/5}")));
	FuzzValue	state = FUZZ_CALL(leakage_fit_transition, FUZZ_NULL, profile, FUZZ_NULL);
	FuzzValue	bytes = FUZZ_CALL(leakage_fit_serialize, state);
	struct varlena *wire = (struct varlena *) DatumGetPointer(bytes.value);
	size_t		wire_size = VARSIZE(wire) - VARHDRSZ;
	size_t		begin = Min(size, 1024);
	size_t		end = Min(size - begin, wire_size - begin);

	memcpy(VARDATA(wire), data, begin);
	memcpy(VARDATA(wire) + wire_size - end, data + size - end, end);
	return bytes;
}

void
fuzz_one(const uint8 *data, size_t size)
{
	FuzzValue	state;

	fuzz_in_aggregate = true;
	state = FUZZ_CALL(leakage_fit_deserialize,
					  data[0] == 'f' ? first_round(data + 1, size - 1) : fuzz_text(data + 1, size - 1),
					  FUZZ_NULL);
	fuzz_accepted();
	FUZZ_CALL(leakage_fit_serialize, state);
	FUZZ_CALL(leakage_fit_final, state);

	/* sums may be too large */
	fuzz_may_refuse();
	state = FUZZ_CALL(leakage_fit_combine, state, state);
	FUZZ_CALL(leakage_fit_final, state);
}
