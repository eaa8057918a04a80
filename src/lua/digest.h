/* Checksums for the modules of recovery. */
#ifndef TRACEREEL_LUA_DIGEST_H
#define TRACEREEL_LUA_DIGEST_H

#include <lua.h>

/* Lua functions: sha256(bytes) -> 64 hex digits, crc32(bytes) -> integer. */
int tr_lua_sha256(lua_State *L);
int tr_lua_crc32(lua_State *L);

#endif
