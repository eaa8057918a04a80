#include "lua/log_options.h"

#include <string.h>

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/options.h"
#include "tracereel/trace.h"

static tr_log_mode to_mode(lua_State *L, int index) {
    static const char *const names[] = {
        [TR_LOG_SALVAGE] = "salvage", [TR_LOG_PREFIX] = "prefix", [TR_LOG_STRICT] = "strict"};
    const char *name = lua_tostring(L, index);
    for (int mode = 0; mode <= TR_LOG_STRICT; mode++) {
        if (name != NULL && strcmp(names[mode], name) == 0) {
            return (tr_log_mode)mode;
        }
    }
    luaL_error(L, "mode must be salvage, prefix or strict, is %s", tr_lua_push_got(L, index));
    return TR_LOG_SALVAGE;
}

tr_position tr_lua_to_position(lua_State *L, int index, const char *name) {
    tr_position position;
    if (!lua_istable(L, index)) {
        luaL_error(L, "%s must be a table with sequence and offset, is %s", name, tr_lua_push_got(L, index));
    }
    lua_getfield(L, index, "sequence");
    lua_getfield(L, index, "offset");
    position.sequence = tr_lua_to_u64(L, -3, lua_pushfstring(L, "%s.sequence", name)); /* sequence, offset, name */
    position.offset = tr_lua_to_u64(L, -3, lua_pushfstring(L, "%s.offset", name));     /* and another name */
    lua_pop(L, 4);
    return position;
}

static void read_from(lua_State *L, int index, void *into) {
    tr_lua_log *log = into;
    log->options.has_from = true;
    log->options.from = tr_lua_to_position(L, index, "from");
}

static void read_to(lua_State *L, int index, void *into) {
    tr_lua_log *log = into;
    log->options.has_to = true;
    log->options.to = tr_lua_to_position(L, index, "to");
}

static void read_mode(lua_State *L, int index, void *into) {
    ((tr_lua_log *)into)->options.mode = to_mode(L, index);
}

static void read_snapshot(lua_State *L, int index, void *into) {
    ((tr_lua_log *)into)->options.use_snapshot = lua_toboolean(L, index);
}

static void read_compressed(lua_State *L, int index, void *into) {
    ((tr_lua_log *)into)->options.skip_compressed = !lua_toboolean(L, index);
}

static void read_listed(lua_State *L, int index, void *into) {
    ((tr_lua_log *)into)->options.is_listed = lua_toboolean(L, index);
}

static void read_measured(lua_State *L, int index, void *into) {
    ((tr_lua_log *)into)->is_measured = lua_toboolean(L, index);
}

static void read_shard(lua_State *L, int index, void *into) {
    tr_lua_shard *shard = &((tr_lua_log *)into)->shard;
    if (!lua_istable(L, index)) {
        luaL_error(L, "shard must be a table with index and count, is %s", tr_lua_push_got(L, index));
    }
    lua_getfield(L, index, "index");
    lua_getfield(L, index, "count");
    shard->index = tr_lua_to_u32(L, -2, "shard.index");
    shard->count = tr_lua_to_u32(L, -1, "shard.count"); /* index, count */
    if (shard->count > TR_SHARD_MAX_COUNT || shard->index >= shard->count) {
        luaL_error(L, "shard must be one of those from 0 to the count less 1, of at most %d, is %I of %I",
                   TR_SHARD_MAX_COUNT, (LUAI_UACINT)shard->index, (LUAI_UACINT)shard->count);
    }
    lua_pop(L, 2);
}

static const tr_lua_option option_items[] = {{"compressed", read_compressed},
                                             {"flow", NULL},
                                             {"from", read_from},
                                             {"listed", read_listed},
                                             {"measured", read_measured},
                                             {"mode", read_mode},
                                             {"shard", read_shard},
                                             {"snapshot", read_snapshot},
                                             {"to", read_to}};
static const tr_lua_options open_options = {"open", "option", option_items, sizeof option_items / sizeof *option_items};

void tr_lua_read_log_options(lua_State *L, int index, tr_lua_log *log) {
    tr_lua_read_options(L, index, &open_options, log);
}
