/*-------------------------------------------------------------------------
 *
 * case_fold.h
 *		Texts without the difference between upper and lower case.
 *
 * Simple case folding of Unicode 14, in a database whose encoding is UTF-8;
 * in others, of ASCII only.  It depends on no locale, and is the same in each
 * version of PostgreSQL.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_CASE_FOLD_H
#define LEAKAGE_CASE_FOLD_H

/* bytes that a folded text of "length" bytes may need */
#define CASE_FOLD_SIZE(length)	(2 * (Size) (length))

/* case_fold.c; the length of what is in "out" */
extern int	case_fold(const char *text, int length, char *out);

#endif							/* LEAKAGE_CASE_FOLD_H */
