/*-------------------------------------------------------------------------
 *
 * row_dictionary.h
 *		The different rows that one process of a bulk pass has met, numbered.
 *
 * Millions of landing rows have few different texts behind the identifier, so
 * a record holds a number instead of the row, and what a row means is worked
 * out once.  A dictionary that would outgrow its memory takes no more rows:
 * those travel as they are.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_ROW_DICTIONARY_H
#define LEAKAGE_ROW_DICTIONARY_H

#include "landing/bulk_file.h"
#include "landing/packed_row.h"

/* the number of a row that is not in the dictionary */
#define ROW_INLINE		UINT32_MAX

typedef struct DictionaryRow
{
	const char *raw;			/* as the landing table has it */
	uint32		raw_length;
	uint32		packed_length;
	const char *packed;
	int64		rows;			/* accepted ones that the scan met */
	int64		respelled;		/* of them, with one that cleaning changed */
} DictionaryRow;

typedef struct RowDictionary RowDictionary;

/* the packed form of raw columns, in the current memory context */
typedef char *(*PackRow) (const PackedColumn *columns, void *argument, Size *length);

/* row_dictionary.c */
extern RowDictionary *dictionary_make(Size memory, PackRow pack, void *argument);
extern uint32 dictionary_find(RowDictionary *dictionary, const Datum *values, const bool *nulls,
							  char **packed, Size *packed_length);
extern uint32 dictionary_size(const RowDictionary *dictionary);
extern DictionaryRow *dictionary_row(RowDictionary *dictionary, uint32 number);
extern void dictionary_write(const RowDictionary *dictionary, BulkWriter *writer);
extern bool dictionary_read_row(BulkReader *reader, DictionaryRow *row);

#endif							/* LEAKAGE_ROW_DICTIONARY_H */
