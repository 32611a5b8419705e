/*-------------------------------------------------------------------------
 *
 * summary_state.c
 *		What a revenue summary is: its buckets, how they are read in any form,
 *		and the packed form: made, checked, and asked for quantiles.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "summary/summary_state.h"


/* ----------
 * Buckets
 * ----------
 */

/*
 * The least and the greatest amount of a bucket.
 */
void
summary_bucket_range(int bucket, int64 *least, int64 *greatest)
{
	int			position = abs(bucket);
	int			shift = Max(position / SUMMARY_MANTISSAS - 1, 0);
	int64		near = (int64) (position - shift * SUMMARY_MANTISSAS) << shift;
	int64		far = near + ((INT64CONST(1) << shift) - 1);

	Assert(position <= SUMMARY_MAX_BUCKET);
	*least = bucket < 0 ? -far : near;
	*greatest = bucket < 0 ? -near : far;
}

/*
 * The amount that stands for a bucket: its middle, away from zero on a tie.
 * That of the last bucket is beyond the limit of amounts, and is cut to it.
 */
static int64
summary_bucket_middle(int bucket)
{
	int64		least;
	int64		greatest;

	summary_bucket_range(bucket, &least, &greatest);
	if (bucket < 0)
		return Max(greatest - (greatest - least + 1) / 2, 1 - MONEY_LIMIT);
	return Min(least + (greatest - least + 1) / 2, MONEY_LIMIT - 1);
}


/* ----------
 * Reading
 * ----------
 */

/*
 * Begin to read the buckets of a summary of any form.
 */
void
summary_read(SummaryReader *reader, const RevenueSummary *summary)
{
	memset(reader, 0, sizeof(SummaryReader));
	reader->summary = summary;
	reader->next = summary->data;
	reader->end = (const unsigned char *) summary + VARSIZE(summary);
	reader->left = summary->count;
}

/*
 * Read a varint: seven bits a byte, least first, as short as it can be and
 * below 2^63.
 */
static bool
read_varint(SummaryReader *reader, int64 *value)
{
	uint64		result = 0;

	for (int shift = 0; shift < 63; shift += 7)
	{
		unsigned char byte;

		if (reader->next >= reader->end)
		{
			reader->fault = "it ends within a bucket";
			return false;
		}
		byte = *reader->next++;
		result |= (uint64) (byte & 0x7f) << shift;
		if (byte < 0x80)
		{
			if (byte == 0 && shift > 0)
				break;
			*value = (int64) result;
			return true;
		}
	}
	reader->fault = "a number in it is not in its shortest form";
	return false;
}

/*
 * Next bucket of a packed summary.  At the end, or at a fault, false.
 */
static bool
packed_next(SummaryReader *reader)
{
	int64		distance;
	int64		bucket;

	if (reader->position == reader->summary->nbuckets)
	{
		if (reader->next != reader->end)
			reader->fault = "it goes on after its last bucket";
		else if (reader->left != 0)
			reader->fault = "its buckets hold fewer amounts than it counts";
		return false;
	}
	if (!read_varint(reader, &distance) || !read_varint(reader, &reader->count))
		return false;

	/* the first bucket may be negative: its lowest bit is the sign */
	if (reader->position == 0)
		bucket = (distance >> 1) ^ -(distance & 1);
	else
		bucket = distance > SUMMARY_MAX_BUCKETS ? PG_INT64_MAX : reader->bucket + 1 + distance;
	if (bucket < -SUMMARY_MAX_BUCKET || bucket > SUMMARY_MAX_BUCKET)
	{
		reader->fault = "a bucket in it is beyond the greatest amount";
		return false;
	}
	if (reader->count == 0)
	{
		reader->fault = "a bucket in it is empty";
		return false;
	}
	if (reader->count > reader->left)
	{
		reader->fault = "its buckets hold more amounts than it counts";
		return false;
	}
	reader->left -= reader->count;
	reader->bucket = (int) bucket;
	reader->position++;
	return true;
}

/*
 * Next count of a window that is not zero.  At the end, or at a fault, false.
 */
