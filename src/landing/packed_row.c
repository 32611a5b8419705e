/*-------------------------------------------------------------------------
 *
 * packed_row.c
 *		Landing rows as bytes that sort as rows are preferred.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "landing/clean.h"
#include "landing/packed_row.h"

#define PACKED_TEXT		1
#define PACKED_NULL		2

static Trimmed
trim_column(const PackedColumn *column)
{
	return trim(column->data == NULL ? "" : column->data, column->length);
}

/*
 * Ranks of a CRM row: status, gender, birth year.
 */
void
crm_ranks(uint8 *ranks, const PackedColumn *columns, const PlausibleAges *ages)
{
	static const char *const by_rank[] = {"ACTIVE", "IDLE", "SUSPEND", "DEACTIVE"};
	const char *status = clean_status(trim_column(&columns[2]));
	int			year = clean_year(trim_column(&columns[1]));
	int64		age = (int64) ages->as_of_year - year;

	ranks[0] = 1;
	while (ranks[0] <= lengthof(by_rank) && strcmp(status, by_rank[ranks[0] - 1]) != 0)
		ranks[0]++;
	ranks[1] = strcmp(clean_gender(trim_column(&columns[0])), "Unknown") == 0;
	ranks[2] = !(year >= 0 && age >= ages->min_age && age <= ages->max_age);
}

/*
 * Ranks of a device row: brand, os.
 */
void
device_ranks(uint8 *ranks, const PackedColumn *columns)
{
	ranks[0] = trim_column(&columns[1]).len == 0;
	ranks[1] = trim_column(&columns[3]).len == 0;
}

Size
packed_row_size(int nranks, const PackedColumn *columns)
{
	Size		size = nranks;

	for (int i = 0; i < PACKED_COLUMNS; i++)
		size += 1 + (columns[i].data == NULL ? 0 : columns[i].length + 1);
	return size;
}

void
packed_row_write(char *out, const uint8 *ranks, int nranks, const PackedColumn *columns)
{
	memcpy(out, ranks, nranks);
	out += nranks;
	for (int i = 0; i < PACKED_COLUMNS; i++)
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

/*
 * The columns of a packed row, pointing into it.  Any bytes may come: false
 * for what is not a packed row of valid text.
 */
bool
packed_row_read(const char *in, Size length, int nranks, PackedColumn *columns)
{
	const char *end = in + length;

	if (length < (Size) nranks)
		return false;
	in += nranks;
	for (int i = 0; i < PACKED_COLUMNS; i++)
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

/* below, at or above zero as a comes before, is, or comes after b */
int
packed_row_compare(const char *a, Size length_a, const char *b, Size length_b)
{
	int			order = memcmp(a, b, Min(length_a, length_b));

	if (order == 0)
		order = (length_a > length_b) - (length_a < length_b);
	return order;
}
