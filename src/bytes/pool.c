#include "bytes/pool.h"

#include <stdlib.h>
#include <string.h>

/* Tests of failing allocations need one allocation for each block. */
#if defined(__SANITIZE_ADDRESS__) || defined(TRACEREEL_WITHOUT_POOL)
#define HAS_POOL 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_POOL 0
#else
#define HAS_POOL 1
#endif
#else
#define HAS_POOL 1
#endif

enum { LARGEST_BYTES = HAS_POOL ? TR_POOL_LARGEST_BYTES : 0, CHUNK_BYTES = 64 * 1024 };

/* A free block. */
typedef struct free_block {
    struct free_block *next;
} free_block;

/* The first bytes of a chunk; blocks follow. */
typedef struct chunk {
    struct chunk *next;
} chunk;

/* Each large block has this much spare room, so that it can become a chunk for a small one. */
enum { SPARE_BYTES = HAS_POOL ? sizeof(chunk) : 0 };

static inline size_t class_of(size_t bytes) {
    return (bytes + TR_POOL_STEP_BYTES - 1) / TR_POOL_STEP_BYTES;
}

static inline void free_small(tr_pool *pool, void *block, size_t size_class) {
    free_block *freed = block;
    freed->next = pool->free_blocks[size_class];
    pool->free_blocks[size_class] = freed;
}

/* Allocates a new chunk; the rest of the old one goes to the free lists. */
static int add_chunk(tr_pool *pool) {
    chunk *added = malloc(CHUNK_BYTES);
    if (added == NULL) {
        return 0;
    }
    if (pool->unused_bytes >= TR_POOL_STEP_BYTES) {
        free_small(pool, pool->unused, pool->unused_bytes / TR_POOL_STEP_BYTES);
    }
    added->next = pool->chunks;
    pool->chunks = added;
    pool->unused = (char *)(added + 1);
    pool->unused_bytes = (CHUNK_BYTES - sizeof *added) / TR_POOL_STEP_BYTES * TR_POOL_STEP_BYTES;
    return 1;
}

/* Cuts a small block; the chunk may end before it. */
static __attribute__((noinline)) void *cut(tr_pool *pool, size_t size_class) {
    size_t block_bytes = size_class * TR_POOL_STEP_BYTES;
    if (pool->unused_bytes < block_bytes && !add_chunk(pool)) {
        return NULL;
    }
    void *block = pool->unused;
    pool->unused += block_bytes;
    pool->unused_bytes -= block_bytes;
    return block;
}

static inline void *allocate(tr_pool *pool, size_t bytes) {
    if (bytes > LARGEST_BYTES) {
        return malloc(bytes + SPARE_BYTES);
    }
    size_t size_class = class_of(bytes);
    free_block *block = pool->free_blocks[size_class];
    if (block == NULL) {
        return cut(pool, size_class);
    }
    pool->free_blocks[size_class] = block->next;
    return block;
}

static inline void give_back(tr_pool *pool, void *block, size_t bytes) {
    if (bytes > LARGEST_BYTES) {
        free(block);
    } else {
        free_small(pool, block, class_of(bytes));
    }
}

void *tr_pool_allocate(tr_pool *pool, size_t bytes) {
    void *block = allocate(pool, bytes);
    pool->used_bytes += block == NULL ? 0 : bytes;
    return block;
}

void tr_pool_free(tr_pool *pool, void *block, size_t bytes) {
    if (block != NULL) {
        give_back(pool, block, bytes);
        pool->used_bytes -= bytes;
    }
}

/* Shrinking never fails: without memory the block itself is reused at the smaller size. A large block becomes a chunk,
 * because from now on nobody frees it alone. */
static void *keep_smaller(tr_pool *pool, void *block, size_t old_bytes, size_t new_bytes) {
    if (old_bytes <= LARGEST_BYTES) {
        return block;
    }
    chunk *made = block;
    memmove(made + 1, block, new_bytes);
    made->next = pool->chunks;
    pool->chunks = made;
    return made + 1;
}

static void *move(tr_pool *pool, void *block, size_t old_bytes, size_t new_bytes) {
    if (old_bytes > LARGEST_BYTES && new_bytes > LARGEST_BYTES) {
        void *moved = realloc(block, new_bytes + SPARE_BYTES);
        return moved == NULL && new_bytes <= old_bytes ? block : moved;
    }
    if (new_bytes <= LARGEST_BYTES && old_bytes <= LARGEST_BYTES && class_of(old_bytes) == class_of(new_bytes)) {
        return block;
    }
    void *moved = allocate(pool, new_bytes);
    if (moved == NULL) {
        return new_bytes <= old_bytes ? keep_smaller(pool, block, old_bytes, new_bytes) : NULL;
    }
    memcpy(moved, block, old_bytes < new_bytes ? old_bytes : new_bytes);
    give_back(pool, block, old_bytes);
    return moved;
}

void *tr_pool_reallocate(tr_pool *pool, void *block, size_t old_bytes, size_t new_bytes) {
    if (new_bytes == 0) {
        tr_pool_free(pool, block, old_bytes);
        return NULL;
    }
    if (block == NULL) {
        return tr_pool_allocate(pool, new_bytes);
    }
    void *moved = move(pool, block, old_bytes, new_bytes);
    if (moved != NULL) {
        pool->used_bytes += new_bytes - old_bytes;
    }
    return moved;
}

void tr_pool_release(tr_pool *pool) {
    while (pool->chunks != NULL) {
        chunk *next = ((chunk *)pool->chunks)->next;
        free(pool->chunks);
        pool->chunks = next;
    }
    memset(pool, 0, sizeof *pool);
}
