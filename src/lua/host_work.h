/* What a worker's process does, and what its parent finds in the file of its values. */
#ifndef TRACEREEL_LUA_HOST_WORK_H
#define TRACEREEL_LUA_HOST_WORK_H

#include <stdnoreturn.h>

#include <lua.h>

/* What is before each value in its file. */
enum { HEADER_STDOUT_END, HEADER_STDERR_END, HEADER_VALUE_BYTES, HEADER_FIELDS };

/* How a worker's process ends, for its parent alone. */
enum { WORKER_DONE, WORKER_FAILED, WORKER_LIMIT, WORKER_INTERRUPTED, WORKER_DISK /* and errno is added */ };

/* Calls the function at index 1, which calls finish_unit after each piece of work, and ends the process. `value_file`
 * is where the values go. */
noreturn void tr_host_work(lua_State *L, int value_file);

/* The Lua function finish_unit(value): what was written so far, and the string, belong to one unit of work, which is
 * done. */
int tr_host_finish_unit(lua_State *L);

/* The Lua function give_up(errno): ends the process, which cannot write what it has to say. */
int tr_host_give_up(lua_State *L);

#endif
