/*-------------------------------------------------------------------------
 *
 * summary_state.h
 *		The state behind the SQL type revenue_summary: how many amounts, their
 *		exact total, and a histogram of them in buckets of 1/128 relative width.
 *
 * Amounts are int64 micro-units (money.h).  The bucket of an amount is a
 * signed integer: the sign of the amount, and for its magnitude the exponent
 * and the seven bits after the leading one.  Magnitudes below 256 have a
 * bucket each, zero is bucket 0, and buckets ascend as amounts do.  A bucket
 * starts at 128 times its width or above, so its middle is within 1/256 of
 * every amount in it.  Nothing is rounded, and buckets never merge.  So what a
 * summary holds depends only on the set of its amounts, never on their order.
 *
 * A value has one of three forms, and everything here reads all of them:
 *
 *	PACKED	buckets that hold something, ascending, each as two varints: the
 *			distance from the bucket before, and the count.  Canonical: equal
 *			contents are equal bytes.  The form that is stored and sent.
 *	LIST	the bucket of every amount, in no order.  The working form of a
 *			small group: two bytes per row.
 *	DENSE	one int64 count for each bucket of a window.  The working form of
 *			a large group: adding a row is one increment.
 *
 * Invariants
 *	- count is the sum of the counts of all buckets.
 *	- total lies between the sums of the least and of the greatest amounts
 *	  that the buckets allow.  So it is 0 where count is 0, and it fits: there
 *	  are fewer than 2^63 amounts, each below 2^60.
 *	- buckets lie within -SUMMARY_MAX_BUCKET .. SUMMARY_MAX_BUCKET.
 *	- unused slots and padding are zero.
 *	- a value of the SQL type holds only what its input function would accept:
 *	  the packed form of any value that SQL can see passes summary_fault().
 *	  SQL sees values in a working form where somebody makes an aggregate of
 *	  our transition functions without a final function.  The state of a moving
 *	  frame could break the rule, so it is of type internal.
 *
 * What comes from a Datum has gone through summary_from_datum() (summary_io.h)
 * and nothing else.  A reader never leaves the bytes of its summary, and never
 * finds more amounts than the summary counts, whatever the bytes are.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_SUMMARY_STATE_H
#define LEAKAGE_SUMMARY_STATE_H

#include "port/pg_bitutils.h"

#include "base/base.h"

#define SUMMARY_VERSION			1

#define SUMMARY_PACKED			0
#define SUMMARY_LIST			1
#define SUMMARY_DENSE			2

#define SUMMARY_MANTISSA_BITS	7
#define SUMMARY_MANTISSAS		(1 << SUMMARY_MANTISSA_BITS)

/* the bucket of MONEY_LIMIT - 1, the greatest amount */
#define SUMMARY_MAX_BUCKET		6878
#define SUMMARY_MAX_BUCKETS		(2 * SUMMARY_MAX_BUCKET + 1)

typedef struct RevenueSummary
{
	int32		vl_len_;
	uint8		version;
	uint8		form;
	uint16		nbuckets;		/* PACKED: buckets in data; else zero */
	int64		count;
	int64		total_hi;		/* the total is total_hi * 2^64 + total_lo */
	uint64		total_lo;
	unsigned char data[FLEXIBLE_ARRAY_MEMBER];
} RevenueSummary;

#define SUMMARY_HEADER_SIZE		offsetof(RevenueSummary, data)

/* data of a LIST, and of a DENSE summary */
typedef struct DenseWindow
{
	int32		first;			/* bucket of counts[0] */
	int32		ncounts;
	int64		counts[FLEXIBLE_ARRAY_MEMBER];
} DenseWindow;

#define SUMMARY_LIST_CAPACITY(size) \
	((int64) (((size) - SUMMARY_HEADER_SIZE) / sizeof(int16)))
#define SUMMARY_WINDOW_SIZE(ncounts) \
	(SUMMARY_HEADER_SIZE + offsetof(DenseWindow, counts) + (Size) (ncounts) * sizeof(int64))

#define summary_list(summary)	((int16 *) (summary)->data)
#define summary_window(summary)	((DenseWindow *) (summary)->data)

/* bytes of one bucket in PACKED form, at most: varints of 15 and of 63 bits */
#define SUMMARY_PACKED_MAX		(3 + 9)

/* a total is below this in absolute value */
#define SUMMARY_MAX_TOTAL		((int128) PG_INT64_MAX * MONEY_LIMIT)

/* steps through the buckets of a summary of any form */
typedef struct SummaryReader
{
	const RevenueSummary *summary;
	const unsigned char *next;	/* PACKED */
	const unsigned char *end;
	int64		position;		/* LIST, DENSE: next slot; PACKED: buckets read */
	int64		left;			/* amounts that the buckets to come must hold */
	int			bucket;			/* what summary_next found */
	int64		count;
	const char *fault;			/* what is wrong with the bytes, or NULL */
} SummaryReader;

/* bucket that an amount falls into */
static inline int
summary_bucket(int64 amount)
{
	uint64		magnitude = amount < 0 ? -(uint64) amount : (uint64) amount;
	int			shift = pg_leftmost_one_pos64(magnitude | SUMMARY_MANTISSAS) - SUMMARY_MANTISSA_BITS;
	int			bucket = shift * SUMMARY_MANTISSAS + (int) (magnitude >> shift);

	return amount < 0 ? -bucket : bucket;
}

static inline int128
summary_total(const RevenueSummary *summary)
{
	return (int128) (((uint128) (uint64) summary->total_hi << 64) | summary->total_lo);
}

static inline void
summary_set_total(RevenueSummary *summary, int128 total)
{
	summary->total_hi = (int64) (total >> 64);
	summary->total_lo = (uint64) total;
}

/* summary_state.c: what a summary is */
extern void summary_bucket_range(int bucket, int64 *least, int64 *greatest);

extern void summary_read(SummaryReader *reader, const RevenueSummary *summary);
extern bool summary_next(SummaryReader *reader);

extern RevenueSummary *summary_make(uint8 form, Size size, const RevenueSummary *like);
extern RevenueSummary *summary_make_empty(void);
extern int	summary_put_bucket(unsigned char *out, int previous, int bucket, int64 count);
extern RevenueSummary *summary_pack(RevenueSummary *summary);
extern bool summary_is_readable(const RevenueSummary *summary);
extern const char *summary_fault(const RevenueSummary *packed);

extern int64 summary_quantile(const RevenueSummary *packed, double q);

#endif							/* LEAKAGE_SUMMARY_STATE_H */
