/*-------------------------------------------------------------------------
 *
 * bulk_file.c
 *		Temporary files of a bulk pass.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>

#include "utils/memutils.h"

#include "bulk_file.h"
#include "compat.h"

static void
file_name(char *name, const char *role, int process, int partition)
{
	snprintf(name, MAXPGPATH, "%s.%d.%d", role, process, partition);
}

BufFile *
bulk_file_create(SharedFileSet *files, const char *role, int process, int partition)
{
	char		name[MAXPGPATH];

	file_name(name, role, process, partition);
	return BufFileCreateFileSet(shared_file_set(files), name);
}

int64
bulk_file_size(SharedFileSet *files, const char *role, int process, int partition)
{
	char		name[MAXPGPATH];
	BufFile    *file;
	int64		size;

	file_name(name, role, process, partition);
	file = BufFileOpenFileSet(shared_file_set(files), name, O_RDONLY, false);
	size = BufFileSize(file);
	BufFileClose(file);
	return size;
}

void
bulk_reader_open(BulkReader *reader, SharedFileSet *files, const char *role,
				 int process, int partition)
{
	char		name[MAXPGPATH];

	file_name(name, role, process, partition);
	reader->file = BufFileOpenFileSet(shared_file_set(files), name, O_RDONLY, false);
	reader->size = BULK_READ_SIZE;
	reader->buffer = palloc(reader->size);
	reader->filled = 0;
	reader->position = 0;
}

/*
 * The next "length" bytes, valid until the next call; NULL at the end of the
 * file.
 */
const char *
bulk_read(BulkReader *reader, Size length)
{
	const char *bytes;

	if (reader->filled - reader->position < length)
	{
		Size		rest = reader->filled - reader->position;

		if (length > BULK_MAX_RECORD)
			elog(ERROR, "record of %zu bytes in a temporary file", length);
		if (length > reader->size)
		{
			reader->size = length + BULK_READ_SIZE;
			reader->buffer = repalloc(reader->buffer, reader->size);
		}
		memmove(reader->buffer, reader->buffer + reader->position, rest);
		reader->filled = rest +
			BufFileReadMaybeEOF(reader->file, reader->buffer + rest, reader->size - rest, true);
		reader->position = 0;
		if (reader->filled == 0)
			return NULL;
		if (reader->filled < length)
			elog(ERROR, "temporary file ends within a record");
	}
	bytes = reader->buffer + reader->position;
	reader->position += length;
	return bytes;
}

const char *
bulk_read_rest(BulkReader *reader, Size length)
{
	const char *bytes = bulk_read(reader, length);

	if (bytes == NULL && length > 0)
		elog(ERROR, "temporary file ends within a record");
	return bytes;
}

void
bulk_reader_close(BulkReader *reader)
{
	BufFileClose(reader->file);
	pfree(reader->buffer);
}
