#include "lua/cursor.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/failure.h"
#include "lua/rec.h"
#include "lua/stop.h"
#include "lua/trace.h"
#include "lua/type.h"

#define TR_LUA_CURSOR "tracereel.cursor"

enum { CURSOR_USER_VALUE_HANDLES = 1 };

const tr_log *volatile tr_lua_log_being_read;

static bool is_active(tr_lua_cursor_state state) {
    return state == TR_CURSOR_IN_REPLAY || state == TR_CURSOR_IN_RECORDS || state == TR_CURSOR_IN_TRACES;
}

void tr_lua_set_cursor_state(tr_lua_cursor *cursor, tr_lua_cursor_state state) {
    tr_lua_active_cursors += is_active(state) - is_active(cursor->state);
    cursor->state = state;
    if (is_active(state)) {
        tr_lua_log_being_read = cursor->log;
    } else if (tr_lua_log_being_read == cursor->log) {
        tr_lua_log_being_read = NULL;
    }
}

/* ---- push ---- */

tr_lua_cursor *tr_lua_push_cursor(lua_State *L, const char *path, const tr_log_options *options) {
    /* An open log weighs more than the collector knows: it maps files and keeps traces. */
    enum { WEIGHT_KIB = 64 };
    lua_gc(L, LUA_GCSTEP, WEIGHT_KIB);
    tr_lua_cursor *self = lua_newuserdatauv(L, sizeof *self, 1); /* cursor */
    memset(self, 0, sizeof *self);
    self->core = tr_lua_core_of(L);
    self->names = self->core->names;
    self->segment_index = UINT32_MAX;
    luaL_setmetatable(L, TR_LUA_CURSOR);
    lua_newtable(L);
    lua_setiuservalue(L, -2, CURSOR_USER_VALUE_HANDLES);
    tr_error error = {""};
    tr_log_options with_stop = *options;
    with_stop.stop = &tr_lua_stop_flag;
    options = &with_stop;
    tr_status status = tr_log_open(path, options, &self->log, &error);
    if (status == TR_ERROR_TOO_MANY || status == TR_ERROR_MEMORY) {
        lua_gc(L, LUA_GCCOLLECT); /* logs that nobody holds any more may have the files or the memory */
        status = tr_log_open(path, options, &self->log, &error);
    }
    while (status == TR_ERROR_INTERRUPTED && tr_lua_stop_flag == TR_STOP_NONE) {
        status = tr_log_open(path, options, &self->log, &error);
    }
    if (status != TR_OK) {
        tr_lua_raise_status(L, status, &error);
    }
    self->place = tr_log_place(self->log);
    return self;
}

void tr_lua_begin_cursor(lua_State *L, tr_lua_cursor *cursor, uint32_t script_count, tr_lua_cursor_state state) {
    tr_status status = tr_replay_open(cursor->log, &cursor->replay);
    if (status != TR_OK) {
        tr_lua_raise_status(L, status, NULL);
    }
    if (cursor->is_measured) {
        tr_replay_measure(cursor->replay);
    }
    if (cursor->shard.count > 0) {
        status = tr_replay_set_shard(cursor->replay, cursor->shard.index, cursor->shard.count);
        if (status != TR_OK) {
            tr_replay_close(cursor->replay);
            cursor->replay = NULL;
            tr_lua_raise_status(L, status, NULL);
        }
    }
    cursor->script_count = script_count;
    tr_lua_set_cursor_state(cursor, state);
}

void tr_lua_push_slots(lua_State *L, int index) {
    lua_pushvalue(L, index);
    lua_getiuservalue(L, index, CURSOR_USER_VALUE_HANDLES);
    luaL_getmetatable(L, TR_LUA_REC);
    luaL_getmetatable(L, TR_LUA_TRACE); /* cursor, handles, metatable of records, metatable of traces */
}

/* ---- reading on ---- */

/* The number of a name in TR_CORE_SEGMENT_NAMES; new names are added. */
static uint32_t number_segment_name(lua_State *L, const char *name) {
    tr_lua_push_core_value(L, TR_CORE_SEGMENT_NAMES); /* names */
    if (lua_getfield(L, -1, name) == LUA_TNIL) {
        lua_Integer next = (lua_Integer)lua_rawlen(L, -2) + 1;
        lua_pop(L, 1);
        lua_pushstring(L, name);
        lua_rawseti(L, -2, next);
        lua_pushinteger(L, next);
        lua_setfield(L, -2, name);
        lua_pushinteger(L, next); /* names, number */
    }
    uint32_t number = (uint32_t)lua_tointeger(L, -1);
    lua_pop(L, 2);
    return number;
}

static void note_gap(lua_State *L, tr_lua_cursor *cursor) {
    const tr_gap *gap = tr_log_gap(cursor->log);
    cursor->gap_segment_name = number_segment_name(L, gap->segment);
    if (cursor->gap_count == TR_LUA_MAX_GAPS_KEPT) {
        return;
    }
    if (cursor->gap_count == cursor->gap_capacity) {
        size_t capacity = cursor->gap_capacity == 0 ? 8 : 2 * cursor->gap_capacity;
        tr_lua_gap *gaps = realloc(cursor->gaps, capacity * sizeof *gaps);
        if (gaps == NULL) {
            tr_lua_raise_status(L, TR_ERROR_MEMORY, NULL);
        }
        cursor->gaps = gaps;
        cursor->gap_capacity = capacity;
    }
    cursor->gaps[cursor->gap_count++] = (tr_lua_gap){*gap, cursor->gap_segment_name};
}

