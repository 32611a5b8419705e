/*-------------------------------------------------------------------------
 *
 * text_reader.h
 *		Reading the text form of a type, mark by mark.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_TEXT_READER_H
#define LEAKAGE_TEXT_READER_H

#include "nodes/nodes.h"

/* how much of a refused text an error message repeats */
#define QUOTED_BYTES		64

typedef struct TextReader
{
	const char *text;
	const char *at;				/* the next character to read */
	Node	   *escontext;		/* where errors go, or NULL */
} TextReader;

/* step over white space, whatever the locale takes for it */
static inline void
skip_space(TextReader *reader)
{
	reader->at += strspn(reader->at, " \t\n\r\v\f");
}

/* step over white space and this character, if it is next */
static inline bool
read_mark(TextReader *reader, char mark)
{
	skip_space(reader);
	if (*reader->at != mark)
		return false;
	reader->at++;
	return true;
}

#endif							/* LEAKAGE_TEXT_READER_H */
