#include "lua/log.h"

#include <string.h>
#include <sys/stat.h>

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/cursor.h"
#include "lua/failure.h"
#include "lua/filter.h"
#include "lua/history.h"
#include "lua/keys.h"
#include "lua/log_options.h"
#include "lua/node_names.h"
#include "lua/pace.h"
#include "lua/records.h"
#include "lua/replay.h"
#include "lua/segments.h"
#include "lua/stop.h"
#include "lua/trace.h"
#include "lua/type.h"
#include "tracereel/log.h"
#include "tracereel/replay.h"
#include "tracereel/snapshot.h"
#include "tracereel/status.h"
#include "tracereel/trace.h"

#define TR_LUA_LOG "tracereel.log"

enum { LOG_USER_VALUE_PATH = 1, LOG_USER_VALUE_CURSOR, LOG_USER_VALUES = LOG_USER_VALUE_CURSOR };

/* ---- check ---- */

static tr_lua_log *check_log(lua_State *L, int index) {
    return tr_lua_check_object(L, index, TR_LUA_LOG);
}

/* Pushes the latest cursor of the log at index 1. Only a finalizer that runs after the cursor's can meet one that is
 * closed. */
static tr_lua_cursor *push_latest(lua_State *L) {
    lua_getiuservalue(L, 1, LOG_USER_VALUE_CURSOR);
    tr_lua_cursor *cursor = lua_touserdata(L, -1);
    if (cursor->log == NULL) {
        luaL_error(L, "the log was finalized");
    }
    return cursor;
}

/* ---- push ---- */

static bool can_be_read_again(const char *path) {
    struct stat status;
    return strcmp(path, "-") != 0 && (stat(path, &status) != 0 || S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
}

tr_lua_cursor *tr_lua_push_fresh_cursor(lua_State *L) {
    const tr_lua_log *self = check_log(L, 1);
    tr_lua_cursor *latest = push_latest(L); /* cursor */
    if (latest->replay == NULL) {
        return latest;
    }
    lua_pop(L, 1);
    lua_getiuservalue(L, 1, LOG_USER_VALUE_PATH); /* path */
    const char *path = lua_tostring(L, -1);
    if (!can_be_read_again(path)) {
        tr_lua_raise(L, "io", "%s: a pipe can be read only once; save it to a file to read it again", path);
    }
    tr_lua_cursor *cursor = tr_lua_push_cursor(L, path, &self->options); /* path, cursor */
    cursor->is_measured = self->is_measured;
    cursor->shard = self->shard;
    cursor->names = self->names;
    lua_remove(L, -2);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, LOG_USER_VALUE_CURSOR); /* cursor */
    return cursor;
}

/* ---- fields and methods ---- */

#define LOG_FIELDS(X) X(path) X(segments) X(shard) X(unread)

enum {
#define LOG_FIELD_ENUM(name) LOG_##name,
    LOG_FIELDS(LOG_FIELD_ENUM)
#undef LOG_FIELD_ENUM
        LOG_FIELD_COUNT
};

static const char *const log_fields[LOG_FIELD_COUNT] = {
#define LOG_FIELD_STRING(name) #name,
    LOG_FIELDS(LOG_FIELD_STRING)
#undef LOG_FIELD_STRING
};

/* Pushes nil for a log of which all traces are read. */
static void push_shard(lua_State *L, const tr_lua_shard *shard) {
    if (shard->count == 0) {
        lua_pushnil(L);
        return;
    }
    lua_createtable(L, 0, 2); /* shard */
    tr_lua_set_unsigned(L, "index", shard->index);
    tr_lua_set_unsigned(L, "count", shard->count);
}

static int log_index(lua_State *L) {
    const tr_keys *keys = lua_touserdata(L, lua_upvalueindex(TR_UPVALUE_KEYS));
    switch (tr_keys_find(keys, lua_tostring(L, 2))) {
    case LOG_path:
        lua_getiuservalue(L, 1, LOG_USER_VALUE_PATH);
        return 1;
    case LOG_segments:
        tr_lua_push_segments(L, push_latest(L)->log);
        return 1;
    case LOG_shard:
        push_shard(L, &check_log(L, 1)->shard);
        return 1;
    case LOG_unread:
        tr_lua_push_unread(L, push_latest(L)->log);
        return 1;
    default:
        return tr_lua_index_method(L, "a log");
    }
}

static int log_tostring(lua_State *L) {
    check_log(L, 1);
    lua_getiuservalue(L, 1, LOG_USER_VALUE_PATH);
    lua_pushfstring(L, "log %s", lua_tostring(L, -1));
    return 1;
}

