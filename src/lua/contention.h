/* The Lua type of what a recording's nodes waited for want of a place. */
#ifndef TR_LUA_CONTENTION_H
#define TR_LUA_CONTENTION_H

#include <lua.h>

#include "tracereel/simulation.h"

/* recording:contention(scenario) -> contention, which has pools(): a list of tables, one for each pool. */
int tr_lua_recording_contention(lua_State *L);
/* Raises an error where the value at `index` is none. */
const tr_contention *tr_lua_check_contention(lua_State *L, int index);
void tr_lua_open_contention(lua_State *L);

#endif
