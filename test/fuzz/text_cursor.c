/* the cursor over the text form of a type: the first byte of each step says what is expected next */
#include "fuzz.h"

#include "base/decimal.h"
#include "base/text_cursor.h"

void
fuzz_one(const uint8 *data, size_t size)
{
	static const char *const tokens[] = {"{", "}", ",", "a", "method :", "\" :", ": {", ""};
	size_t		nsteps = Min(size - 1, data[0] % 16);
	const uint8 *steps = data + 1;
	TextCursor	cursor;
	int64		integer;
	int128		number;

	cursor_begin(&cursor, DatumGetCString(fuzz_cstring(steps + nsteps, size - 1 - nsteps).value),
				 "fuzzed", NULL, NULL);
	for (size_t i = 0; i < nsteps; i++)
	{
		switch (steps[i] % 4)
		{
			case 0:
				(void) cursor_take(&cursor, tokens[steps[i] / 4 % lengthof(tokens)]);
				break;
			case 1:
				(void) cursor_expect(&cursor, tokens[steps[i] / 4 % lengthof(tokens)]);
				break;
			case 2:
				if (cursor_integer(&cursor, "integer", -1000, PG_INT64_MAX, &integer))
					FUZZ_CHECK(integer >= -1000);
				break;
			default:
				if (cursor_number(&cursor, "number", steps[i] / 4 % 20, steps[i] / 4 % 8,
								  PG_INT64_MIN, PG_INT64_MAX, &number))
					FUZZ_CHECK(number >= PG_INT64_MIN && number <= PG_INT64_MAX);
				break;
		}
		FUZZ_CHECK(cursor.at >= cursor.text && cursor.at <= cursor.end);
	}
	FUZZ_CHECK(cursor_peek(&cursor) == *cursor.at);
	(void) cursor_expect_end(&cursor);
}
