/* How a log is read: what `open` is told. */
#ifndef TRACEREEL_LUA_LOG_OPTIONS_H
#define TRACEREEL_LUA_LOG_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "lua/cursor.h"
#include "tracereel/log.h"

/* All zero: `open` without options, and without names. */
typedef struct tr_lua_log {
    tr_log_options options;
    bool is_measured; /* what tracereel wrote is passed over */
    uint32_t names;   /* number of lua/node_names.h */
    tr_lua_shard shard;
} tr_lua_log;

/* Reads the table at `index`. Raises on an unknown key, and on a value that is none. */
void tr_lua_read_log_options(lua_State *L, int index, tr_lua_log *log);
/* The position in the table at `index`; a message calls it `name`. */
tr_position tr_lua_to_position(lua_State *L, int index, const char *name);

#endif
