/*-------------------------------------------------------------------------
 *
 * bulk_key_hash.h
 *		A hash table of subscribers by key: PostgreSQL's simplehash.
 *
 * Define SH_PREFIX and SH_ELEMENT_TYPE, a struct with the members "BulkKey
 * key" and "char status", and include this file.  It may be included more than
 * once.  A new entry's key must be kept with bulk_key_keep.
 *
 *-------------------------------------------------------------------------
 */
#define SH_KEY_TYPE BulkKey
#define SH_KEY key
#define SH_HASH_KEY(table, key) ((uint32) bulk_key_hash(&(key)))
#define SH_EQUAL(table, a, b) bulk_key_equal(&(a), &(b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"
