/* Worker processes: each is forked once, does units of work until there are no more, and writes what it says, and the
 * results, to temporary files. Only the program has them. */
#ifndef TRACEREEL_LUA_HOST_WORKER_H
#define TRACEREEL_LUA_HOST_WORKER_H

#include <lua.h>

/* Lua functions; what each does is said in host_worker.c. */
int tr_host_start_worker(lua_State *L);
int tr_host_wait_for_workers(lua_State *L);
int tr_host_begin_workers(lua_State *L);
int tr_host_end_workers(lua_State *L);
int tr_host_max_workers(lua_State *L);
void tr_host_open_worker(lua_State *L);

/* Ends the workers that are still running, and waits for them. For the program's end, whatever has ended it. */
void tr_host_workers_cancel(void);

/* Passes an interrupt on to all that are running. Callable from signal handlers. */
void tr_host_workers_interrupt(void);

#endif
