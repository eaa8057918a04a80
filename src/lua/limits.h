/* Limits on scripts, and interrupts: of the host program only, which has one Lua state.
 *
 * A limit that is reached, and an interrupt that a replay does not end, unwinds the Lua state: a hook raises an error
 * at every instruction until the outermost guard (tr_limits_guard) is reached, so that no pcall of a script can hold
 * it up. Until then nothing is watched and costs nothing. */
#ifndef TRACEREEL_LUA_LIMITS_H
#define TRACEREEL_LUA_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

typedef enum tr_limit { TR_LIMIT_NONE, TR_LIMIT_MEMORY, TR_LIMIT_TIME } tr_limit;

/* A lua_Alloc that keeps to the memory limit. */
void *tr_limits_allocate(void *user_data, void *block, size_t old_bytes, size_t new_bytes);

/* Installs the signal handlers. `main_thread` is the state's main thread. */
void tr_limits_begin(lua_State *main_thread);
/* In a process that was just forked, with its signals blocked: it has its parent's limits, on its own memory and to the
 * same moment. SIGTERM unwinds whatever it runs. */
void tr_limits_begin_worker(void);
/* Call before the state is closed: no signal touches it any more, and finalizers may use any memory. */
void tr_limits_end(void);

/* In force from now on, until a guard ends that met a limit. 0: no limit. */
void tr_limits_set_memory(size_t bytes);
/* By the wall clock. False where the system has no timer left. */
bool tr_limits_set_time(double seconds);

/* The first limit that was reached. */
tr_limit tr_limits_tripped(void);
bool tr_limits_interrupted(void);

/* As lua_pcall with no message handler and all results: everything that unwinds the state ends here. */
int tr_limits_guard(lua_State *L, int argument_count);

/* While this is true, an error is not to be caught: call tr_limits_raise, which does not return. */
bool tr_limits_is_unwinding(void);
int tr_limits_raise(lua_State *L);

/* Call when a coroutine is about to run. Returns the thread that ran until now: give it back when the coroutine stops.
 */
lua_State *tr_limits_enter(lua_State *thread);
void tr_limits_leave(lua_State *previous);

#endif
