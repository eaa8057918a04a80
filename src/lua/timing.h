/* Where the time of nodes and traces went, as a userdata that owns it. */
#ifndef TRACEREEL_LUA_TIMING_H
#define TRACEREEL_LUA_TIMING_H

#include <stddef.h>

#include <lua.h>

#include "tracereel/timing.h"

#define TR_LUA_TIMING "tracereel.timing"

typedef struct tr_lua_timing {
    tr_timing *timing; /* NULL once it was finalized */
    size_t told_bytes; /* of tr_lua_tell_memory */
} tr_lua_timing;

/* User values of a timing. */
enum {
    TR_TIMING_NAMES = 1, /* table: node id -> name, of the flow */
    TR_TIMING_FLOW_NAME, /* text or nil */
    TR_TIMING_FLOW_TEXT, /* the whole flow as JSON, or nil: only timings with the same one merge */
    TR_TIMING_VALUES = TR_TIMING_FLOW_TEXT
};

/* Returns the timing at `index`. Raises an error that says what `name` must be. */
tr_timing *tr_lua_check_timing(lua_State *L, int index, const char *name);

/* Pushes one whose `timing` is NULL: to be set at once. */
tr_lua_timing *tr_lua_push_timing(lua_State *L);
/* The timing at `index` may have grown. What replays add without a call of a script's is counted with the next call. */
void tr_lua_tell_timing_memory(lua_State *L, int index);

/* The Lua function timing(flow, worst_count). */
int tr_lua_new_timing(lua_State *L);
/* The Lua function timing_like(model): an empty timing that can be merged with the model. */
int tr_lua_timing_like(lua_State *L);
/* The Lua function timing_absorb(into, from): merges, and frees what `from` holds, which no garbage collection hurries
 * to do. It can no longer be used. */
int tr_lua_timing_absorb(lua_State *L);
void tr_lua_open_timing(lua_State *L);

#endif