static int log_replay(lua_State *L) {
    check_log(L, 1);
    tr_pace pace;
    memset(&pace, 0, sizeof pace);
    luaL_checktype(L, 2, LUA_TTABLE);
    if (lua_gettop(L) > 2 && lua_isnil(L, -1)) {
        lua_pop(L, 1); /* options that the caller has none of */
    }
    if (lua_gettop(L) > 2 && tr_lua_is_pace(L, lua_gettop(L))) {
        tr_lua_read_pace(L, lua_gettop(L), &pace);
        lua_pop(L, 1);
    }
    int handler_count = lua_gettop(L) - 1;
    tr_lua_cursor *cursor = tr_lua_push_fresh_cursor(L); /* log, handlers..., cursor */
    if (pace.follows) {
        tr_log_follow(cursor->log);
    }
    tr_lua_run_replay(L, lua_gettop(L), handler_count, &pace);
    lua_settop(L, 1);
    return 1;
}

static int log_records(lua_State *L) {
    check_log(L, 1);
    lua_settop(L, 2);
    if (!lua_isnil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
        tr_lua_check_filter_keys(L, 2);
        tr_lua_push_filter(L, 2, check_log(L, 1)->names);
        lua_replace(L, 2);
    }
    tr_lua_push_fresh_cursor(L); /* log, filter, cursor */
    tr_lua_push_records(L, 3, 2);
    return 1;
}

static int log_history(lua_State *L) {
    check_log(L, 1);
    uint32_t lost = lua_isnoneornil(L, 2) ? 0 : tr_lua_to_u32(L, 2, "lost");
    tr_lua_push_fresh_cursor(L); /* log, ..., cursor */
    return tr_lua_push_history(L, lua_gettop(L), lost);
}

