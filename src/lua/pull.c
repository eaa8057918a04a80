/* log:records(): the records of a log, one for each call of an iterator. */
#include "lua/binding.h"

enum { PULL_READING = 1, PULL_HANDLES, PULL_REC_METATABLE, PULL_TRACE_METATABLE, PULL_FILTER };

static const tr_lua_slots pull_slots = {lua_upvalueindex(PULL_READING), lua_upvalueindex(PULL_HANDLES),
                                        lua_upvalueindex(PULL_REC_METATABLE), lua_upvalueindex(PULL_TRACE_METATABLE)};

static int push_event(lua_State *L, tr_lua_reading *reading, const tr_event *event) {
    tr_lua_push_event_rec(L, reading, &pull_slots, event);
    if (event->trace == NULL) {
        lua_pushnil(L);
    } else {
        tr_lua_push_trace(L, reading, &pull_slots, event->trace);
    }
    return 2;
}

static int pull_next(lua_State *L) {
    tr_lua_reading *reading = lua_touserdata(L, lua_upvalueindex(PULL_READING));
    const tr_filter *filter = lua_touserdata(L, lua_upvalueindex(PULL_FILTER));
    tr_event event;
    if (reading->is_taken) {
        return luaL_error(L, "log:traces() has read this log to its end: nothing is left for records()");
    }
    while (reading->state == TR_READING_PULLING && tr_lua_stop_flag == TR_STOP_NONE) {
        tr_status status = tr_lua_reading_next(L, reading, &pull_slots, &event);
        if (status == TR_OK) {
            if (filter == NULL || tr_filter_passes(filter, &event.record)) {
                return push_event(L, reading, &event);
            }
        } else if (status == TR_END) {
            tr_lua_set_reading_state(reading, TR_READING_ENDED);
        } else if (status != TR_GAP && status != TR_ERROR_INTERRUPTED) {
            tr_lua_set_reading_state(reading, TR_READING_STOPPED);
            return tr_lua_raise_status(L, status, tr_replay_error(reading->replay));
        }
    }
    if (tr_lua_stop_flag == TR_STOP_LIMIT) {
        return luaL_error(L, "a limit on the script was reached");
    }
    return 0;
}

void tr_lua_push_pull(lua_State *L, int reading_index, int filter_index) {
    tr_lua_push_slots(L, reading_index); /* reading, handles, metatables */
    lua_pushvalue(L, filter_index);
    lua_pushcclosure(L, pull_next, PULL_FILTER);
    tr_lua_begin_reading(L, lua_touserdata(L, reading_index), 1, TR_READING_PULLING);
}
