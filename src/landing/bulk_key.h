/*-------------------------------------------------------------------------
 *
 * bulk_key.h
 *		A subscriber's identifier as a bulk pass carries it.
 *
 * The 32 hexadecimal digits of the published files are packed into 16 bytes.
 * Any other text is kept as it is, and told apart by a tag.  It is found by a
 * hash, and confirmed by its bytes.  So two keys are equal if and only if
 * leakage_clean_id gives the same text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_BULK_KEY_H
#define LEAKAGE_BULK_KEY_H

#include "landing/bulk_file.h"
#include "landing/landing_value.h"

#define PACKED_KEY_DIGITS	32
#define PACKED_KEY_BYTES	16

typedef struct BulkKey
{
	uint64		high;			/* half of the packed digits, or a hash of the text */
	union
	{
		uint64		low;		/* the other half */
		const char *text;
	};
	uint32		length;			/* of the text; 0: packed */
} BulkKey;

/* most bytes that are written with a key, after it */
#define BULK_MAX_TAIL		64

/* bulk_key.c */

/*
 * The cleaned identifier of a landing row (docs/rules.md, section 1.1), or
 * the reason why it is refused.  *respelled, if asked for, says whether
 * cleaning changed it.  A text key points to "value" or to memory of the
 * current context.
 */
extern const char *bulk_key_read(BulkKey *key, LandingValue value, bool *respelled);
extern text *bulk_key_to_text(const BulkKey *key);

extern void bulk_key_write(BulkWriter *writer, int partition, const BulkKey *key,
						   const void *tail, Size tail_size);

/*
 * The next key of a file, or false at its end.  A text key points into the
 * reader: bulk_key_keep copies it to the current memory context.
 */
extern bool bulk_key_next(BulkReader *reader, BulkKey *key);
extern void bulk_key_keep(BulkKey *key);

/* partitions and hash tables use different bits of it */
static inline uint64
bulk_key_hash(const BulkKey *key)
{
	uint64		low = key->length == 0 ? key->low : 0;
	uint64		h = (key->high ^ (low * UINT64CONST(0x9E3779B97F4A7C15))) *
	UINT64CONST(0xBF58476D1CE4E5B9);

	h ^= h >> 32;
	return h * UINT64CONST(0x94D049BB133111EB);
}

static inline int
bulk_key_partition(const BulkKey *key, int npartitions)
{
	return (int) (bulk_key_hash(key) >> 40) & (npartitions - 1);
}

static inline bool
bulk_key_equal(const BulkKey *a, const BulkKey *b)
{
	if (a->high != b->high || a->length != b->length)
		return false;
	return a->length == 0 ? a->low == b->low : memcmp(a->text, b->text, a->length) == 0;
}

#endif							/* LEAKAGE_BULK_KEY_H */
