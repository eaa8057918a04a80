/* Files that the Lua side names itself, or is given the name of. `io.open` waits for a pipe's writer; these do not. */
#ifndef TRACEREEL_LUA_FILES_H
#define TRACEREEL_LUA_FILES_H

#include <stdbool.h>

#include <lua.h>

/* Lua functions: open_file(path, is_for_medium), file_kind(path), is_of_medium(errno), is_link(path),
 * is_same_file(path, path), has_entry(directory, beginning, ending), without_links(path). */
int tr_lua_open_file(lua_State *L);
int tr_lua_file_kind(lua_State *L);
int tr_lua_is_of_medium(lua_State *L);
int tr_lua_is_link(lua_State *L);
int tr_lua_is_same_file(lua_State *L);
int tr_lua_has_entry(lua_State *L);
int tr_lua_without_links(lua_State *L);

/* Raises what is no answer: a shortage of the process and a failure of the medium say nothing about the file. */
void tr_lua_raise_no_answer(lua_State *L, const char *path, int error_number);
/* As luaL_fileresult for a path, but raises what is no answer. */
int tr_lua_path_result(lua_State *L, bool is_done, const char *path);

#endif