static int log_pick(lua_State *L) {
    check_log(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    tr_lua_push_fresh_cursor(L); /* log, numbers, ..., cursor */
    return tr_lua_push_picked(L, lua_gettop(L), 2);
}

/* Reads on to the end of the log; an interrupt ends it early. */
static void read_on(lua_State *L, tr_lua_cursor *cursor, const tr_lua_slots *slots) {
    tr_event event;
    tr_status status = TR_OK;
    cursor->is_taken = true;
    tr_lua_set_cursor_state(cursor, TR_CURSOR_IN_TRACES);
    while ((status == TR_OK || status == TR_GAP || status == TR_ERROR_INTERRUPTED) &&
           tr_lua_stop_flag == TR_STOP_NONE) {
        status = tr_lua_cursor_next(L, cursor, slots, &event);
    }
    tr_lua_set_cursor_state(cursor, status == TR_END ? TR_CURSOR_ENDED : TR_CURSOR_STOPPED);
    if (status != TR_OK && status != TR_GAP && status != TR_END && status != TR_ERROR_INTERRUPTED) {
        tr_lua_raise_status(L, status, tr_replay_error(cursor->replay));
    }
}

static int log_traces(lua_State *L) {
    check_log(L, 1);
    lua_settop(L, 1);
    tr_lua_cursor *cursor = push_latest(L);
    if (cursor->replay == NULL) {
        tr_lua_begin_cursor(L, cursor, 1, TR_CURSOR_STOPPED);
    }
    tr_lua_push_slots(L, 2); /* log, cursor, cursor, handles, metatables... */
    const tr_lua_slots slots = {3, 4, 5, 6};
    if (cursor->state != TR_CURSOR_ENDED && cursor->state != TR_CURSOR_IN_REPLAY) {
        read_on(L, cursor, &slots);
    }
    tr_lua_push_sorted_traces(L, cursor->core, cursor->script_count, cursor->names, &slots,
                              tr_replay_traces(cursor->replay));
    return 1;
}

static int log_gaps(lua_State *L) {
    check_log(L, 1);
    const tr_lua_cursor *cursor = push_latest(L);
    lua_createtable(L, (int)cursor->gap_count, 0); /* cursor, gaps */
    for (size_t i = 0; i < cursor->gap_count; i++) {
        tr_lua_push_gap(L, &cursor->gaps[i].gap, cursor->gaps[i].segment_name);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* Adds what the state machine has met; nothing, before the first record was asked for. */
static void set_replay_statistics(lua_State *L, const tr_lua_cursor *cursor) {
    const tr_replay *replay = cursor->replay;
    const uint64_t *counts = replay == NULL ? NULL : tr_replay_violation_counts(replay);
    lua_newtable(L); /* statistics, violations */
    for (unsigned bit = 0; counts != NULL && bit < TR_VIOLATION_COUNT; bit++) {
        if (counts[bit] > 0) {
            tr_lua_set_unsigned(L, tr_violation_name(bit), counts[bit]);
        }
    }
    lua_setfield(L, -2, "violations");
    size_t open_count = replay == NULL ? 0 : tr_traces_open_count(tr_replay_traces(cursor->replay));
    tr_lua_set_unsigned(L, "open_traces", open_count);
    tr_lua_set_unsigned(L, "now_ns", replay == NULL ? 0 : tr_replay_now_ns(replay));
    tr_lua_set_unsigned(L, "first_ns", replay == NULL ? 0 : tr_replay_first_ns(replay));
}

static int log_stats(lua_State *L) {
    check_log(L, 1);
    const tr_lua_cursor *cursor = push_latest(L);
    tr_log_statistics statistics = tr_log_get_statistics(cursor->log);
    const tr_snapshot *snapshot = tr_log_snapshot(cursor->log);
    lua_createtable(L, 0, 10); /* statistics */
    tr_lua_set_unsigned(L, "records", statistics.records);
    tr_lua_set_unsigned(L, "record_bytes", statistics.record_bytes);
    tr_lua_set_unsigned(L, "gap_bytes", statistics.gap_bytes);
    lua_createtable(L, 0, TR_GAP_CLASS_COUNT); /* statistics, gaps */
    for (unsigned gap_class = 0; gap_class < TR_GAP_CLASS_COUNT; gap_class++) {
        tr_lua_set_unsigned(L, tr_gap_class_name((tr_gap_class)gap_class), statistics.gaps[gap_class]);
    }
    lua_setfield(L, -2, "gaps");
    tr_lua_set_flag(L, "damaged", tr_log_is_damaged(cursor->log));
    set_replay_statistics(L, cursor);
    if (snapshot != NULL) {
        tr_lua_set_unsigned(L, "snapshot_sequence", snapshot->sequence);
        tr_lua_set_unsigned(L, "snapshot_offset", snapshot->offset);
    }
    return 1;
}

/* log:record_count() -> how many records were read; of a shard, too, all of the log's */
static int log_record_count(lua_State *L) {
    check_log(L, 1);
    tr_lua_push_unsigned(L, tr_log_get_statistics(push_latest(L)->log).records);
    return 1;
}

static int log_position(lua_State *L) {
    check_log(L, 1);
    tr_position position = tr_log_position(push_latest(L)->log);
    lua_createtable(L, 0, 2); /* position */
    tr_lua_set_unsigned(L, "sequence", position.sequence);
    tr_lua_set_unsigned(L, "offset", position.offset);
    return 1;
}

/* ---- open ---- */

int tr_lua_open_log(lua_State *L) {
    const char *path = tr_lua_check_path(L, 1);
    lua_settop(L, 2);
    tr_lua_log *self = lua_newuserdatauv(L, sizeof *self, LOG_USER_VALUES); /* path, options, log */
    memset(self, 0, sizeof *self);
    self->names = tr_lua_core_of(L)->names;
    if (!lua_isnil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
        tr_lua_read_log_options(L, 2, self);
    }
    tr_lua_cursor *cursor = tr_lua_push_cursor(L, path, &self->options);
    cursor->is_measured = self->is_measured;
    cursor->shard = self->shard;
    lua_setiuservalue(L, 3, LOG_USER_VALUE_CURSOR);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, 3, LOG_USER_VALUE_PATH);
    luaL_setmetatable(L, TR_LUA_LOG);
    return 1;
}

static int open_and_finish(lua_State *L) {
    tr_lua_open_log(L); /* path, options, log */
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, 3);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_call(L, 3, 0);
    return 1;
}

int tr_lua_new_opener(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_pushcclosure(L, open_and_finish, 1);
    return 1;
}

int tr_lua_name_nodes(lua_State *L) {
    lua_settop(L, 2);
    uint32_t names = tr_lua_number_names(L, 1);
    if (lua_isnil(L, 2)) {
        tr_lua_core_of(L)->names = names;
        return 0;
    }
    check_log(L, 2)->names = names;
    lua_getiuservalue(L, 2, LOG_USER_VALUE_CURSOR);
    ((tr_lua_cursor *)lua_touserdata(L, -1))->names = names;
    return 0;
}

void tr_lua_open_log_type(lua_State *L) {
    static const luaL_Reg methods[] = {{"replay", log_replay},
                                       {"records", log_records},
                                       {"history", log_history},
                                       {"pick", log_pick},
                                       {"traces", log_traces},
                                       {"gaps", log_gaps},
                                       {"stats", log_stats},
                                       {"position", log_position},
                                       {"record_count", log_record_count},
                                       {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__tostring", log_tostring}, {NULL, NULL}};
    tr_lua_new_type(L, TR_LUA_LOG, log_fields, LOG_FIELD_COUNT, methods, metamethods, log_index, 0);
}
