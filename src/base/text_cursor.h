/*-------------------------------------------------------------------------
 *
 * text_cursor.h
 *		Reads the text form of a type, and reports what is wrong with it.
 *
 * Functions that return false have given an error to the error context.
 * Without a context, errors do not return.
 *
 * White space is what is_space() says, in every locale.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_TEXT_CURSOR_H
#define LEAKAGE_TEXT_CURSOR_H

#include "nodes/nodes.h"

typedef struct TextCursor
{
	const char *text;
	const char *at;				/* the next character to read */
	const char *end;			/* the zero that ends the text */
	const char *type;			/* name of the SQL type */
	const char *hint;			/* what a value looks like, or NULL */
	Node	   *escontext;		/* where errors go, or NULL */
} TextCursor;

/* text_cursor.c */
extern void cursor_begin(TextCursor *cursor, const char *input, const char *type, const char *hint,
						 Node *escontext);

/* the next character that is not white space; zero at the end */
extern char cursor_peek(TextCursor *cursor);

/* pass over tokens, which are written with a space between them, if they are next */
extern bool cursor_take(TextCursor *cursor, const char *tokens);

/* the same, but it is an error if they are not; and an error if anything is left */
extern bool cursor_expect(TextCursor *cursor, const char *tokens);
extern bool cursor_expect_end(TextCursor *cursor);

/* a number from least to most, see decimal_read; "what" names it in an error */
extern bool cursor_number(TextCursor *cursor, const char *what, int places, int flags,
						  int128 least, int128 most, int128 *value);

/* a whole number */
extern bool cursor_integer(TextCursor *cursor, const char *what, int64 least, int64 most, int64 *value);

/* an error at this place: always false */
extern bool cursor_fault(TextCursor *cursor, const char *fault);

#endif							/* LEAKAGE_TEXT_CURSOR_H */
