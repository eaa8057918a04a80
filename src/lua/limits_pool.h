/* The allocator of the host's Lua state: small blocks from free lists by size, large ones from malloc.
 *
 * A script makes and drops millions of small objects of few sizes; this is faster than malloc for them. Under the
 * address sanitizer every block comes from malloc, so that it can watch them. One state at a time. */
#ifndef TRACEREEL_LUA_LIMITS_POOL_H
#define TRACEREEL_LUA_LIMITS_POOL_H

#include <stddef.h>

/* As realloc, with the old size told: `block` is NULL or came from here with `old_bytes`. `new_bytes` = 0 frees. NULL
 * when there is no memory; never when the block gets smaller. */
void *tr_pool_reallocate(void *block, size_t old_bytes, size_t new_bytes);

/* Gives everything back to the system. Nothing of the pool may be in use. */
void tr_pool_release(void);

#endif