static inline void note_segment(lua_State *L, tr_lua_cursor *cursor) {
    if (cursor->place->segment_index != cursor->segment_index) {
        cursor->segment_name = number_segment_name(L, cursor->place->segment);
        cursor->segment_index = cursor->place->segment_index;
    }
}

static inline __attribute__((always_inline)) tr_status next_event(lua_State *L, tr_lua_cursor *cursor,
                                                                  const tr_lua_slots *slots, tr_event *event) {
    if (cursor->closed != NULL) {
        tr_lua_detach_trace(L, slots, cursor->closed);
        cursor->closed = NULL;
    }
    tr_status status = tr_replay_next(cursor->replay, event);
    cursor->event = event;
    if (status == TR_OK) {
        cursor->closed = event->trace != NULL && !tr_lua_is_open(event->trace) ? event->trace : NULL;
        note_segment(L, cursor);
    } else if (status == TR_GAP) {
        note_gap(L, cursor);
    }
    return status;
}

tr_status tr_lua_cursor_next(lua_State *L, tr_lua_cursor *cursor, const tr_lua_slots *slots, tr_event *event) {
    return next_event(L, cursor, slots, event);
}

tr_status tr_lua_cursor_next_of(lua_State *L, tr_lua_cursor *cursor, const tr_lua_slots *slots, tr_wanted_events wanted,
                                tr_event *event) {
    for (;;) {
        tr_status status = next_event(L, cursor, slots, event);
        if (status != TR_OK || (wanted.types >> (unsigned)tr_record_type_of(&event->record) & 1u) != 0 ||
            (wanted.violations && event->violations != 0) || tr_lua_stop_flag != TR_STOP_NONE) {
            return status;
        }
    }
}

tr_record_view tr_lua_view_record(const tr_lua_cursor *cursor, const tr_event *event) {
    return (tr_record_view){event->record,
                            cursor->place->position.sequence,
                            cursor->place->position.offset,
                            cursor->segment_name,
                            cursor->names,
                            cursor->place->suspect};
}

tr_status tr_lua_cursor_next_record(lua_State *L, tr_lua_cursor *cursor, tr_record *record) {
    tr_status status = tr_log_next(cursor->log, record);
    if (status == TR_OK) {
        note_segment(L, cursor);
    } else if (status == TR_GAP) {
        note_gap(L, cursor);
    }
    return status;
}

void tr_lua_push_event_rec(lua_State *L, const tr_lua_cursor *cursor, const tr_lua_slots *slots,
                           const tr_event *event) {
    tr_record_view view = tr_lua_view_record(cursor, event);
    tr_lua_push_rec(L, cursor->core, &view, slots->rec_metatable);
}

void tr_lua_push_gap(lua_State *L, const tr_gap *gap, uint32_t segment_name) {
    lua_createtable(L, 0, 8); /* gap */
    tr_lua_set_name(L, "class", tr_gap_class_name(gap->gap_class));
    tr_lua_set_flag(L, "damage", tr_gap_class_is_damage(gap->gap_class));
    tr_lua_push_core_value(L, TR_CORE_SEGMENT_NAMES);
    lua_rawgeti(L, -1, (lua_Integer)segment_name); /* gap, names, name */
    lua_setfield(L, -3, "segment");
    lua_pop(L, 1);
    tr_lua_set_unsigned(L, "sequence", gap->position.sequence);
    tr_lua_set_unsigned(L, "offset", gap->position.offset);
    tr_lua_set_unsigned(L, "length", gap->length_bytes);
    tr_lua_set_unsigned(L, "missing_count", gap->missing_count);
    tr_lua_set_name(L, "detail", gap->detail);
}

/* ---- open ---- */

/* Other finalizers may still hold handles of traces: they must not look into what is freed here. */
static void forget_traces(lua_State *L) {
    lua_getiuservalue(L, 1, CURSOR_USER_VALUE_HANDLES); /* handles */
    tr_lua_forget_handles(L);
}

static int cursor_finalize(lua_State *L) {
    tr_lua_cursor *self = tr_lua_check_object(L, 1, TR_LUA_CURSOR);
    tr_lua_set_cursor_state(self, TR_CURSOR_ENDED);
    forget_traces(L);
    tr_replay_close(self->replay);
    tr_log_close(self->log);
    free(self->gaps);
    self->replay = NULL;
    self->log = NULL;
    self->gaps = NULL;
    self->gap_count = 0;
    return 0;
}

void tr_lua_open_cursor(lua_State *L) {
    luaL_newmetatable(L, TR_LUA_CURSOR); /* metatable */
    lua_pushcfunction(L, cursor_finalize);
    lua_setfield(L, -2, "__gc");
    lua_pushliteral(L, TR_LUA_CURSOR);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
