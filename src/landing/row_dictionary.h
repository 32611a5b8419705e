/*-------------------------------------------------------------------------
 *
 * row_dictionary.h
 *		The different rows that one process of a bulk pass has met, numbered.
 *
 * Millions of landing rows have few different texts after the identifier.  So
 * a record holds a number instead of the row, and what a row means is worked
 * out once.  A dictionary whose memory is full takes no more rows: those
 * travel as they are.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_ROW_DICTIONARY_H
#define LEAKAGE_ROW_DICTIONARY_H

#include "landing/bulk_file.h"
#include "landing/landing_table.h"
#include "landing/packed_row.h"

/* the number of a row that is not in the dictionary */
#define ROW_INLINE		UINT32_MAX

typedef struct DictionaryRow
{
	const char *raw;			/* as the landing table has it */
	uint32		raw_length;
	uint32		packed_length;
	const char *packed;
	int64		rows;			/* accepted ones, for the scan to count */
	int64		respelled;		/* of them, those whose identifier cleaning changed */
} DictionaryRow;

/* what dictionary_find gives */
typedef struct FoundRow
{
	uint32		number;			/* ROW_INLINE: the dictionary has no room for the row */
	uint8		rank;			/* the first one */
	DictionaryRow *row;			/* NULL for ROW_INLINE; then the row is here: */
	const char *packed;			/* in the current memory context */
	uint32		packed_length;
} FoundRow;

typedef struct RowDictionary RowDictionary;

/* row_dictionary.c; "settings" are those of the kind, and must outlast the dictionary */
extern RowDictionary *dictionary_make(Size memory, const PackedRowKind *kind, const void *settings);

extern FoundRow dictionary_find(RowDictionary *dictionary, const StoredValue *values);

/* what a record needs besides the number: the row itself if that is ROW_INLINE */
extern void found_row_write(BulkWriter *records, int place, const FoundRow *found);

extern uint32 dictionary_size(const RowDictionary *dictionary);
extern DictionaryRow *dictionary_row(RowDictionary *dictionary, uint32 number);

/* all rows, in the order of their numbers: read by row_ranking.c */
extern void dictionary_write(const RowDictionary *dictionary, BulkWriter *writer);

#endif							/* LEAKAGE_ROW_DICTIONARY_H */
