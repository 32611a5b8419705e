/*-------------------------------------------------------------------------
 *
 * summary_update_state.c
 *		Arithmetic of revenue summaries; see summary_update_state.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/int.h"

#include "summary/summary_update_state.h"

/*
 * A list lives in a chunk of a power of two: from 64 bytes, 16 rows, up to
 * 2048 bytes, 1008 rows.  Beyond that a window of counts takes over.
 */
#define LIST_SIZE_MIN	64
#define LIST_SIZE_MAX	2048

/* buckets to spare on either side of a new window */
#define WINDOW_MARGIN	64


/*
 * Copy into a list with room for a number of amounts.
 */
static RevenueSummary *
copy_to_list(const RevenueSummary *summary, int64 capacity)
{
	Size		size = LIST_SIZE_MIN;
	RevenueSummary *result;
	int16	   *slot;
	SummaryReader reader;

	while (SUMMARY_LIST_CAPACITY(size) < capacity)
		size *= 2;
	result = summary_make(SUMMARY_LIST, size, summary);
	slot = summary_list(result);
	summary_read(&reader, summary);
	while (summary_next(&reader))
	{
		for (int64 i = 0; i < reader.count; i++)
			*slot++ = (int16) reader.bucket;
	}
	Assert(slot - summary_list(result) == summary->count);
	return result;
}

/*
 * Copy into a window that reaches at least from bucket low to bucket high.
 * Where it has to grow, it grows by so much that growing is rare.
 */
static RevenueSummary *
copy_to_window(const RevenueSummary *summary, int low, int high)
{
	RevenueSummary *result;
	DenseWindow *window;
	SummaryReader reader;

	if (summary->form == SUMMARY_DENSE)
	{
		const DenseWindow *old = summary_window(summary);
		int			old_high = old->first + old->ncounts - 1;

		low = low < old->first ? low - old->ncounts / 2 : old->first;
		high = high > old_high ? high + old->ncounts / 2 : old_high;
	}
	else
	{
		int			margin;

		summary_read(&reader, summary);
		while (summary_next(&reader))
		{
			low = Min(low, reader.bucket);
			high = Max(high, reader.bucket);
		}
		margin = WINDOW_MARGIN + (high - low) / 8;
		low -= margin;
		high += margin;
	}
	low = Max(low, -SUMMARY_MAX_BUCKET);
	high = Min(high, SUMMARY_MAX_BUCKET);

	result = summary_make(SUMMARY_DENSE, SUMMARY_WINDOW_SIZE(high - low + 1), summary);
	window = summary_window(result);
	window->first = low;
	window->ncounts = high - low + 1;
	summary_read(&reader, summary);
	while (summary_next(&reader))
		window->counts[reader.bucket - low] += reader.count;
	return result;
}

/*
 * A working copy with room for this many more rows: a list as long as that is
 * small enough.  (A window grows by itself.)
 */
RevenueSummary *
summary_working(const RevenueSummary *summary, int64 rows)
{
	SummaryReader reader;

	if (summary->form != SUMMARY_DENSE &&
		rows <= SUMMARY_LIST_CAPACITY(LIST_SIZE_MAX) &&
		summary->count <= SUMMARY_LIST_CAPACITY(LIST_SIZE_MAX) - rows)
		return copy_to_list(summary, summary->count + rows);

	/* the window can start from any bucket of the summary */
	summary_read(&reader, summary);
	(void) summary_next(&reader);
	return copy_to_window(summary, reader.bucket, reader.bucket);
}

/*
 * Complain of more rows than a summary can count.
 */
static void
count_overflow(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("revenue_summary cannot hold more than " INT64_FORMAT " amounts",
					PG_INT64_MAX)));
}

/*
 * Complain of an attempt to take out what is not there.
 */
static void
not_a_part(int bucket, int64 held, int64 removed)
{
	int64		least;
	int64		greatest;
	char		least_text[DECIMAL_TEXT];
	char		greatest_text[DECIMAL_TEXT];

	summary_bucket_range(bucket, &least, &greatest);
	(void) decimal_write(least_text, least, MONEY_PLACES, true);
	(void) decimal_write(greatest_text, greatest, MONEY_PLACES, true);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("cannot subtract from a revenue_summary what is not a part of it"),
			 errdetail("Of the amounts from %s to %s it holds " INT64_FORMAT
					   ", and " INT64_FORMAT " were to be subtracted.",
					   least_text, greatest_text, held, removed)));
}

/*
 * Add one amount.
 */
