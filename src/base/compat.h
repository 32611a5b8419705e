/*-------------------------------------------------------------------------
 *
 * compat.h
 *		Every difference between PostgreSQL versions, and nothing else.
 *
 * Supported: PostgreSQL 14 to 19.  No file but this one and compat_fmgr.h asks
 * for PG_VERSION_NUM.  This one knows no fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_COMPAT_H
#define LEAKAGE_COMPAT_H

#if PG_VERSION_NUM < 140000
#error "leakage needs PostgreSQL 14 or later"
#endif

#ifndef HAVE_INT128
#error "leakage needs a compiler with a 128-bit integer: sums of money are exact"
#endif

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* functions that do not return: 18 made a specifier of what was an attribute */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/* scans have flags since 19 */
#if PG_VERSION_NUM < 190000
#define SO_NONE	0
#define table_beginscan(relation, snapshot, nkeys, keys, flags)	table_beginscan(relation, snapshot, nkeys, keys)
#define table_beginscan_parallel(relation, shared, flags)		table_beginscan_parallel(relation, shared)
#endif

/* the class of wait events was part of pgstat.h */
#if PG_VERSION_NUM >= 190000
#include "utils/wait_classes.h"
#endif

/* a row type must be finished after its last column since 19 */
#if PG_VERSION_NUM < 190000
#define TupleDescFinalize(desc)	((void) 0)
#endif

/* arithmetic that reports an overflow instead of raising it */
#if PG_VERSION_NUM < 190000
#define numeric_add_safe(a, b, context)	numeric_add_opt_error(a, b, NULL)
#endif

/* soft errors (COPY ... ON_ERROR, pg_input_is_valid) came with 16 */
#if PG_VERSION_NUM < 160000
#define ereturn(context, dummy_value, ...) \
	do { (void) (context); ereport(ERROR, __VA_ARGS__); return dummy_value; } while (0)
#endif

/* a StringInfo over bytes that belong to somebody else came with 17 */
#if PG_VERSION_NUM < 170000
#define initReadOnlyStringInfo(buf, bytes, length) \
	do { (buf)->data = (bytes); (buf)->len = (length); (buf)->maxlen = 0; (buf)->cursor = 0; } while (0)
#endif

/* reads that may end early at the end of the file came with 16 */
#if PG_VERSION_NUM < 160000
#define BufFileReadMaybeEOF(file, data, size, eof_ok)	BufFileRead(file, data, size)
#endif

/* before 15, shared temporary files always belonged to a SharedFileSet */
#if PG_VERSION_NUM < 150000
#define BufFileCreateFileSet(files, name)	BufFileCreateShared(files, name)
#define BufFileExportFileSet(file)			BufFileExportShared(file)
#define BufFileOpenFileSet(files, name, mode, missing_ok)	BufFileOpenShared(files, name, mode)
#define shared_file_set(files)				(files)
#else
#define shared_file_set(files)				(&(files)->fs)
#endif

/* columns that are computed when they are read came with 18 */
#if PG_VERSION_NUM < 180000
#define ATTRIBUTE_GENERATED_VIRTUAL 'v'
#endif

#endif							/* LEAKAGE_COMPAT_H */