static bool
dense_next(SummaryReader *reader)
{
	const DenseWindow *window = summary_window(reader->summary);

	while (reader->position < window->ncounts)
	{
		int64		i = reader->position++;

		if (window->counts[i] == 0)
			continue;
		reader->bucket = window->first + (int) i;
		reader->count = window->counts[i];
		if (reader->count < 0 || reader->count > reader->left)
		{
			reader->fault = "its buckets hold more amounts than it counts";
			return false;
		}
		reader->left -= reader->count;
		return true;
	}
	return false;
}

/*
 * Next amount of a list.  At the end, or at a fault, false.
 */
static bool
list_next(SummaryReader *reader)
{
	if (reader->position >= reader->summary->count)
		return false;
	reader->bucket = summary_list(reader->summary)[reader->position++];
	reader->count = 1;
	if (abs(reader->bucket) > SUMMARY_MAX_BUCKET)
		reader->fault = "a bucket in it is beyond the greatest amount";
	return reader->fault == NULL;
}

/*
 * Next bucket that holds something.  They ascend, except in a list, where
 * every amount comes by itself in no order.
 */
bool
summary_next(SummaryReader *reader)
{
	bool		found;

	switch (reader->summary->form)
	{
		case SUMMARY_DENSE:
			found = dense_next(reader);
			break;
		case SUMMARY_LIST:
			found = list_next(reader);
			break;
		default:
			found = packed_next(reader);
	}
	if (reader->fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("revenue_summary value is damaged: %s", reader->fault)));
	return found;
}


/* ----------
 * The packed form
 * ----------
 */

static unsigned char *
put_varint(unsigned char *out, uint64 value)
{
	while (value >= 0x80)
	{
		*out++ = (unsigned char) (value | 0x80);
		value >>= 7;
	}
	*out++ = (unsigned char) value;
	return out;
}

/*
 * Write a bucket in packed form, and tell how many bytes that took: at most
 * SUMMARY_PACKED_MAX.  The one before must be lower; for the first it is
 * PG_INT32_MIN.
 */
int
summary_put_bucket(unsigned char *out, int previous, int bucket, int64 count)
{
	unsigned char *end;

	if (previous == PG_INT32_MIN)
		end = put_varint(out, ((uint32) bucket << 1) ^ (uint32) (bucket >> 31));
	else
		end = put_varint(out, (uint64) (bucket - previous - 1));
	end = put_varint(end, (uint64) count);
	return (int) (end - out);
}

/*
 * A new summary of the given form and size, with the count and total of another.
 */
RevenueSummary *
summary_make(uint8 form, Size size, const RevenueSummary *like)
{
	RevenueSummary *result = palloc0(size);

	SET_VARSIZE(result, size);
	result->version = SUMMARY_VERSION;
	result->form = form;
	result->count = like->count;
	result->total_hi = like->total_hi;
	result->total_lo = like->total_lo;
	return result;
}

/*
 * A packed summary of no amounts.
 */
RevenueSummary *
summary_make_empty(void)
{
	static const RevenueSummary none;

	return summary_make(SUMMARY_PACKED, SUMMARY_HEADER_SIZE, &none);
}

#define ST_SORT sort_int16
#define ST_ELEMENT_TYPE int16
#define ST_COMPARE(a, b) (*(a) - *(b))
#define ST_SCOPE static
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * A list in packed form, written to a packed summary with the room for it.
 * Returns the end.
 */
static unsigned char *
pack_list(RevenueSummary *packed, const RevenueSummary *summary)
{
	Size		bytes = (Size) summary->count * sizeof(int16);
	int16	   *list = palloc(bytes + 1);
	unsigned char *out = packed->data;
	int			previous = PG_INT32_MIN;

	memcpy(list, summary_list(summary), bytes);
	sort_int16(list, (size_t) summary->count);
	for (int64 i = 0, run; i < summary->count; i += run)
	{
		for (run = 1; i + run < summary->count && list[i + run] == list[i];)
			run++;
		out += summary_put_bucket(out, previous, list[i], run);
		previous = list[i];
		packed->nbuckets++;
	}
	pfree(list);
	return out;
}

/*
 * The packed form of a summary: itself if it is packed, otherwise a new one.
 */
