/* Outputs that are written beside their place, and put there when they are whole: files, and directories with all that
 * is in them. Each holds a lock while it is written, so that what an interrupted command has left can be
 * distinguished from what another process still writes. */
#ifndef TRACEREEL_LUA_UNFINISHED_H
#define TRACEREEL_LUA_UNFINISHED_H

#include <lua.h>

/* Lua functions: unfinished_file(work_path, place), unfinished_directory(work_path, place), sync_file(path). */
int tr_lua_unfinished_file(lua_State *L);
int tr_lua_unfinished_directory(lua_State *L);
int tr_lua_sync_file(lua_State *L);
void tr_lua_open_unfinished(lua_State *L);

/* Removes what was neither finished nor dropped, and says on standard error of each what is left now. For the program's
 * end, whatever has ended it. */
void tr_lua_unfinished_drop_all(void);

/* For a process that was forked: what is unfinished is its parent's, which finishes or removes it. */
void tr_lua_unfinished_disown_all(void);

/* Says on standard error where what is unfinished is left. Callable from signal handlers. */
void tr_lua_unfinished_tell(void);

#endif
