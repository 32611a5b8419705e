/*-------------------------------------------------------------------------
 *
 * bulk_key.c
 *		Identifiers of a bulk pass: from the landing table's text, to a file
 *		and back, and to the cleaned text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/builtins.h"

#include "bulk_key.h"
#include "compat.h"
#include "trimmed.h"

/* tags of a written key */
#define KEY_PACKED	0
#define KEY_TEXT	1

static const char hex_digits[] = "0123456789abcdef";

/* value of a lower-case hexadecimal digit plus 1, 0 for any other byte */
static const uint8 hex_value[256] = {
	['0'] = 1,['1'] = 2,['2'] = 3,['3'] = 4,['4'] = 5,['5'] = 6,['6'] = 7,['7'] = 8,
	['8'] = 9,['9'] = 10,['a'] = 11,['b'] = 12,['c'] = 13,['d'] = 14,['e'] = 15,['f'] = 16
};

/* half of the digits; false if one is none */
static bool
pack_digits(const char *data, uint64 *packed)
{
	uint64		value = 0;
	bool		valid = true;

	for (int i = 0; i < PACKED_KEY_DIGITS / 2; i++)
	{
		uint8		digit = hex_value[(uint8) data[i]];

		valid &= (digit != 0);
		value = (value << 4) | (uint8) (digit - 1);
	}
	*packed = value;
	return valid;
}

/*
 * The cleaned identifier of a landing row (docs/rules.md, section 1.1).
 * Returns false where nothing is left of it.  *respelled says that cleaning
 * changed it.  A text key points to memory of the current context, or to
 * "data" itself.
 */
bool
bulk_key_read_text(BulkKey *key, const char *data, int length, bool *respelled)
{
	Trimmed		trimmed;
	bool		lower = true;

	*respelled = false;
	key->text = NULL;
	key->length = 0;
	if (length == PACKED_KEY_DIGITS &&
		pack_digits(data, &key->high) &&
		pack_digits(data + PACKED_KEY_DIGITS / 2, &key->low))
		return true;

	trimmed = trim(data, length);
	if (trimmed.len == 0)
		return false;
	for (int i = 0; i < trimmed.len && lower; i++)
		lower = (ascii_lower(trimmed.data[i]) == trimmed.data[i]);
	*respelled = !lower || trimmed.len != length;
	if (!lower)
	{
		char	   *lowered = palloc(trimmed.len);

		for (int i = 0; i < trimmed.len; i++)
			lowered[i] = ascii_lower(trimmed.data[i]);
		trimmed.data = lowered;
	}

	if (trimmed.len == PACKED_KEY_DIGITS &&
		pack_digits(trimmed.data, &key->high) &&
		pack_digits(trimmed.data + PACKED_KEY_DIGITS / 2, &key->low))
		return true;
	key->text = trimmed.data;
	key->length = trimmed.len;
	key->high = hash_bytes_extended((const unsigned char *) key->text, key->length, 0);
	key->low = 0;
	return true;
}

/*
 * The cleaned identifier as text.
 */
text *
bulk_key_to_text(const BulkKey *key)
{
	text	   *result;
	char	   *out;

	if (key->text != NULL)
		return cstring_to_text_with_len(key->text, key->length);

	result = palloc(VARHDRSZ + PACKED_KEY_DIGITS);
	SET_VARSIZE(result, VARHDRSZ + PACKED_KEY_DIGITS);
	out = VARDATA(result);
	for (int shift = 60; shift >= 0; shift -= 4)
		*out++ = hex_digits[(key->high >> shift) & 0x0F];
	for (int shift = 60; shift >= 0; shift -= 4)
		*out++ = hex_digits[(key->low >> shift) & 0x0F];
	return result;
}

/*
 * A key and what its record has behind it: a tag, the packed bytes or length
 * and text, then the tail.
 */
void
bulk_key_write(BulkWriter *writer, int partition, const BulkKey *key, const void *tail, Size tail_size)
{
	char		record[1 + PACKED_KEY_BYTES + BULK_MAX_TAIL];

	Assert(tail_size <= BULK_MAX_TAIL);
	if (key->text == NULL)
	{
		record[0] = KEY_PACKED;
		memcpy(record + 1, &key->high, sizeof(uint64));
		memcpy(record + 1 + sizeof(uint64), &key->low, sizeof(uint64));
		if (tail_size > 0)
			memcpy(record + 1 + PACKED_KEY_BYTES, tail, tail_size);
		bulk_write(writer, partition, record, 1 + PACKED_KEY_BYTES + tail_size);
		return;
	}
	record[0] = KEY_TEXT;
	memcpy(record + 1, &key->length, sizeof(uint32));
	bulk_write(writer, partition, record, 1 + sizeof(uint32));
	bulk_write(writer, partition, key->text, key->length);
	if (tail_size > 0)
		bulk_write(writer, partition, tail, tail_size);
}

/*
 * The next key of a file, false at its end.  A text key points into the
 * reader, so it must be copied before the next read.
 */
bool
bulk_key_next(BulkReader *reader, BulkKey *key)
{
	const char *bytes = bulk_read(reader, 1);

	if (bytes == NULL)
		return false;
	key->text = NULL;
	key->length = 0;
	if (*bytes == KEY_PACKED)
	{
		bytes = bulk_read_rest(reader, PACKED_KEY_BYTES);
		memcpy(&key->high, bytes, sizeof(uint64));
		memcpy(&key->low, bytes + sizeof(uint64), sizeof(uint64));
		return true;
	}
	memcpy(&key->length, bulk_read_rest(reader, sizeof(uint32)), sizeof(uint32));
	key->text = bulk_read_rest(reader, key->length);
	key->high = hash_bytes_extended((const unsigned char *) key->text, key->length, 0);
	key->low = 0;
	return true;
}
