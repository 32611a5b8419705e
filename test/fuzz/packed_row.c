/* packed landing rows */
#include "fuzz.h"

#include "landing/packed_row.h"

void
fuzz_one(const uint8 *data, size_t size)
{
	const PackedRowKind *kind = data[0] == 'c' ? &packed_crm : &packed_device;
	const PlausibleAges ages = {2018, 10, 110};
	LandingValue columns[PACKED_MAX_COLUMNS] = {0};
	char	   *row = memcpy(palloc(size - 1), data + 1, size - 1);
	char	   *again;

	if (!packed_row_read(row, size - 1, kind, columns))
		return;
	fuzz_accepted();

	/* the ranks follow from the columns, and may differ; the columns must not */
	FUZZ_CHECK(packed_row_size(kind, columns) == size - 1);
	again = palloc(size - 1);
	packed_row_write(again, kind, columns, &ages);
	FUZZ_CHECK(memcmp(again + kind->nranks, row + kind->nranks, size - 1 - kind->nranks) == 0);
	FUZZ_CHECK((packed_row_compare(row, size - 1, again, size - 1) == 0) ==
			   (memcmp(row, again, size - 1) == 0));
}
