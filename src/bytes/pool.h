/* A pool allocator for very many small blocks: free lists by size, cut from larger chunks, without a header for each
 * block.
 *
 * Callers pass a block's size when they free it. Under the address sanitizer every block comes from malloc, so that the
 * sanitizer sees each. Use a pool from one thread at a time. */
#ifndef TRACEREEL_POOL_H
#define TRACEREEL_POOL_H

#include <stddef.h>

/* Larger blocks come from malloc. Blocks are aligned to 8 bytes. */
enum { TR_POOL_STEP_BYTES = 8, TR_POOL_LARGEST_BYTES = 1024 };

/* All zero is an empty pool. The members are private, except used_bytes. */
typedef struct tr_pool {
    void *free_blocks[TR_POOL_LARGEST_BYTES / TR_POOL_STEP_BYTES + 1];
    void *chunks;
    char *unused; /* of the newest chunk */
    size_t unused_bytes;
    size_t chunk_bytes; /* of all chunks: a pool that has become large takes larger ones, in huge pages */
    size_t used_bytes;  /* requested sizes of all blocks in use; callers may read it */
} tr_pool;

/* Returns NULL on allocation failure. */
void *tr_pool_allocate(tr_pool *pool, size_t bytes);

/* Frees a block of that size, or NULL. */
void tr_pool_free(tr_pool *pool, void *block, size_t bytes);

/* Like realloc, given the old size: `block` is NULL, or came from this pool with `old_bytes`. `new_bytes` = 0 frees.
 * Returns NULL on allocation failure; the block is then unchanged. Never fails to shrink a block. */
void *tr_pool_reallocate(tr_pool *pool, void *block, size_t old_bytes, size_t new_bytes);

/* For a pool that is going to be large, or was inherited by a forked process: blocks come from new chunks from here on,
 * so that the pages of the old ones need not be copied. Blocks that were free stay unused. */
void tr_pool_begin_large(tr_pool *pool);

/* Frees all chunks. No small block may be in use any more, and large ones must have been freed one by one. */
void tr_pool_release(tr_pool *pool);

#endif
