/*-------------------------------------------------------------------------
 *
 * packed_row.c
 *		Landing rows as bytes that sort in the order of preference.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "landing/clean.h"
#include "landing/packed_row.h"

#define PACKED_TEXT		1
#define PACKED_NULL		2

static void
rank_crm(uint8 *ranks, const LandingValue *columns, const void *settings)
{
	static const char *const by_rank[] = {"ACTIVE", "IDLE", "SUSPEND", "DEACTIVE"};
	const PlausibleAges *ages = settings;
	const char *status = clean_status(landing_trim(columns[2]));
	int			year = clean_year(landing_trim(columns[1]));
	int64		age = (int64) ages->as_of_year - year;

	ranks[0] = 1;
	while (ranks[0] <= lengthof(by_rank) && strcmp(status, by_rank[ranks[0] - 1]) != 0)
		ranks[0]++;
	ranks[1] = strcmp(clean_gender(landing_trim(columns[0])), "Unknown") == 0;
	ranks[2] = !(year >= 0 && age >= ages->min_age && age <= ages->max_age);
}

static void
rank_device(uint8 *ranks, const LandingValue *columns, const void *settings)
{
	(void) settings;
	ranks[0] = landing_trim(columns[1]).len == 0;
	ranks[1] = landing_trim(columns[3]).len == 0;
}

static void
rank_region(uint8 *ranks, const LandingValue *columns, const void *settings)
{
	(void) settings;
	ranks[0] = landing_trim(columns[0]).len == 0;
}

static void
rank_date(uint8 *ranks, const LandingValue *columns, const void *settings)
{
	int32		days;

	(void) settings;
	ranks[0] = !clean_date(landing_trim(columns[0]), &days);
}

const PackedRowKind packed_crm = {.nranks = 3,.ncolumns = 5,.rank = rank_crm};
const PackedRowKind packed_device = {.nranks = 2,.ncolumns = 5,.rank = rank_device};
const PackedRowKind packed_region = {.nranks = 1,.ncolumns = 1,.rank = rank_region};
const PackedRowKind packed_date = {.nranks = 1,.ncolumns = 1,.rank = rank_date};

Size
packed_row_size(const PackedRowKind *kind, const LandingValue *columns)
{
	Size		size = kind->nranks;

	for (int i = 0; i < kind->ncolumns; i++)
		size += 1 + (columns[i].data == NULL ? 0 : columns[i].length + 1);
	return size;
}

void
packed_row_write(char *out, const PackedRowKind *kind, const LandingValue *columns, const void *settings)
{
	kind->rank((uint8 *) out, columns, settings);
	out += kind->nranks;
	for (int i = 0; i < kind->ncolumns; i++)
	{
		if (columns[i].data == NULL)
		{
			*out++ = PACKED_NULL;
			continue;
		}
		*out++ = PACKED_TEXT;
		memcpy(out, columns[i].data, columns[i].length);
		out += columns[i].length;
		*out++ = '\0';
	}
}

bool
packed_row_read(const char *in, Size length, const PackedRowKind *kind, LandingValue *columns)
{
	const char *end = in + length;

	if (length < (Size) kind->nranks)
		return false;
	in += kind->nranks;
	for (int i = 0; i < kind->ncolumns; i++)
	{
		const char *stop;

		if (in == end || (*in != PACKED_TEXT && *in != PACKED_NULL))
			return false;
		columns[i].data = NULL;
		columns[i].length = 0;
		if (*in++ == PACKED_NULL)
			continue;
		stop = memchr(in, '\0', end - in);
		if (stop == NULL || !pg_verifymbstr(in, stop - in, true))
			return false;
		columns[i].data = in;
		columns[i].length = stop - in;
		in = stop + 1;
	}
	return in == end;
}

int
packed_row_compare(const char *a, Size length_a, const char *b, Size length_b)
{
	int			order = memcmp(a, b, Min(length_a, length_b));

	if (order == 0)
		order = (length_a > length_b) - (length_a < length_b);
	return order;
}
