/* A future: what happens to a trace after one record of a history. */
#ifndef TRACEREEL_LUA_FUTURE_H
#define TRACEREEL_LUA_FUTURE_H

#include <stdint.h>

#include <lua.h>

#include "lua/history.h"

/* Pushes what happens after the record with that number, from 0. The history is at index 1. */
void tr_lua_push_future(lua_State *L, const tr_lua_history *owner, uint32_t number);
void tr_lua_push_future_metatable(lua_State *L);
void tr_lua_open_future(lua_State *L);

#endif
