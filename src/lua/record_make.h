/* Records made in Lua: constructors, changed copies, bytes read as a record. */
#ifndef TRACEREEL_LUA_RECORD_MAKE_H
#define TRACEREEL_LUA_RECORD_MAKE_H

#include <lua.h>

/* Pushes TR_CORE_RECORD_KEYS. */
void tr_lua_push_record_keys(lua_State *L);

/* Lua functions: constructors(now), decode(bytes, position), rec:copy(changes), rec:with_metadata(text). */
int tr_lua_constructors(lua_State *L);
int tr_lua_decode(lua_State *L);
int tr_lua_rec_copy(lua_State *L);
int tr_lua_rec_with_metadata(lua_State *L);

#endif
