#include "failing_memory.h"

#include <errno.h>
#include <execinfo.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* glibc's own allocator, which does the work. */
/* NOLINTBEGIN(bugprone-reserved-identifier): its names */
extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *block, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);
extern void __libc_free(void *block);
/* NOLINTEND(bugprone-reserved-identifier) */

enum { STACK_FRAMES = 12, MAX_PLACES = 65536 /* a power of two */ };

static size_t counted, first_refused, times_refused, refused_count;
static size_t live_blocks;

/* ---- places ---- */

/* Where allocations are listed: places by the hash of their stack, and the first allocation of each. */
static const char *list_path;
static uint64_t place_hashes[MAX_PLACES];
static size_t place_firsts[MAX_PLACES], place_count;
static bool is_noting;

static uint64_t hash_of_stack(void) {
    void *frames[STACK_FRAMES];
    int count = backtrace(frames, STACK_FRAMES);
    uint64_t hash = 14695981039346656037u;
    for (int i = 2; i < count; i++) { /* without this file's frames */
        hash = (hash ^ (uint64_t)(uintptr_t)frames[i]) * 1099511628211u;
        hash ^= hash >> 29;
    }
    return hash | 1;
}

static void note_place(void) {
    if (is_noting || place_count > MAX_PLACES / 2) {
        return;
    }
    is_noting = true; /* the unwinder allocates when it is first used */
    uint64_t hash = hash_of_stack();
    size_t at = hash % MAX_PLACES;
    while (place_hashes[at] != 0 && place_hashes[at] != hash) {
        at = (at + 1) % MAX_PLACES;
    }
    if (place_hashes[at] == 0) {
        place_hashes[at] = hash;
        place_firsts[at] = counted;
        place_count++;
    }
    is_noting = false;
}

static void __attribute__((constructor)) read_environment(void) {
    const char *wanted = getenv("FAIL_ALLOCATION");
    size_t first = 0, times = 0;
    if (wanted != NULL && sscanf(wanted, "%zu:%zu", &first, &times) == 2) {
        failing_memory_begin(first, times);
    }
    list_path = getenv("LIST_ALLOCATIONS");
    counted = 0;
}

static void __attribute__((destructor)) write_list(void) {
    size_t count = counted;
    const char *path = list_path;
    list_path = NULL;
    first_refused = 0;
    FILE *file = path == NULL ? NULL : fopen(path, "w");
    if (file != NULL) {
        fprintf(file, "%zu\n", count);
        for (size_t i = 0; i < MAX_PLACES; i++) {
            if (place_hashes[i] != 0) {
                fprintf(file, "%zu\n", place_firsts[i]);
            }
        }
        fclose(file);
    }
}

/* ---- the allocator ---- */

static bool is_refused(void) {
    if (is_noting) {
        return false;
    }
    counted++;
    if (list_path != NULL) {
        note_place();
    }
    if (first_refused == 0 || counted < first_refused ||
        (times_refused != 0 && counted - first_refused >= times_refused)) {
        return false;
    }
    refused_count++;
    errno = ENOMEM;
    return true;
}

static void *count_live(void *block) {
    live_blocks += block != NULL;
    return block;
}

void *malloc(size_t bytes) {
    return is_refused() ? NULL : count_live(__libc_malloc(bytes));
}

void *calloc(size_t count, size_t bytes) {
    return is_refused() ? NULL : count_live(__libc_calloc(count, bytes));
}

void *realloc(void *block, size_t bytes) {
    if (block != NULL && bytes == 0) {
        free(block);
        return NULL;
    }
    if (is_refused()) {
        return NULL;
    }
    void *moved = __libc_realloc(block, bytes);
    return block == NULL ? count_live(moved) : moved;
}

void *reallocarray(void *block, size_t count, size_t bytes) {
    size_t total;
    if (__builtin_mul_overflow(count, bytes, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(block, total);
}

void *memalign(size_t alignment, size_t bytes) {
    return is_refused() ? NULL : count_live(__libc_memalign(alignment, bytes));
}

void *aligned_alloc(size_t alignment, size_t bytes) {
    return memalign(alignment, bytes);
}

int posix_memalign(void **block, size_t alignment, size_t bytes) {
    void *made = memalign(alignment, bytes);
    if (made == NULL) {
        return ENOMEM;
    }
    *block = made;
    return 0;
}

void free(void *block) {
    int kept = errno;
    live_blocks -= block != NULL;
    __libc_free(block);
    errno = kept;
}

/* ---- for tests ---- */

void failing_memory_begin(size_t first, size_t times) {
    counted = 0;
    refused_count = 0;
    times_refused = times;
    first_refused = first;
}

size_t failing_memory_end(size_t *refused) {
    first_refused = 0;
    if (refused != NULL) {
        *refused = refused_count;
    }
    return counted;
}

size_t failing_memory_live_blocks(void) {
    return live_blocks;
}
