/* Small texts gathered into blocks. */
#ifndef TRACEREEL_LUA_BLOCK_WRITER_H
#define TRACEREEL_LUA_BLOCK_WRITER_H

#include <lua.h>

/* The Lua function block_writer(take) -> write(...), flush(): take(text) is called with 64 KiB of what was written, and
 * by flush with what is left. A text that take has refused, by raising, is not kept. */
int tr_lua_new_block_writer(lua_State *L);

#endif
