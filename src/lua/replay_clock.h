/* A replay and time: its ticks, and waiting for what is due. */
#ifndef TRACEREEL_LUA_REPLAY_CLOCK_H
#define TRACEREEL_LUA_REPLAY_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "lua/replay.h"

/* Calls the ticks that are due at that log time. The first call starts them. */
void tr_lua_replay_show_time(lua_State *L, tr_lua_replay *replay, uint64_t now_ns);

/* For a replay whose pace matters. Returns true when it is time for the next event. False: ask again, or the replay
 * ends here, as replay->status says. */
bool tr_lua_replay_advance(lua_State *L, tr_lua_replay *replay);

#endif
