/*-------------------------------------------------------------------------
 *
 * row_dictionary.c
 *		The different rows that one process of a bulk pass has met.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/memutils.h"

#include "landing/row_dictionary.h"

/*
 * The columns of a landing row, as they are in the tuple or copied together.
 * The first and the last eight bytes, which may overlap, tell most rows apart
 * without a look at the others: every landing row comes here.
 */
typedef struct RawRow
{
	uint64		first;
	uint64		last;
	const char *data;
	uint32		length;
	uint32		shape;			/* which columns are NULL, or SHAPE_COPIED */
} RawRow;

#define SHAPE_COPIED	((uint32) 1 << PACKED_MAX_COLUMNS)

typedef struct DictionaryEntry
{
	RawRow		key;
	uint32		hash;
	uint32		number;
	uint8		rank;			/* the first one */
	char		status;
} DictionaryEntry;

static inline RawRow
make_raw_row(const char *data, uint32 length, uint32 shape)
{
	RawRow		raw = {.data = data,.length = length,.shape = shape};

	if (length >= sizeof(uint64))
	{
		memcpy(&raw.first, data, sizeof(uint64));
		memcpy(&raw.last, data + length - sizeof(uint64), sizeof(uint64));
	}
	else
	{
		for (uint32 i = 0; i < length; i++)
			raw.first = raw.first << 8 | (uint8) data[i];
	}
	return raw;
}

static inline uint64
mix(uint64 hash, uint64 word)
{
	hash = (hash ^ word) * UINT64CONST(0x9E3779B97F4A7C15);
	return hash ^ hash >> 32;
}

static inline uint32
raw_hash(const RawRow *raw)
{
	uint64		hash = mix(raw->first, (uint64) raw->length << 32 | raw->shape);
	uint64		word;

	for (uint32 i = sizeof(word); i + sizeof(word) < raw->length; i += sizeof(word))
	{
		memcpy(&word, raw->data + i, sizeof(word));
		hash = mix(hash, word);
	}
	return (uint32) (mix(hash, raw->last) >> 32);
}

static inline bool
raw_equal(const RawRow *a, const RawRow *b)
{
	const uint32 ends = 2 * sizeof(uint64);

	return a->first == b->first && a->last == b->last && a->length == b->length && a->shape == b->shape &&
		(a->length <= ends || memcmp(a->data + sizeof(uint64), b->data + sizeof(uint64), a->length - ends) == 0);
}

#define SH_PREFIX dictionary
#define SH_ELEMENT_TYPE DictionaryEntry
#define SH_KEY_TYPE RawRow
#define SH_KEY key
#define SH_HASH_KEY(table, key) raw_hash(&(key))
#define SH_EQUAL(table, a, b) raw_equal(&(a), &(b))
#define SH_STORE_HASH
#define SH_GET_HASH(table, entry) ((entry)->hash)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

struct RowDictionary
{
	dictionary_hash *entries;
	DictionaryRow *rows;
	uint32		nrows;
	uint32		capacity;
	Size		used;			/* bytes, of "memory" */
	Size		memory;
	const PackedRowKind *kind;
	const void *settings;
	MemoryContext context;
	StringInfoData scratch;
};

RowDictionary *
dictionary_make(Size memory, const PackedRowKind *kind, const void *settings)
{
	RowDictionary *dictionary = palloc0(sizeof(RowDictionary));

	dictionary->context = CurrentMemoryContext;
	dictionary->entries = dictionary_create(CurrentMemoryContext, 1024, NULL);
	dictionary->capacity = 1024;
	dictionary->rows = palloc(sizeof(DictionaryRow) * dictionary->capacity);
	dictionary->memory = memory;
	dictionary->kind = kind;
	dictionary->settings = settings;
	initStringInfo(&dictionary->scratch);
	return dictionary;
}

/*
 * The bytes of the columns, to tell rows apart by.  Short values are side by
 * side in the tuple, and NULLs take no room there.  Rows of such values are
 * taken as they are, headers and all.  Others are copied together.
 */
