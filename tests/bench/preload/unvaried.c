/* Preloaded by `make bench-counts`: what differs from one run of a program to the next is the same in all of them, so
 * that their instructions can be compared. Random bytes and the time are constants; the stack on which a Lua state is
 * made begins at a round address, whatever the environment: Lua derives the seed of its string hashes from these, and
 * with another seed other names meet in a table, which was 1.2 % of the instructions of a handler. */
#include <alloca.h>
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* As in lua.h, which belongs to the binding. */
typedef struct lua_State lua_State;
typedef void *(*lua_Alloc)(void *data, void *block, size_t old_bytes, size_t new_bytes);
lua_State *lua_newstate(lua_Alloc allocate, void *data);

enum { STACK_BYTES = 1 << 20 };

time_t time(time_t *at) {
    time_t now = 1764000000;
    if (at != NULL) {
        *at = now;
    }
    return now;
}

ssize_t getrandom(void *bytes, size_t count, unsigned flags) {
    (void)flags;
    memset(bytes, 0x5A, count);
    return (ssize_t)count;
}

lua_State *lua_newstate(lua_Alloc allocate, void *data) {
    lua_State *(*next)(lua_Alloc, void *);
    *(void **)&next = dlsym(RTLD_NEXT, "lua_newstate");
    if (next == NULL) {
        abort();
    }
    volatile char *stack = alloca((uintptr_t)__builtin_frame_address(0) % STACK_BYTES + 1);
    stack[0] = 0; /* it is there, and no compiler leaves it out */
    return next(allocate, data);
}
