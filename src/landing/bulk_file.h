/*-------------------------------------------------------------------------
 *
 * bulk_file.h
 *		Temporary files of a bulk pass: records of any length, appended by one
 *		process to one of the file's partitions, and read by any, a partition
 *		at a time.
 *
 * One file holds all partitions, since on some file systems it costs a
 * millisecond to make a file.  A partition is a chain of pieces: what a write
 * buffer held when it was full.  Each piece is preceded by where the one
 * before it is, and the file ends with where each partition's last one is: so
 * a writer remembers one piece a partition, however long the file.
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

/* a write buffer: large, so that pieces are few, as far as work_mem allows one a partition */
#define BULK_MAX_BUFFER	65536
#define BULK_MIN_BUFFER	8192

/* how far a file is read at a time; longer records get a buffer of their own size */
#define BULK_READ_SIZE	65536

/* a record longer than this is a damaged file: no landing row gives one */
#define BULK_MAX_RECORD	((Size) MaxAllocSize - BULK_READ_SIZE)

/* where a piece is in a file; length 0: none */
typedef struct BulkPiece
{
	int64		offset;
	int64		length;
} BulkPiece;

/* a partition */
typedef struct BulkChain
{
	BulkPiece	last;
	int64		size;			/* of all pieces */
} BulkChain;

typedef struct BulkBuffer
{
	char	   *data;
	Size		filled;
	BulkChain	written;
} BulkBuffer;

typedef struct BulkWriter
{
	BufFile    *file;
	int64		end;			/* of what is written */
	Size		buffer_size;
	int			npartitions;
	BulkBuffer *buffers;		/* by partition */
} BulkWriter;

typedef struct BulkReader
{
	BufFile    *file;
	int64		bytes;			/* of the partition */
	BulkPiece  *pieces;			/* to be read, the next one last */
	int			npieces;
	char	   *buffer;
	Size		size;			/* of the buffer */
	Size		filled;
	Size		position;
} BulkReader;

/* bulk_file.c; the name of a file is its role and a process's number */
extern BulkWriter *bulk_writer_open(SharedFileSet *files, const char *role, int process, int npartitions);
extern void bulk_write(BulkWriter *writer, int partition, const void *data, Size length);

/* nothing more is written; others may read */
extern void bulk_writer_close(BulkWriter *writer);

extern void bulk_reader_open(BulkReader *reader, SharedFileSet *files, const char *role,
							 int process, int npartitions, int partition);
extern const char *bulk_read(BulkReader *reader, Size length);
extern void bulk_reader_close(BulkReader *reader);

/* the next "length" bytes, which must be there */
extern const char *bulk_read_rest(BulkReader *reader, Size length);

#endif							/* LEAKAGE_BULK_FILE_H */
