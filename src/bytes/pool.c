#include "bytes/pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

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

enum {
    LARGEST_BYTES = HAS_POOL ? TR_POOL_LARGEST_BYTES : 0,
    CHUNK_BYTES = 64 * 1024,
    HUGE_BYTES = 2 * 1024 * 1024, /* a huge page: one fault, where 512 others would cost a hundred times as much */
    LARGE_POOL_BYTES = 256 * 1024
};

/* A free block. */
typedef struct free_block {
    struct free_block *next;
} free_block;

/* The first bytes of a chunk; blocks follow. */
typedef struct chunk {
    struct chunk *next;
    size_t mapped_bytes; /* 0: it came from malloc */
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

/* A huge page, or as much in small ones where the system has none; NULL on failure. */
static chunk *map_huge(void) {
    void *mapped = mmap(NULL, 2 * HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) {
        return NULL;
    }
    char *begin = mapped;
    size_t before = (HUGE_BYTES - (uintptr_t)begin % HUGE_BYTES) % HUGE_BYTES;
    if (before > 0) {
        munmap(begin, before);
    }
    munmap(begin + before + HUGE_BYTES, HUGE_BYTES - before);
    madvise(begin + before, HUGE_BYTES, MADV_HUGEPAGE);
    chunk *made = (chunk *)(begin + before);
    made->mapped_bytes = HUGE_BYTES;
    return made;
}

static chunk *new_chunk(const tr_pool *pool, size_t *bytes) {
    chunk *made = pool->chunk_bytes >= LARGE_POOL_BYTES ? map_huge() : NULL;
    *bytes = HUGE_BYTES;
    if (made == NULL) {
        *bytes = CHUNK_BYTES;
        made = malloc(CHUNK_BYTES);
        if (made != NULL) {
            made->mapped_bytes = 0;
        }
    }
    return made;
}

/* Allocates a new chunk; the rest of the old one goes to the free lists. */
static int add_chunk(tr_pool *pool) {
    size_t bytes;
    chunk *added = new_chunk(pool, &bytes);
    if (added == NULL) {
        return 0;
    }
    if (pool->unused_bytes >= TR_POOL_STEP_BYTES) {
        free_small(pool, pool->unused, pool->unused_bytes / TR_POOL_STEP_BYTES);
    }
    added->next = pool->chunks;
    pool->chunks = added;
    pool->unused = (char *)(added + 1);
    pool->unused_bytes = (bytes - sizeof *added) / TR_POOL_STEP_BYTES * TR_POOL_STEP_BYTES;
    pool->chunk_bytes += bytes;
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
    *made = (chunk){.next = pool->chunks};
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

void tr_pool_begin_large(tr_pool *pool) {
    memset(pool->free_blocks, 0, sizeof pool->free_blocks);
    pool->unused_bytes = 0;
    pool->chunk_bytes = LARGE_POOL_BYTES;
}

void tr_pool_release(tr_pool *pool) {
    while (pool->chunks != NULL) {
        chunk *released = pool->chunks;
        pool->chunks = released->next;
        if (released->mapped_bytes > 0) {
            munmap(released, released->mapped_bytes);
        } else {
            free(released);
        }
    }
    memset(pool, 0, sizeof *pool);
}
