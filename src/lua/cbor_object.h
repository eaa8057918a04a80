/* Which objects can be handed to another process: tagged, by their fields. */
#ifndef TRACEREEL_LUA_CBOR_OBJECT_H
#define TRACEREEL_LUA_CBOR_OBJECT_H

#include <stdint.h>

#include <lua.h>

/* Pushes the fields of the userdata at `index` and returns its tag; 0, and nothing is pushed, where it has none. */
uint32_t tr_cbor_push_fields(lua_State *L, int index);
/* The Lua function that makes an object of such a tag from its fields; NULL where there is none. */
lua_CFunction tr_cbor_object_from(uint64_t tag);

#endif
