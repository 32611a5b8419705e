/*-------------------------------------------------------------------------
 *
 * output.c
 *		Writes CSV files like the published ones: a header, LF, empty fields
 *		for null, quotes only if a field needs them.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "generate.h"

#define BUFFER_SIZE ((size_t) 1 << 20)

/*
 * Stop with a message.
 */
void
fail(const char *format,...)
{
	va_list		args;

	fputs("generate: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

/*
 * Allocate zeroed memory; does not return on failure.
 */
void *
allocate(size_t size)
{
	void	   *memory = calloc(1, size);

	if (memory == NULL)
		fail("out of memory");
	return memory;
}

/*
 * Create a file in the output directory and write its header.
 */
void
output_open(Output *out, const Options *opt, const char *name,
			const char *header)
{
	size_t		size = strlen(opt->out) + strlen(name) + 2;

	out->path = allocate(size);
	snprintf(out->path, size, "%s/%s", opt->out, name);
	out->file = fopen(out->path, "wb");
	if (out->file == NULL)
		fail("cannot create \"%s\": %s", out->path, strerror(errno));
	setvbuf(out->file, NULL, _IONBF, 0);
	out->buffer = allocate(BUFFER_SIZE);
	out->used = 0;
	out->rows = 0;
	output_text(out, header);
	output_char(out, '\n');
}

/*
 * Write the buffer to the file.
 */
static void
output_flush(Output *out)
{
	if (fwrite(out->buffer, 1, out->used, out->file) != out->used)
		fail("cannot write \"%s\": %s", out->path, strerror(errno));
	out->used = 0;
}

/*
 * Finish a file.
 */
void
output_close(Output *out)
{
	output_flush(out);
	if (fclose(out->file) != 0)
		fail("cannot close \"%s\": %s", out->path, strerror(errno));
	free(out->path);
	free(out->buffer);
}

/*
 * Append bytes unchanged.
 */
void
output_bytes(Output *out, const char *bytes, size_t length)
{
	if (out->used + length > BUFFER_SIZE)
		output_flush(out);
	memcpy(out->buffer + out->used, bytes, length);
	out->used += length;
}

/*
 * Append text unchanged.
 */
void
output_text(Output *out, const char *text)
{
	output_bytes(out, text, strlen(text));
}

/*
 * Append one character unchanged.
 */
void
output_char(Output *out, char c)
{
	if (out->used == BUFFER_SIZE)
		output_flush(out);
	out->buffer[out->used++] = c;
}

/*
 * Append a field, quoted if CSV requires it.
 */
void
output_field(Output *out, const char *text)
{
	if (strpbrk(text, ",\"\r\n") == NULL)
	{
		output_text(out, text);
		return;
	}
	output_char(out, '"');
	for (; *text != '\0'; text++)
	{
		if (*text == '"')
			output_char(out, '"');
		output_char(out, *text);
	}
	output_char(out, '"');
}

/*
 * Append a whole number.
 */
void
output_int(Output *out, int64_t value)
{
	char		digits[24];
	int			n = sizeof(digits);
	uint64_t	rest = value < 0 ? -(uint64_t) value : (uint64_t) value;

	do
	{
		digits[--n] = (char) ('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (value < 0)
		digits[--n] = '-';
	output_bytes(out, digits + n, sizeof(digits) - (size_t) n);
}

/*
 * End a row.
 */
void
output_end(Output *out)
{
	output_char(out, '\n');
	out->rows++;
}

/*
 * The text of an amount of at least 0, printed like a float64: no trailing
 * zeros, but at least one decimal place.  text has room for MONEY_LENGTH bytes.
 */
void
money_text(int64_t money, char *text)
{
	char		digits[32];
	int			n = 0;
	int			keep = 15;
	int64_t		whole = money / MONEY_ONE;
	int64_t		part = money % MONEY_ONE;

	while (keep > 1 && part % 10 == 0)
	{
		part /= 10;
		keep--;
	}
	for (int i = 0; i < keep; i++)
	{
		digits[n++] = (char) ('0' + part % 10);
		part /= 10;
	}
	digits[n++] = '.';
	do
	{
		digits[n++] = (char) ('0' + whole % 10);
		whole /= 10;
	} while (whole > 0);
	while (n > 0)
		*text++ = digits[--n];
	*text = '\0';
}
