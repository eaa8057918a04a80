#include "lua/limits_pool.h"

#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
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
    STEP_BYTES = 16,
    LARGEST_POOLED_BYTES = HAS_POOL ? 512 : 0,
    CLASS_COUNT = LARGEST_POOLED_BYTES / STEP_BYTES + 1,
    CHUNK_BYTES = 64 * 1024
};

/* A free block. */
typedef struct free_block {
    struct free_block *next;
} free_block;

/* The first bytes of a chunk; blocks follow. */
typedef union chunk {
    union chunk *next;
    max_align_t alignment;
} chunk;

static free_block *free_blocks[CLASS_COUNT]; /* by size / STEP_BYTES, rounded up */
static chunk *chunks;
static char *unused; /* of the newest chunk */
static size_t unused_bytes;

static size_t class_of(size_t bytes) {
    return (bytes + STEP_BYTES - 1) / STEP_BYTES;
}

static void free_pooled(void *block, size_t size_class) {
    free_block *freed = block;
    freed->next = free_blocks[size_class];
    free_blocks[size_class] = freed;
}

/* Takes a new chunk; what is left of the old one goes to the free lists. */
static int add_chunk(void) {
    chunk *added = malloc(CHUNK_BYTES);
    if (added == NULL) {
        return 0;
    }
    if (unused_bytes >= STEP_BYTES) {
        free_pooled(unused, unused_bytes / STEP_BYTES);
    }
    added->next = chunks;
    chunks = added;
    unused = (char *)(added + 1);
    unused_bytes = (CHUNK_BYTES - sizeof *added) / STEP_BYTES * STEP_BYTES;
    return 1;
}

static void *allocate(size_t bytes) {
    if (bytes > LARGEST_POOLED_BYTES) {
        return malloc(bytes);
    }
    size_t size_class = class_of(bytes);
    free_block *block = free_blocks[size_class];
    if (block != NULL) {
        free_blocks[size_class] = block->next;
        return block;
    }
    size_t block_bytes = size_class * STEP_BYTES;
    if (unused_bytes < block_bytes && !add_chunk()) {
        return NULL;
    }
    void *cut = unused;
    unused += block_bytes;
    unused_bytes -= block_bytes;
    return cut;
}

static void release(void *block, size_t bytes) {
    if (bytes > LARGEST_POOLED_BYTES) {
        free(block);
    } else {
        free_pooled(block, class_of(bytes));
    }
}

void *tr_pool_reallocate(void *block, size_t old_bytes, size_t new_bytes) {
    if (block == NULL) {
        return new_bytes == 0 ? NULL : allocate(new_bytes);
    }
    if (new_bytes == 0) {
        release(block, old_bytes);
        return NULL;
    }
    if (old_bytes > LARGEST_POOLED_BYTES && new_bytes > LARGEST_POOLED_BYTES) {
        void *moved = realloc(block, new_bytes);
        return moved == NULL && new_bytes <= old_bytes ? block : moved;
    }
    if (new_bytes <= LARGEST_POOLED_BYTES && old_bytes <= LARGEST_POOLED_BYTES &&
        class_of(old_bytes) == class_of(new_bytes)) {
        return block;
    }
    void *moved = allocate(new_bytes);
    if (moved == NULL) {
        /* A smaller size is never refused; the block is then freed as one of that size, which it can hold. */
        return new_bytes <= old_bytes ? block : NULL;
    }
    memcpy(moved, block, old_bytes < new_bytes ? old_bytes : new_bytes);
    release(block, old_bytes);
    return moved;
}

void tr_pool_release(void) {
    while (chunks != NULL) {
        chunk *next = chunks->next;
        free(chunks);
        chunks = next;
    }
    memset(free_blocks, 0, sizeof free_blocks);
    unused = NULL;
    unused_bytes = 0;
}
