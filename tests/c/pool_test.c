/* Blocks of every size keep their contents, and a released pool leaves nothing. */
#include "bytes/pool.h"
#include "failing_memory.h"
#include "scarce_memory.h"

enum { SMALL = 40, LARGEST_SMALL = TR_POOL_LARGEST_BYTES, LARGE = 3 * TR_POOL_LARGEST_BYTES };

static void fill(uint8_t *block, size_t bytes, unsigned seed) {
    for (size_t i = 0; i < bytes; i++) {
        block[i] = (uint8_t)(seed + i * 7);
    }
}

static bool is_filled(const uint8_t *block, size_t bytes, unsigned seed) {
    for (size_t i = 0; i < bytes; i++) {
        if (block[i] != (uint8_t)(seed + i * 7)) {
            return false;
        }
    }
    return true;
}

static void a_block_keeps_its_bytes(void) {
    static const size_t sizes[] = {1, 8, 9, SMALL, LARGEST_SMALL, LARGEST_SMALL + 1, LARGE};
    enum { COUNT = sizeof sizes / sizeof *sizes };
    tr_pool pool = {0};
    for (size_t from = 0; from < COUNT; from++) {
        for (size_t to = 0; to < COUNT; to++) {
            size_t kept = sizes[from] < sizes[to] ? sizes[from] : sizes[to];
            uint8_t *block = tr_pool_reallocate(&pool, NULL, 0, sizes[from]);
            REQUIRE(block != NULL);
            CHECK_UINT(0, (uintptr_t)block % 8);
            CHECK_UINT(sizes[from], pool.used_bytes);
            fill(block, sizes[from], 3);
            block = tr_pool_reallocate(&pool, block, sizes[from], sizes[to]);
            REQUIRE(block != NULL);
            CHECK(is_filled(block, kept, 3));
            CHECK_UINT(sizes[to], pool.used_bytes);
            CHECK(tr_pool_reallocate(&pool, block, sizes[to], 0) == NULL);
            CHECK_UINT(0, pool.used_bytes);
        }
    }
    CHECK(tr_pool_reallocate(&pool, NULL, 0, 0) == NULL);
    tr_pool_release(&pool);
}

/* 4,000 blocks, every second one freed and allocated again: none overlaps another. */
static void blocks_do_not_overlap(void) {
    enum { COUNT = 4000 };
    static uint8_t *blocks[COUNT];
    tr_pool pool = {0};
    for (unsigned i = 0; i < COUNT; i++) {
        blocks[i] = tr_pool_allocate(&pool, 1 + i % 200);
        REQUIRE(blocks[i] != NULL);
        fill(blocks[i], 1 + i % 200, i);
    }
    for (unsigned i = 0; i < COUNT; i += 2) {
        tr_pool_free(&pool, blocks[i], 1 + i % 200);
    }
    for (unsigned i = 0; i < COUNT; i += 2) {
        blocks[i] = tr_pool_allocate(&pool, 1 + i % 200);
        REQUIRE(blocks[i] != NULL);
        fill(blocks[i], 1 + i % 200, i);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        CHECK(is_filled(blocks[i], 1 + i % 200, i));
        tr_pool_free(&pool, blocks[i], 1 + i % 200);
    }
    CHECK_UINT(0, pool.used_bytes);
    tr_pool_release(&pool);
}

#if CAN_RUN_OUT_OF_MEMORY /* otherwise there is no pool: a sanitizer sees each block */

/* What a forked process does not touch it need not have a copy of. */
static void free_blocks_are_left_alone(void) {
    tr_pool pool = {0};
    uint8_t *kept = tr_pool_allocate(&pool, SMALL);
    uint8_t *freed = tr_pool_allocate(&pool, SMALL);
    REQUIRE(kept != NULL && freed != NULL);
    fill(kept, SMALL, 5);
    fill(freed, SMALL, 6);
    tr_pool_free(&pool, freed, SMALL);
    uint8_t before[SMALL];
    memcpy(before, freed, SMALL);
    tr_pool_begin_large(&pool);
    CHECK_UINT(SMALL, pool.used_bytes);
    uint8_t *added = tr_pool_allocate(&pool, SMALL);
    REQUIRE(added != NULL);
    fill(added, SMALL, 7);
    CHECK_BYTES(before, SMALL, freed, SMALL);
    CHECK(is_filled(kept, SMALL, 5));
    tr_pool_free(&pool, added, SMALL);
    CHECK(tr_pool_allocate(&pool, SMALL) == added);
    tr_pool_free(&pool, added, SMALL);
    tr_pool_free(&pool, kept, SMALL);
    CHECK_UINT(0, pool.used_bytes);
    tr_pool_release(&pool);
}

/* One block grows or shrinks while every allocation fails. */
static void check_without_memory(size_t old_bytes, size_t new_bytes) {
    tr_pool pool = {0};
    size_t blocks = failing_memory_live_blocks();
    uint8_t *block = tr_pool_reallocate(&pool, NULL, 0, old_bytes);
    REQUIRE(block != NULL);
    fill(block, old_bytes, 5);
    failing_memory_begin(1, 0);
    uint8_t *other = tr_pool_reallocate(&pool, block, old_bytes, new_bytes);
    failing_memory_end(NULL);
    size_t bytes = other == NULL ? old_bytes : new_bytes;
    CHECK_INT(new_bytes > old_bytes, other == NULL);
    other = other == NULL ? block : other;
    CHECK(is_filled(other, bytes < old_bytes ? bytes : old_bytes, 5));
    CHECK_UINT(bytes, pool.used_bytes);
    tr_pool_reallocate(&pool, other, bytes, 0);
    tr_pool_release(&pool);
    CHECK_UINT(blocks, failing_memory_live_blocks());
}

static void without_memory_a_block_can_shrink(void) {
    check_without_memory(LARGE, LARGE - 8);
    check_without_memory(LARGE, LARGEST_SMALL);
    check_without_memory(LARGE, 1);
    check_without_memory(LARGEST_SMALL + 1, LARGEST_SMALL);
    check_without_memory(SMALL, SMALL - 1);
}

static void without_memory_a_block_that_should_grow_is_unchanged(void) {
    check_without_memory(LARGE, LARGE + 1);
    check_without_memory(SMALL, LARGE);
    check_without_memory(LARGEST_SMALL, LARGEST_SMALL + 1);
}

#endif

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("a block keeps its contents through any sequence of sizes", a_block_keeps_its_bytes);
    check_run("blocks that are freed and allocated again do not overlap", blocks_do_not_overlap);
#if CAN_RUN_OUT_OF_MEMORY
    check_run("a process that was forked leaves the free blocks that it inherited alone", free_blocks_are_left_alone);
    check_run("without memory a block can still shrink, and is freed with the pool", without_memory_a_block_can_shrink);
    check_run("without memory a block that should grow is unchanged",
              without_memory_a_block_that_should_grow_is_unchanged);
#endif
    return check_end();
}
