/* What a worker's process does. */
#ifndef TRACEREEL_LUA_HOST_WORK_H
#define TRACEREEL_LUA_HOST_WORK_H

#include <stdnoreturn.h>

#include <lua.h>

/* How a worker's process ends, for its parent alone. */
enum { WORKER_DONE, WORKER_FAILED, WORKER_LIMIT, WORKER_INTERRUPTED, WORKER_DISK /* and errno is added */ };

/* Calls the function at index 1, which asks for units of work with next_unit and calls finish_unit after each, and ends
 * the process. `value_file` is where the values go, and `line` a socket: the numbers of units come through it, and a
 * byte goes back for each that is finished. */
noreturn void tr_host_work(lua_State *L, int value_file, int line);

/* The Lua function next_unit() -> the number of the unit to do; nil where there is none any more, or an interrupt
 * came. */
int tr_host_next_unit(lua_State *L);

/* The Lua function finish_unit(value): what was written so far, and the string, belong to one unit of work, which is
 * done. */
int tr_host_finish_unit(lua_State *L);

/* The Lua function give_up(errno): ends the process, which cannot write what it has to say. */
int tr_host_give_up(lua_State *L);

#endif