RevenueSummary *
summary_pack(RevenueSummary *summary)
{
	RevenueSummary *result;
	SummaryReader reader;
	unsigned char *out;
	int			previous = PG_INT32_MIN;
	int64		nbuckets = 0;

	if (summary->form == SUMMARY_PACKED)
		return summary;

	if (summary->form == SUMMARY_LIST)
		nbuckets = summary->count;	/* at most */
	else
	{
		summary_read(&reader, summary);
		while (summary_next(&reader))
			nbuckets++;
	}
	result = summary_make(SUMMARY_PACKED,
						  SUMMARY_HEADER_SIZE + nbuckets * SUMMARY_PACKED_MAX, summary);
	if (summary->form == SUMMARY_LIST)
		out = pack_list(result, summary);
	else
	{
		out = result->data;
		summary_read(&reader, summary);
		while (summary_next(&reader))
		{
			out += summary_put_bucket(out, previous, reader.bucket, reader.count);
			previous = reader.bucket;
			result->nbuckets++;
		}
	}
	SET_VARSIZE(result, out - (unsigned char *) result);
	return result;
}

/*
 * Can these bytes be read as a summary without leaving them?  That is all that
 * a value of the type needs to be asked, which was checked when it came in.
 */
bool
summary_is_readable(const RevenueSummary *summary)
{
	Size		size = VARSIZE(summary);
	const DenseWindow *window = summary_window(summary);

	if (size < SUMMARY_HEADER_SIZE || summary->version != SUMMARY_VERSION || summary->count < 0)
		return false;
	switch (summary->form)
	{
		case SUMMARY_PACKED:
			return true;		/* its reader checks every byte */
		case SUMMARY_LIST:
			return summary->count <= SUMMARY_LIST_CAPACITY(size);
		case SUMMARY_DENSE:
			return size >= SUMMARY_WINDOW_SIZE(0) &&
				window->ncounts >= 1 && window->ncounts <= SUMMARY_MAX_BUCKETS &&
				size == SUMMARY_WINDOW_SIZE(window->ncounts) &&
				window->first >= -SUMMARY_MAX_BUCKET &&
				window->first <= SUMMARY_MAX_BUCKET + 1 - window->ncounts;
		default:
			return false;
	}
}

/*
 * What is wrong with a packed summary that came from outside, or NULL.
 * Its form and version the caller has set.
 */
const char *
summary_fault(const RevenueSummary *packed)
{
	SummaryReader reader;
	int128		least_total = 0;
	int128		greatest_total = 0;
	int128		total = summary_total(packed);

	summary_read(&reader, packed);
	while (packed_next(&reader))
	{
		int64		least;
		int64		greatest;

		summary_bucket_range(reader.bucket, &least, &greatest);
		least_total += (int128) least * reader.count;
		greatest_total += (int128) greatest * reader.count;
	}
	if (reader.fault != NULL)
		return reader.fault;
	if (total < least_total || total > greatest_total)
		return "its total is not possible for amounts in its buckets";
	return NULL;
}


/* ----------
 * Quantiles
 * ----------
 */

/*
 * The amount of rank ceil(q * count), at least 1, of a packed summary that
 * is not empty; the rank is computed as percentile_disc computes it.
 *
 * Where all amounts share a bucket the answer is their mean: exact if they
 * are equal.  Otherwise it is the middle of the bucket.
 */
int64
summary_quantile(const RevenueSummary *packed, double q)
{
	double		rank = ceil(q * (double) packed->count);
	int64		left;
	SummaryReader reader;

	Assert(packed->form == SUMMARY_PACKED && packed->count > 0);
	if (packed->nbuckets == 1)
		return (int64) divide_rounded(summary_total(packed), packed->count);

	/* beyond 2^53 amounts the double can come out above the count */
	if (rank >= (double) packed->count)
		left = packed->count;
	else
		left = Max((int64) rank, 1);

	summary_read(&reader, packed);
	while (summary_next(&reader))
	{
		if (left <= reader.count)
			return summary_bucket_middle(reader.bucket);
		left -= reader.count;
	}
	elog(ERROR, "rank not found in revenue_summary");
	return 0;					/* keep compiler quiet */
}
