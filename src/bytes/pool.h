/* Memory for very many small blocks: free lists by size, cut from larger chunks, without a header for each block.
 *
 * Whoever gives a block back says how large it is. Under the address sanitizer every block comes from malloc, so that
 * it can watch them. One thread at a time. */
#ifndef TRACEREEL_POOL_H
#define TRACEREEL_POOL_H

#include <stddef.h>

/* Larger blocks come from malloc. Blocks are aligned to 8 bytes. */
enum { TR_POOL_STEP_BYTES = 8, TR_POOL_LARGEST_BYTES = 1024 };

/* All zero is an empty pool. The members are the pool's own. */
typedef struct tr_pool {
    void *free_blocks[TR_POOL_LARGEST_BYTES / TR_POOL_STEP_BYTES + 1];
    void *chunks;
    char *unused; /* of the newest chunk */
    size_t unused_bytes;
    size_t used_bytes; /* of all blocks in use, as they were asked for; may be read */
} tr_pool;

/* As realloc, with the old size told: `block` is NULL or came from this pool with `old_bytes`. `new_bytes` = 0 frees.
 * NULL when there is no memory (the block is then as it was); never when the block gets smaller. */
void *tr_pool_reallocate(tr_pool *pool, void *block, size_t old_bytes, size_t new_bytes);

/* Gives the chunks back to the system: no small block of the pool may be in use any more. Large ones must have been
 * freed one by one. */
void tr_pool_release(tr_pool *pool);

#endif
