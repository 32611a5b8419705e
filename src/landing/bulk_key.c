/*-------------------------------------------------------------------------
 *
 * bulk_key.c
 *		Identifiers of a bulk pass: from the text of the landing table, to a
 *		file and back, and to the cleaned text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/builtins.h"

#include "base/base.h"
#include "landing/bulk_key.h"
#include "landing/clean.h"

/* tags of a written key */
#define KEY_PACKED	0
#define KEY_TEXT	1

/*
 * Pack the digits: the first sixteen into the high halves of the bytes, the
 * others into the low ones.  Returns false if one is not a digit.  There are
 * no branches or tables, so that the compiler makes it a few vector
 * instructions: every landing row comes here.
 */
static bool
pack_digits(const char *data, BulkKey *key)
{
	uint8		digits[PACKED_KEY_DIGITS];
	uint8		packed[PACKED_KEY_BYTES];
	uint8		invalid = 0;

	for (int i = 0; i < PACKED_KEY_DIGITS; i++)
	{
		uint8		digit = (uint8) data[i] - '0';
		uint8		letter = (uint8) data[i] - 'a';

		invalid |= (digit > 9) & (letter > 5);
		digits[i] = digit <= 9 ? digit : letter + 10;
	}
	for (int i = 0; i < PACKED_KEY_BYTES; i++)
		packed[i] = digits[i] << 4 | digits[PACKED_KEY_BYTES + i];
	memcpy(&key->high, packed, sizeof(uint64));
	memcpy(&key->low, packed + sizeof(uint64), sizeof(uint64));
	return !invalid;
}

const char *
bulk_key_read(BulkKey *key, LandingValue value, bool *respelled)
{
	Trimmed		trimmed;
	const char *fault;
	bool		lower = true;

	if (respelled != NULL)
		*respelled = false;
	key->length = 0;
	if (value.length == PACKED_KEY_DIGITS && pack_digits(value.data, key))
		return NULL;

	trimmed = landing_trim(value);
	fault = clean_id_fault(trimmed);
	if (fault != NULL)
		return fault;
	for (int i = 0; i < trimmed.len && lower; i++)
		lower = (ascii_lower(trimmed.data[i]) == trimmed.data[i]);
	if (respelled != NULL)
		*respelled = !lower || trimmed.len != value.length;
	if (!lower)
	{
		char	   *lowered = palloc(trimmed.len);

		for (int i = 0; i < trimmed.len; i++)
			lowered[i] = ascii_lower(trimmed.data[i]);
		trimmed.data = lowered;
	}

	if (trimmed.len == PACKED_KEY_DIGITS && pack_digits(trimmed.data, key))
		return NULL;
	key->text = trimmed.data;
	key->length = trimmed.len;
	key->high = hash_bytes_extended((const unsigned char *) key->text, key->length, 0);
	return NULL;
}

/*
 * The cleaned identifier as text.
 */
text *
bulk_key_to_text(const BulkKey *key)
{
	static const char hex_digits[] = "0123456789abcdef";
	uint8		packed[PACKED_KEY_BYTES];
	text	   *result;

	if (key->length > 0)
		return cstring_to_text_with_len(key->text, key->length);

	memcpy(packed, &key->high, sizeof(uint64));
	memcpy(packed + sizeof(uint64), &key->low, sizeof(uint64));
	result = palloc(VARHDRSZ + PACKED_KEY_DIGITS);
	SET_VARSIZE(result, VARHDRSZ + PACKED_KEY_DIGITS);
	for (int i = 0; i < PACKED_KEY_BYTES; i++)
	{
		VARDATA(result)[i] = hex_digits[packed[i] >> 4];
		VARDATA(result)[PACKED_KEY_BYTES + i] = hex_digits[packed[i] & 0x0F];
	}
	return result;
}

/*
 * Write a key: a tag, then the packed bytes or length and text; then the tail.
 */
void
bulk_key_write(BulkWriter *writer, int partition, const BulkKey *key, const void *tail, Size tail_size)
{
	char		record[1 + PACKED_KEY_BYTES + BULK_MAX_TAIL];

	Assert(tail_size <= BULK_MAX_TAIL);
	if (key->length == 0)
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

bool
bulk_key_next(BulkReader *reader, BulkKey *key)
{
	const char *bytes = bulk_read(reader, 1);

	if (bytes == NULL)
		return false;
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
	return true;
}

void
bulk_key_keep(BulkKey *key)
{
	char	   *copy;

	if (key->length == 0)
		return;
	copy = palloc(key->length);
	memcpy(copy, key->text, key->length);
	key->text = copy;
}
