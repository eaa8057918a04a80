/* A malloc that fails where a test says so, and counts what is not given back. For one source of a program, and not
 * under the address sanitizer, which has a malloc of its own: CAN_RUN_OUT_OF_MEMORY is then 0, and all this is left
 * out.
 */
#ifndef TRACEREEL_FAILING_MEMORY_H
#define TRACEREEL_FAILING_MEMORY_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "scarce_memory.h"

#if CAN_RUN_OUT_OF_MEMORY

/* Which allocation fails, counted from 0; and what is taken and not given back. */
static struct {
    bool counting;
    long fails_at;
    bool fails_on; /* all after it fail, too */
    long count;
    long live;
} memory;

void *__libc_malloc(size_t size);                 /* NOLINT(bugprone-reserved-identifier) */
void *__libc_calloc(size_t count, size_t size);   /* NOLINT(bugprone-reserved-identifier) */
void *__libc_realloc(void *pointer, size_t size); /* NOLINT(bugprone-reserved-identifier) */
void __libc_free(void *pointer);                  /* NOLINT(bugprone-reserved-identifier) */

static bool fails_now(void) {
    if (!memory.counting) {
        return false;
    }
    long number = memory.count++;
    if (number == memory.fails_at || (memory.fails_on && number > memory.fails_at)) {
        errno = ENOMEM;
        return true;
    }
    return false;
}

static void *noted(void *pointer) {
    memory.live += memory.counting && pointer != NULL;
    return pointer;
}

void *malloc(size_t size) {
    return fails_now() ? NULL : noted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size) {
    return fails_now() ? NULL : noted(__libc_calloc(count, size));
}

void *realloc(void *pointer, size_t size) {
    if (fails_now()) {
        return NULL;
    }
    return pointer == NULL ? noted(__libc_realloc(pointer, size)) : __libc_realloc(pointer, size);
}

void free(void *pointer) {
    memory.live -= memory.counting && pointer != NULL;
    __libc_free(pointer);
}

#endif

#endif
