/* the cleaning functions, which refuse nothing, and the reader of decimals */
#include "fuzz.h"

#include "utils/builtins.h"

#include "base/decimal.h"

extern Datum leakage_clean_id(PG_FUNCTION_ARGS);
extern Datum leakage_id_fault(PG_FUNCTION_ARGS);
extern Datum leakage_clean_text(PG_FUNCTION_ARGS);
extern Datum leakage_clean_label(PG_FUNCTION_ARGS);
extern Datum leakage_clean_gender(PG_FUNCTION_ARGS);
extern Datum leakage_clean_status(PG_FUNCTION_ARGS);
extern Datum leakage_clean_year(PG_FUNCTION_ARGS);
extern Datum leakage_clean_date(PG_FUNCTION_ARGS);
extern Datum leakage_count(PG_FUNCTION_ARGS);
extern Datum leakage_count_fault(PG_FUNCTION_ARGS);
extern Datum leakage_week(PG_FUNCTION_ARGS);
extern Datum leakage_week_fault(PG_FUNCTION_ARGS);
extern Datum leakage_amount(PG_FUNCTION_ARGS);
extern Datum leakage_amount_fault(PG_FUNCTION_ARGS);

/* what was read, written and read again, is the same number */
static void
read_decimal(const uint8 *data, size_t size)
{
	int			places = data[0] % (DECIMAL_DIGITS + 1);
	int			flags = data[0] >> 5;
	const char *start = memcpy(palloc(size), data, size);
	const char *at = start + 1;
	Decimal		number;
	Decimal		again;
	char		text[DECIMAL_TEXT];

	if (decimal_read(&at, start + size, places, flags, &number) != DECIMAL_OK)
		return;
	FUZZ_CHECK(at > start && at <= start + size);
	for (int all_places = 0; all_places <= 1; all_places++)
	{
		int			length = decimal_write(text, number.value, places, all_places);

		FUZZ_CHECK(length < DECIMAL_TEXT);
		at = text;
		FUZZ_CHECK(decimal_read(&at, text + length, places, 0, &again) == DECIMAL_OK);
		FUZZ_CHECK(at == text + length && again.value == number.value);
	}
}

void
fuzz_one(const uint8 *data, size_t size)
{
	static const PGFunction functions[] = {
		leakage_clean_text, leakage_clean_label, leakage_clean_gender, leakage_clean_status,
		leakage_clean_year, leakage_clean_date, leakage_amount, leakage_amount_fault
	};
	static const char *const formats[] = {"week", "yyyyww", "yyyymm", "date"};
	FuzzValue	format = FUZZ_DATUM(CStringGetTextDatum(formats[data[0] % lengthof(formats)]));
	FuzzValue	value = fuzz_text(data + 1, size - 1);

	fuzz_accepted();
	read_decimal(data, size);
	for (int i = 0; i < lengthof(functions); i++)
		FUZZ_CALL(functions[i], value);

	/* a value is clean, or there is a reason why not */
	FUZZ_CHECK(FUZZ_CALL(leakage_clean_id, value).isnull != FUZZ_CALL(leakage_id_fault, value).isnull);
	FUZZ_CHECK(FUZZ_CALL(leakage_count, value).isnull != FUZZ_CALL(leakage_count_fault, value).isnull);
	FUZZ_CHECK(FUZZ_CALL(leakage_week, value, format).isnull !=
			   FUZZ_CALL(leakage_week_fault, value, format).isnull);
}
