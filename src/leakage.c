/*-------------------------------------------------------------------------
 *
 * leakage.c
 *		The module's magic and version.  There are no settings: what changes a
 *		result is an argument or an option of the mart, and so is written down
 *		with it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#define LEAKAGE_VERSION "1.0"

#ifdef PG_MODULE_MAGIC_EXT
PG_MODULE_MAGIC_EXT(.name = "leakage", .version = LEAKAGE_VERSION);
#else
PG_MODULE_MAGIC;
#endif

PG_FUNCTION_INFO_V1(leakage_library_version);

/*
 * leakage_library_version() -> text
 *
 * A session keeps the library that it has loaded, so it can be older or newer
 * than the SQL objects in the database.
 */
Datum
leakage_library_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(LEAKAGE_VERSION));
}
