/* revenue_summary: text and binary form */
#include "fuzz.h"

extern Datum revenue_summary_in(PG_FUNCTION_ARGS);
extern Datum revenue_summary_out(PG_FUNCTION_ARGS);
extern Datum revenue_summary_recv(PG_FUNCTION_ARGS);
extern Datum revenue_summary_send(PG_FUNCTION_ARGS);
extern Datum revenue_summary_plus(PG_FUNCTION_ARGS);
extern Datum revenue_summary_minus(PG_FUNCTION_ARGS);
extern Datum revenue_summary_count(PG_FUNCTION_ARGS);
extern Datum revenue_summary_quantile(PG_FUNCTION_ARGS);

static const FuzzType type = {
	revenue_summary_in, revenue_summary_out, revenue_summary_recv, revenue_summary_send
};

void
fuzz_one(const uint8 *data, size_t size)
{
	static const double fractions[] = {0, 0.25, 0.5, 0.999, 1};
	FuzzValue	value = fuzz_read(&type, data, size);
	FuzzValue	sum;

	fuzz_accepted();
	fuzz_round_trip(&type, value);
	FUZZ_CALL(revenue_summary_minus, value, value);
	if (DatumGetInt64(FUZZ_CALL(revenue_summary_count, value).value) > 0)
	{
		for (int i = 0; i < lengthof(fractions); i++)
			FUZZ_CALL(revenue_summary_quantile, value, FUZZ_DATUM(Float8GetDatum(fractions[i])));
	}

	/* a sum may be too large, but not wrong */
	fuzz_may_refuse();
	sum = FUZZ_CALL(revenue_summary_plus, value, value);
	fuzz_accepted();
	fuzz_round_trip(&type, sum);
	FUZZ_CHECK(fuzz_same(value, FUZZ_CALL(revenue_summary_minus, sum, value)));
}
