/* An allocator whose Nth allocation fails: in a unit test that is linked with failing_memory.c, or in any program that
 * has it preloaded. Not together with the address sanitizer, which brings its allocator.
 *
 * Preloaded, it reads the environment:
 *   FAIL_ALLOCATION=N:K    the Nth allocation of the process fails and K - 1 after it; K = 0: all after it
 *   LIST_ALLOCATIONS=FILE  at the end, the file has a line with the number of allocations, and one with the number of
 *                          the first allocation for each place, with those who called it, that allocates
 * lua5.4 can load it as the module failing_memory (luaopen_failing_memory) as well. */
#ifndef TRACEREEL_FAILING_MEMORY_H
#define TRACEREEL_FAILING_MEMORY_H

#include <stddef.h>

/* Counts from here on: allocation number `first` fails (0: none), and `times` - 1 after it, or all if `times` is 0.
 * With 2, a program that tries again, as Lua does, is refused, too. */
void failing_memory_begin(size_t first, size_t times);

/* Nothing fails from here on. Returns how many allocations there were; `*refused`, unless NULL, receives how many
 * failed. */
size_t failing_memory_end(size_t *refused);

/* The number of blocks allocated now. */
size_t failing_memory_live_blocks(void);

#endif
