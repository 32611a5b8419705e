/*-------------------------------------------------------------------------
 *
 * spell_store.c
 *		Records in memory or in a temporary file; see spell_store.h.
 *
 * Records fill blocks.  A block is kept in memory while there is room, and
 * written to the file after that.  So a pass over many small records costs
 * little more than a pass over an array.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/buffile.h"
#include "utils/memutils.h"

#include "base/base.h"
#include "groups/spell_store.h"

#define BLOCK_BYTES		(64 * 1024)

/* what precedes a record in its block */
typedef struct RecordHead
{
	Size		size;			/* with the head, aligned; 0 ends the block */
} RecordHead;

#define HEAD_BYTES		MAXALIGN(sizeof(RecordHead))

struct SpellStore
{
	MemoryContext context;
	char	  **blocks;			/* in memory, each of BLOCK_BYTES */
	int			nblocks;
	int			most_blocks;
	BufFile    *file;			/* the blocks after those, or NULL */
	int			nfiled;
	char	   *buffer;			/* the block that is filled, or that was read from the file */
	Size		used;			/* bytes of the buffer that are filled */
	int			reading;		/* the block that is read */
	const char *at;				/* the next record */
};

SpellStore *
spells_begin(Size memory)
{
	SpellStore *store = (SpellStore *) palloc0(sizeof(SpellStore));

	store->context = CurrentMemoryContext;
	store->most_blocks = (int) Min(memory / BLOCK_BYTES, MaxAllocSize / sizeof(char *));
	store->blocks = (char **) palloc0(Max(store->most_blocks, 1) * sizeof(char *));
	store->buffer = (char *) palloc(BLOCK_BYTES);
	return store;
}

/* put the buffer away, and begin another */
static void
end_block(SpellStore *store)
{
	memset(store->buffer + store->used, 0, BLOCK_BYTES - store->used);
	if (store->nblocks < store->most_blocks)
	{
		store->blocks[store->nblocks++] = store->buffer;
		store->buffer = (char *) MemoryContextAlloc(store->context, BLOCK_BYTES);
	}
	else
	{
		if (store->file == NULL)
		{
			MemoryContext old = MemoryContextSwitchTo(store->context);

			store->file = BufFileCreateTemp(false);
			MemoryContextSwitchTo(old);
		}
		BufFileWrite(store->file, store->buffer, BLOCK_BYTES);
		store->nfiled++;
	}
	store->used = 0;
}

void
spells_append(SpellStore *store, const void *record, Size size)
{
	RecordHead	head = {HEAD_BYTES + MAXALIGN(size)};

	if (head.size > BLOCK_BYTES - HEAD_BYTES)
		elog(ERROR, "record of %zu bytes does not fit a block", size);
	if (store->used + head.size > BLOCK_BYTES - HEAD_BYTES)
		end_block(store);
	memcpy(store->buffer + store->used, &head, sizeof(head));
	memcpy(store->buffer + store->used + HEAD_BYTES, record, size);
	store->used += head.size;
}

void
spells_rewind(SpellStore *store)
{
	if (store->used > 0)
		end_block(store);
	if (store->file != NULL && BufFileSeek(store->file, 0, 0, SEEK_SET) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not seek in a temporary file: %m")));
	store->reading = -1;
	store->at = NULL;
}

/* the next block of the store, or NULL after the last */
static const char *
next_block(SpellStore *store)
{
	CHECK_FOR_INTERRUPTS();
	store->reading++;
	if (store->reading < store->nblocks)
		return store->blocks[store->reading];
	if (store->reading >= store->nblocks + store->nfiled)
		return NULL;
	if (BufFileRead(store->file, store->buffer, BLOCK_BYTES) != BLOCK_BYTES)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read from a temporary file: %m")));
	return store->buffer;
}

const void *
spells_next(SpellStore *store)
{
	const char *record;

	while (store->at == NULL || ((const RecordHead *) store->at)->size == 0)
	{
		store->at = next_block(store);
		if (store->at == NULL)
			return NULL;
	}
	record = store->at + HEAD_BYTES;
	store->at += ((const RecordHead *) store->at)->size;
	return record;
}

void
spells_end(SpellStore *store)
{
	if (store->file != NULL)
		BufFileClose(store->file);
	for (int i = 0; i < store->nblocks; i++)
		pfree(store->blocks[i]);
	pfree(store->blocks);
	pfree(store->buffer);
	pfree(store);
}
