/*-------------------------------------------------------------------------
 *
 * leakage.c
 *		The module's magic.  There are no settings: what changes a result is
 *		an argument or an option of the mart, and so is written down with it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#ifdef PG_MODULE_MAGIC_EXT
PG_MODULE_MAGIC_EXT(.name = "leakage", .version = "1.0");
#else
PG_MODULE_MAGIC;
#endif
