/* The terminal of a program that is steered by keys: what Lua functions of tracereel.host do with it. */
#ifndef TRACEREEL_LUA_HOST_TERMINAL_H
#define TRACEREEL_LUA_HOST_TERMINAL_H

#include <lua.h>

/* is_terminal(descriptor) -> boolean */
int tr_host_is_terminal(lua_State *L);

/* terminal_columns() -> integer: of standard output or else standard error, 80 where that is unknown */
int tr_host_terminal_columns(lua_State *L);

/* terminal_rows() -> integer: of standard output, 24 where that is unknown */
int tr_host_terminal_rows(lua_State *L);

/* begin_keys() -> true; or nil and what is wrong. From here on standard input, a terminal, gives each key as it is
 * typed and echoes none. Ctrl-C still interrupts; Ctrl-Z is a key, as the screen could not be restored before the
 * program stops. The terminal is as before after end_keys, and when the program exits. */
int tr_host_begin_keys(lua_State *L);

/* end_keys(): may be called without begin_keys. */
int tr_host_end_keys(lua_State *L);

/* read_keys(seconds) -> the bytes that were typed, after at most so many seconds (0 to 1); nil where there are none, or
 * a signal came; "" where standard input has ended. */
int tr_host_read_keys(lua_State *L);

#endif
