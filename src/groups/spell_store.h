/*-------------------------------------------------------------------------
 *
 * spell_store.h
 *		Records in the order in which they came, in memory as long as they fit,
 *		and in a temporary file after that.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_SPELL_STORE_H
#define LEAKAGE_SPELL_STORE_H

typedef struct SpellStore SpellStore;

/* spell_store.c */

/* a store that keeps at most so many bytes in memory */
extern SpellStore *spells_begin(Size memory);
extern void spells_append(SpellStore *store, const void *record, Size size);

/* read all records, in order; a record is aligned, and valid until the next is read */
extern void spells_rewind(SpellStore *store);
extern const void *spells_next(SpellStore *store);
extern void spells_end(SpellStore *store);

#endif							/* LEAKAGE_SPELL_STORE_H */
