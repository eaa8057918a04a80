/* pairs and next in the order of the keys: numbers, texts, false and true, then everything else by a text that
 * describes it. Lua's own order changes from process to process, with the seed of its strings' hashes and with
 * addresses. */
#ifndef TRACEREEL_LUA_TRAVERSAL_H
#define TRACEREEL_LUA_TRAVERSAL_H

#include <lua.h>

/* The Lua function traversal(tell) -> pairs, next. */
int tr_lua_new_traversal(lua_State *L);

#endif
