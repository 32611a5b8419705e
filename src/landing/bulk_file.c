/*-------------------------------------------------------------------------
 *
 * bulk_file.c
 *		Temporary files of a bulk pass.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "landing/bulk_file.h"
#include "base/base.h"

static void
file_name(char *name, const char *role, int process)
{
	snprintf(name, MAXPGPATH, "%s.%d", role, process);
}

/* ---- writing ---- */

BulkWriter *
bulk_writer_open(SharedFileSet *files, const char *role, int process, int npartitions)
{
	BulkWriter *writer = palloc0(sizeof(BulkWriter));
	char		name[MAXPGPATH];

	file_name(name, role, process);
	writer->file = BufFileCreateFileSet(shared_file_set(files), name);
	writer->buffer_size = (Size) work_mem * 1024 / 2 / npartitions;
	writer->buffer_size = Max(BULK_MIN_BUFFER, Min(BULK_MAX_BUFFER, writer->buffer_size));
	writer->npartitions = npartitions;
	writer->buffers = palloc0(sizeof(BulkBuffer) * npartitions);
	for (int i = 0; i < npartitions; i++)
		writer->buffers[i].data = palloc(writer->buffer_size);
	return writer;
}

static void
append(BulkWriter *writer, const void *data, Size length)
{
	BufFileWrite(writer->file, unconstify(void *, data), length);
	writer->end += length;
}

static void
write_piece(BulkWriter *writer, BulkChain *chain, const void *data, Size length)
{
	append(writer, &chain->last, sizeof(BulkPiece));
	chain->last.offset = writer->end;
	chain->last.length = length;
	chain->size += length;
	append(writer, data, length);
}

void
bulk_write(BulkWriter *writer, int partition, const void *data, Size length)
{
	BulkBuffer *buffer = &writer->buffers[partition];

	if (length > writer->buffer_size - buffer->filled)
	{
		if (buffer->filled > 0)
			write_piece(writer, &buffer->written, buffer->data, buffer->filled);
		buffer->filled = 0;
		if (length > writer->buffer_size)
		{
			write_piece(writer, &buffer->written, data, length);
			return;
		}
	}
	memcpy(buffer->data + buffer->filled, data, length);
	buffer->filled += length;
}

void
bulk_writer_close(BulkWriter *writer)
{
	for (int i = 0; i < writer->npartitions; i++)
	{
		BulkBuffer *buffer = &writer->buffers[i];

		if (buffer->filled > 0)
			write_piece(writer, &buffer->written, buffer->data, buffer->filled);
		pfree(buffer->data);
	}
	for (int i = 0; i < writer->npartitions; i++)
		append(writer, &writer->buffers[i].written, sizeof(BulkChain));
	BufFileExportFileSet(writer->file);
	BufFileClose(writer->file);
	pfree(writer->buffers);
	pfree(writer);
}

/* ---- reading ---- */

static void
read_at(BufFile *file, int64 offset, void *data, Size length)
{
	if (BufFileSeek(file, 0, offset, SEEK_SET) != 0 ||
		BufFileReadMaybeEOF(file, data, length, false) != length)
		elog(ERROR, "temporary file has no %zu bytes at " INT64_FORMAT, length, offset);
}

void
bulk_reader_open(BulkReader *reader, SharedFileSet *files, const char *role,
				 int process, int npartitions, int partition)
{
	int			capacity = 64;
	char		name[MAXPGPATH];
	BulkChain	chain;
	BulkPiece	piece;

	file_name(name, role, process);
	reader->file = BufFileOpenFileSet(shared_file_set(files), name, O_RDONLY, false);
	read_at(reader->file, BufFileSize(reader->file) - sizeof(BulkChain) * (npartitions - partition),
			&chain, sizeof(BulkChain));
	reader->bytes = chain.size;
	reader->pieces = palloc(sizeof(BulkPiece) * capacity);
	reader->npieces = 0;
	for (piece = chain.last; piece.length > 0;
		 read_at(reader->file, piece.offset - sizeof(BulkPiece), &piece, sizeof(BulkPiece)))
	{
		if (reader->npieces == capacity)
		{
			capacity *= 2;
			reader->pieces = repalloc_huge(reader->pieces, sizeof(BulkPiece) * capacity);
		}
		reader->pieces[reader->npieces++] = piece;
	}

	reader->size = BULK_READ_SIZE;
	reader->buffer = palloc(reader->size);
	reader->filled = 0;
	reader->position = 0;
}

/*
 * Have the next "length" bytes in the buffer, or all that are left.
 */
static void
fill_buffer(BulkReader *reader, Size length)
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
	reader->filled = rest;
	reader->position = 0;
	while (reader->filled < length && reader->npieces > 0)
	{
		BulkPiece  *piece = &reader->pieces[reader->npieces - 1];
		Size		part = Min((Size) piece->length, reader->size - reader->filled);

		read_at(reader->file, piece->offset, reader->buffer + reader->filled, part);
		reader->filled += part;
		piece->offset += part;
		piece->length -= part;
		if (piece->length == 0)
			reader->npieces--;
	}
}

/*
 * The next "length" bytes, valid until the next call; NULL at the end of the
 * partition.
 */
const char *
bulk_read(BulkReader *reader, Size length)
{
	const char *bytes;

	if (reader->filled - reader->position < length)
	{
		fill_buffer(reader, length);
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
	pfree(reader->pieces);
}
