/*-------------------------------------------------------------------------
 *
 * bulk_file.h
 *		Temporary files of a bulk pass: records of any length, appended by one
 *		process and read from the start by any.
 *
 * They are PostgreSQL's own shared temporary files, so temp_tablespaces and
 * temp_file_limit hold, and they go with the pass, however it ends.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_BULK_FILE_H
#define LEAKAGE_BULK_FILE_H

#include "storage/buffile.h"
#include "storage/sharedfileset.h"

/* how far a file is read at a time; longer records get a buffer of their own size */
#define BULK_READ_SIZE	65536

/* a record longer than this is a damaged file: no landing row gives one */
#define BULK_MAX_RECORD	((Size) MaxAllocSize - BULK_READ_SIZE)

typedef struct BulkReader
{
	BufFile    *file;
	char	   *buffer;
	Size		size;			/* of the buffer */
	Size		filled;
	Size		position;
} BulkReader;

/* bulk_file.c; the name of a file is its role, a process's number, and a partition's */
extern BufFile *bulk_file_create(SharedFileSet *files, const char *role, int process, int partition);
extern int64 bulk_file_size(SharedFileSet *files, const char *role, int process, int partition);

extern void bulk_reader_open(BulkReader *reader, SharedFileSet *files, const char *role,
							 int process, int partition);
extern const char *bulk_read(BulkReader *reader, Size length);
extern void bulk_reader_close(BulkReader *reader);

/* the next "length" bytes, which must be there */
extern const char *bulk_read_rest(BulkReader *reader, Size length);

#endif							/* LEAKAGE_BULK_FILE_H */
