#include "lua/records.h"

#include <lauxlib.h>

#include "lua/cursor.h"
#include "lua/failure.h"
#include "lua/stop.h"
#include "lua/trace.h"
#include "tracereel/replay.h"
#include "tracereel/status.h"

enum { RECORDS_CURSOR = 1, RECORDS_HANDLES, RECORDS_REC_METATABLE, RECORDS_TRACE_METATABLE, RECORDS_FILTER };

static const tr_lua_slots records_slots = {lua_upvalueindex(RECORDS_CURSOR), lua_upvalueindex(RECORDS_HANDLES),
                                           lua_upvalueindex(RECORDS_REC_METATABLE),
                                           lua_upvalueindex(RECORDS_TRACE_METATABLE)};

static int push_event(lua_State *L, tr_lua_cursor *cursor, const tr_event *event) {
    tr_lua_push_event_rec(L, cursor, &records_slots, event);
    if (event->trace == NULL) {
        lua_pushnil(L);
    } else {
        tr_lua_push_trace(L, cursor, &records_slots, event->trace);
    }
    return 2;
}

static int records_next(lua_State *L) {
    tr_lua_cursor *cursor = lua_touserdata(L, lua_upvalueindex(RECORDS_CURSOR));
    const tr_filter *filter = lua_touserdata(L, lua_upvalueindex(RECORDS_FILTER));
    tr_event event;
    if (cursor->is_taken) {
        return luaL_error(L, "log:traces() has read this log to its end: nothing is left for records()");
    }
    while (cursor->state == TR_CURSOR_IN_RECORDS && tr_lua_stop_flag == TR_STOP_NONE) {
        tr_status status = tr_lua_cursor_next(L, cursor, &records_slots, &event);
        if (status == TR_OK) {
            if (filter == NULL || tr_filter_passes(filter, &event.record)) {
                return push_event(L, cursor, &event);
            }
        } else if (status == TR_END) {
            tr_lua_set_cursor_state(cursor, TR_CURSOR_ENDED);
        } else if (status != TR_GAP && status != TR_ERROR_INTERRUPTED) {
            tr_lua_set_cursor_state(cursor, TR_CURSOR_STOPPED);
            return tr_lua_raise_status(L, status, tr_replay_error(cursor->replay));
        }
    }
    if (tr_lua_stop_flag == TR_STOP_LIMIT) {
        return luaL_error(L, "a limit on the script was reached");
    }
    return 0;
}

void tr_lua_push_records(lua_State *L, int cursor_index, int filter_index) {
    tr_lua_push_slots(L, cursor_index); /* cursor, handles, metatables */
    lua_pushvalue(L, filter_index);
    lua_pushcclosure(L, records_next, RECORDS_FILTER);
    tr_lua_begin_cursor(L, lua_touserdata(L, cursor_index), 1, TR_CURSOR_IN_RECORDS);
}