static RawRow
raw_row(RowDictionary *dictionary, const StoredValue *values)
{
	int			ncolumns = dictionary->kind->ncolumns;
	const char *first = dictionary->scratch.data;
	const char *next = NULL;
	uint32		shape = 0;
	bool		adjoining = true;

	for (int i = 0; i < ncolumns && adjoining; i++)
	{
		const char *value = (const char *) values[i];

		if (value == NULL)
		{
			shape |= (uint32) 1 << i;
			continue;
		}
		adjoining = VARATT_IS_SHORT(value) && !VARATT_IS_EXTERNAL(value) &&
			(next == NULL || value == next);
		if (next == NULL)
			first = value;
		if (adjoining)
			next = value + VARSIZE_SHORT(value);
	}
	if (adjoining)
		return make_raw_row(first, next == NULL ? 0 : next - first, shape);

	resetStringInfo(&dictionary->scratch);
	for (int i = 0; i < ncolumns; i++)
	{
		LandingValue value = landing_value(values[i]);
		int32		length = value.data == NULL ? -1 : value.length;

		appendBinaryStringInfo(&dictionary->scratch, (char *) &length, sizeof(length));
		appendBinaryStringInfo(&dictionary->scratch, value.data == NULL ? "" : value.data, value.length);
	}
	return make_raw_row(dictionary->scratch.data, dictionary->scratch.len, SHAPE_COPIED);
}

static const char *
pack_values(RowDictionary *dictionary, const StoredValue *values, uint32 *length)
{
	const PackedRowKind *kind = dictionary->kind;
	LandingValue columns[PACKED_MAX_COLUMNS] = {0};
	Size		size;
	char	   *packed;

	for (int i = 0; i < kind->ncolumns; i++)
		columns[i] = landing_value(values[i]);
	size = packed_row_size(kind, columns);
	packed = palloc(size);		/* fails before the size is too large for uint32 */
	packed_row_write(packed, kind, columns, dictionary->settings);
	*length = size;
	return packed;
}

static DictionaryEntry *
add_row(RowDictionary *dictionary, RawRow raw, const FoundRow *found)
{
	MemoryContext old = MemoryContextSwitchTo(dictionary->context);
	char	   *copy = palloc((Size) raw.length + found->packed_length);
	DictionaryRow *row;
	DictionaryEntry *entry;
	bool		is_there;

	if (dictionary->nrows == dictionary->capacity)
	{
		dictionary->capacity *= 2;
		dictionary->rows = repalloc_huge(dictionary->rows,
										 sizeof(DictionaryRow) * dictionary->capacity);
	}
	memcpy(copy, raw.data, raw.length);
	memcpy(copy + raw.length, found->packed, found->packed_length);
	row = &dictionary->rows[dictionary->nrows];
	memset(row, 0, sizeof(*row));
	row->raw = copy;
	row->raw_length = raw.length;
	row->packed = copy + raw.length;
	row->packed_length = found->packed_length;

	raw.data = copy;
	entry = dictionary_insert(dictionary->entries, raw, &is_there);
	Assert(!is_there);
	entry->number = dictionary->nrows++;
	entry->rank = found->rank;
	dictionary->used += raw.length + found->packed_length + sizeof(DictionaryRow) + 2 * sizeof(DictionaryEntry);
	MemoryContextSwitchTo(old);
	return entry;
}

FoundRow
dictionary_find(RowDictionary *dictionary, const StoredValue *values)
{
	RawRow		raw = raw_row(dictionary, values);
	DictionaryEntry *entry = dictionary_lookup(dictionary->entries, raw);
	FoundRow	found = {.number = ROW_INLINE};

	if (entry == NULL)
	{
		found.packed = pack_values(dictionary, values, &found.packed_length);
		found.rank = found.packed[0];
		if (dictionary->used + raw.length + found.packed_length > dictionary->memory)
			return found;
		entry = add_row(dictionary, raw, &found);
	}
	found.number = entry->number;
	found.row = &dictionary->rows[entry->number];
	found.rank = entry->rank;
	return found;
}

void
found_row_write(BulkWriter *records, int place, const FoundRow *found)
{
	if (found->number != ROW_INLINE)
		return;
	bulk_write(records, place, &found->packed_length, sizeof(found->packed_length));
	bulk_write(records, place, found->packed, found->packed_length);
}

uint32
dictionary_size(const RowDictionary *dictionary)
{
	return dictionary->nrows;
}

DictionaryRow *
dictionary_row(RowDictionary *dictionary, uint32 number)
{
	return &dictionary->rows[number];
}

void
dictionary_write(const RowDictionary *dictionary, BulkWriter *writer)
{
	bulk_write(writer, 0, &dictionary->nrows, sizeof(dictionary->nrows));
	for (uint32 i = 0; i < dictionary->nrows; i++)
	{
		DictionaryRow *row = &dictionary->rows[i];

		bulk_write(writer, 0, &row->packed_length, sizeof(row->packed_length));
		bulk_write(writer, 0, row->packed, row->packed_length);
	}
}