RevenueSummary *
summary_add(RevenueSummary *summary, int64 amount)
{
	int			bucket = summary_bucket(amount);

	if (unlikely(summary->count == PG_INT64_MAX))
		count_overflow();

	if (likely(summary->form == SUMMARY_DENSE))
	{
		DenseWindow *window = summary_window(summary);
		uint32		slot = (uint32) (bucket - window->first);

		if (unlikely(slot >= (uint32) window->ncounts))
		{
			summary = copy_to_window(summary, bucket, bucket);
			window = summary_window(summary);
			slot = (uint32) (bucket - window->first);
		}
		window->counts[slot]++;
	}
	else
	{
		if (summary->form != SUMMARY_LIST || summary->count >= SUMMARY_LIST_CAPACITY(VARSIZE(summary)))
		{
			summary = summary_working(summary, 1);
			if (summary->form == SUMMARY_DENSE)
				return summary_add(summary, amount);
		}
		summary_list(summary)[summary->count] = (int16) bucket;
	}
	summary->count++;
	summary_set_total(summary, summary_total(summary) + amount);
	return summary;
}

/*
 * Remove one amount, which must have been added before.
 */
RevenueSummary *
summary_remove(RevenueSummary *summary, int64 amount)
{
	int			bucket = summary_bucket(amount);

	if (summary->form == SUMMARY_PACKED)
		summary = summary_working(summary, 0);

	if (summary->form == SUMMARY_DENSE)
	{
		DenseWindow *window = summary_window(summary);
		uint32		slot = (uint32) (bucket - window->first);

		if (slot >= (uint32) window->ncounts || window->counts[slot] == 0)
			not_a_part(bucket, 0, 1);
		window->counts[slot]--;
	}
	else
	{
		int16	   *list = summary_list(summary);
		int64		slot = 0;

		while (slot < summary->count && list[slot] != bucket)
			slot++;
		if (slot == summary->count)
			not_a_part(bucket, 0, 1);
		list[slot] = list[summary->count - 1];
		list[summary->count - 1] = 0;
	}
	summary->count--;
	summary_set_total(summary, summary_total(summary) - amount);
	return summary;
}

/*
 * A window's slot for a bucket; the window grows if it has to.
 */
static inline int64 *
dense_slot(RevenueSummary **summary, int bucket)
{
	DenseWindow *window = summary_window(*summary);

	if (bucket < window->first || bucket - window->first >= window->ncounts)
	{
		*summary = copy_to_window(*summary, bucket, bucket);
		window = summary_window(*summary);
	}
	return &window->counts[bucket - window->first];
}

/*
 * Add all amounts of another summary.
 */
RevenueSummary *
summary_merge(RevenueSummary *summary, const RevenueSummary *other)
{
	SummaryReader reader;
	int64		count;

	if (pg_add_s64_overflow(summary->count, other->count, &count))
		count_overflow();

	if (summary->form == SUMMARY_PACKED ||
		(summary->form == SUMMARY_LIST && count > SUMMARY_LIST_CAPACITY(VARSIZE(summary))))
		summary = summary_working(summary, other->count);

	summary_read(&reader, other);
	if (summary->form == SUMMARY_DENSE)
	{
		/* set first, because a window that grows is read again */
		summary->count = count;
		while (summary_next(&reader))
			*dense_slot(&summary, reader.bucket) += reader.count;
	}
	else
	{
		int16	   *slot = summary_list(summary) + summary->count;

		while (summary_next(&reader))
		{
			for (int64 i = 0; i < reader.count; i++)
				*slot++ = (int16) reader.bucket;
		}
		summary->count = count;
	}
	summary_set_total(summary, summary_total(summary) + summary_total(other));
	return summary;
}

/*
 * Take out all amounts of another summary, which must be a part of this one.
 * The counts are checked here, the total in summary_pack_rest().
 */
RevenueSummary *
summary_subtract(RevenueSummary *summary, const RevenueSummary *other)
{
	SummaryReader reader;

	if (summary->form != SUMMARY_DENSE)
	{
		summary_read(&reader, summary);
		(void) summary_next(&reader);
		summary = copy_to_window(summary, reader.bucket, reader.bucket);
	}

	summary_read(&reader, other);
	while (summary_next(&reader))
	{
		int64	   *held = dense_slot(&summary, reader.bucket);

		if (*held < reader.count)
			not_a_part(reader.bucket, *held, reader.count);
		*held -= reader.count;
	}
	summary->count -= other->count;
	summary_set_total(summary, summary_total(summary) - summary_total(other));
	return summary;
}

/*
 * The packed form of what is left after taking out.  Every bucket was large
 * enough, but the total may not be possible for the buckets that are left.
 */
RevenueSummary *
summary_pack_rest(RevenueSummary *summary)
{
	RevenueSummary *rest = summary_pack(summary);
	const char *fault = summary_fault(rest);

	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot subtract from a revenue_summary what is not a part of it"),
				 errdetail("What would be left is not a summary: %s.", fault)));
	return rest;
}
