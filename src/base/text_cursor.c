/*-------------------------------------------------------------------------
 *
 * text_cursor.c
 *		Reads the text form of a type, and reports what is wrong with it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "base/compat.h"
#include "base/decimal.h"
#include "base/text_cursor.h"
#include "base/trimmed.h"

/* how much of a refused text an error message repeats */
#define QUOTED_BYTES	64

void
cursor_begin(TextCursor *cursor, const char *input, const char *type, const char *hint, Node *escontext)
{
	cursor->text = input;
	cursor->at = input;
	cursor->end = input + strlen(input);
	cursor->type = type;
	cursor->hint = hint;
	cursor->escontext = escontext;
}

char
cursor_peek(TextCursor *cursor)
{
	while (is_space(*cursor->at))
		cursor->at++;
	return *cursor->at;
}

bool
cursor_take(TextCursor *cursor, const char *tokens)
{
	while (*tokens != '\0')
	{
		Size		length = strcspn(tokens, " ");

		(void) cursor_peek(cursor);
		if (strncmp(cursor->at, tokens, length) != 0)
			return false;
		cursor->at += length;
		tokens += length;
		if (*tokens == ' ')
			tokens++;
	}
	return true;
}

bool
cursor_expect(TextCursor *cursor, const char *tokens)
{
	if (cursor_take(cursor, tokens))
		return true;
	return cursor_fault(cursor, psprintf(strchr(tokens, '"') != NULL ? "expected %s" : "expected \"%s\"", tokens));
}

bool
cursor_expect_end(TextCursor *cursor)
{
	return cursor_peek(cursor) == '\0' || cursor_fault(cursor, "expected the end");
}

/*
 * Refuse a number that is out of range.
 */
static bool
range_error(TextCursor *cursor, const char *what, const char *start, int places, int128 least, int128 most)
{
	char		low[DECIMAL_TEXT];
	char		high[DECIMAL_TEXT];

	(void) decimal_write(low, least, places, false);
	(void) decimal_write(high, most, places, false);
	ereturn(cursor->escontext, false,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s \"%.*s\" is out of range for type %s", what,
					(int) Min(cursor->at - start, QUOTED_BYTES), start, cursor->type),
			 errdetail("It must be from %s to %s.", low, high)));
}

bool
cursor_number(TextCursor *cursor, const char *what, int places, int flags,
			  int128 least, int128 most, int128 *value)
{
	const char *start;
	Decimal		number;

	(void) cursor_peek(cursor);
	start = cursor->at;
	switch (decimal_read(&cursor->at, cursor->end, places, flags, &number))
	{
		case DECIMAL_NOT_A_NUMBER:
			return cursor_fault(cursor, "expected a number");
		case DECIMAL_TOO_MANY_PLACES:
			cursor->at = start;
			return cursor_fault(cursor, psprintf("more than %d decimal places", places));
		case DECIMAL_TOO_LARGE:
			break;
		case DECIMAL_OK:
			*value = number.value;
			if (*value >= least && *value <= most)
				return true;
			break;
	}
	return range_error(cursor, what, start, places, least, most);
}

bool
cursor_integer(TextCursor *cursor, const char *what, int64 least, int64 most, int64 *value)
{
	int128		number;

	if (!cursor_number(cursor, what, 0, 0, least, most, &number))
		return false;
	*value = (int64) number;
	return true;
}

bool
cursor_fault(TextCursor *cursor, const char *fault)
{
	int			quoted = pg_mbcliplen(cursor->text, cursor->end - cursor->text, QUOTED_BYTES);

	ereturn(cursor->escontext, false,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type %s: \"%.*s%s\"", cursor->type,
					quoted, cursor->text, cursor->text[quoted] == '\0' ? "" : "..."),
			 errdetail("At byte %d: %s.", (int) (cursor->at - cursor->text) + 1, fault),
			 cursor->hint == NULL ? 0 : errhint("%s", cursor->hint)));
}
