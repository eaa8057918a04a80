/* A pager: a process that shows what this one writes, a screen at a time. Only the program has it. */
#ifndef TRACEREEL_LUA_HOST_PAGER_H
#define TRACEREEL_LUA_HOST_PAGER_H

#include <lua.h>

/* The Lua function start_pager(command) -> true; or nil, what is wrong and errno. From here on standard output, and
 * standard error where it is a terminal, go to `command`, which /bin/sh runs. */
int tr_host_start_pager(lua_State *L);

/* The Lua function finish_pager() -> the status it ended with (128 + N of signal N); nil where none runs. Both streams
 * are what they were. */
int tr_host_finish_pager(lua_State *L);

/* Waits for the pager where the program ends on another way: the terminal is its until then. Does nothing where none
 * runs, as in a worker. */
void tr_host_end_pager(void);

#endif
