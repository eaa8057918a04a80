#include "lua/history.h"

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/asker.h"
#include "lua/cursor.h"
#include "lua/failure.h"
#include "lua/future.h"
#include "lua/stop.h"
#include "lua/trace.h"
#include "lua/type.h"
#include "tracereel/replay.h"
#include "tracereel/status.h"
#include "tracereel/trace.h"

#define TR_LUA_HISTORY "tracereel.history"

/* ---- check ---- */

static tr_lua_history *check_history(lua_State *L) {
    tr_lua_history *self = tr_lua_check_object(L, 1, TR_LUA_HISTORY);
    luaL_argcheck(L, self->history != NULL, 1, "the history was finalized");
    return self;
}

/* The record with the number, from 1, at `index`. */
static uint32_t check_number(lua_State *L, const tr_lua_history *self, int index) {
    lua_Integer number = luaL_checkinteger(L, index);
    luaL_argcheck(L, number >= 1 && number <= (lua_Integer)tr_history_count(self->history), index,
                  "the number of a record, from 1; is the log growing?");
    return (uint32_t)(number - 1);
}

/* ---- push ---- */

/* A history that nobody holds any more may have the files, or the memory, that a new one needs. */
static tr_history *open_history(lua_State *L) {
    /* It weighs more than the collector knows: it holds a file. */
    enum { WEIGHT_KIB = 64 };
    lua_gc(L, LUA_GCSTEP, WEIGHT_KIB);
    tr_history *history = NULL;
    tr_error error = {""};
    tr_status status = tr_history_open(&history, &error);
    if (status == TR_ERROR_TOO_MANY || status == TR_ERROR_MEMORY) {
        lua_gc(L, LUA_GCCOLLECT);
        status = tr_history_open(&history, &error);
    }
    if (status != TR_OK) {
        tr_lua_raise_status(L, status, &error);
    }
    return history;
}

static tr_status add_all(lua_State *L, tr_lua_cursor *cursor, const tr_lua_slots *slots, tr_history *history) {
    tr_event event;
    tr_status status = TR_OK;
    while (tr_lua_stop_flag == TR_STOP_NONE) {
        status = tr_lua_cursor_next(L, cursor, slots, &event);
        if (status == TR_OK) {
            tr_error error = {""};
            tr_status added = tr_history_add(history, &event, &error);
            if (added != TR_OK) {
                tr_lua_set_cursor_state(cursor, TR_CURSOR_STOPPED);
                tr_lua_raise_status(L, added, &error);
            }
        } else if (status != TR_GAP && status != TR_ERROR_INTERRUPTED) {
            break;
        }
    }
    return status;
}

/* What comes of a cursor that is over: `error`, where it did not come to its end. */
static void end_cursor(lua_State *L, tr_lua_cursor *cursor, tr_status status, const tr_error *error) {
    tr_lua_set_cursor_state(cursor, status == TR_END ? TR_CURSOR_ENDED : TR_CURSOR_STOPPED);
    if (tr_lua_stop_flag == TR_STOP_LIMIT) {
        luaL_error(L, "a limit on the script was reached");
    } else if (status == TR_ERROR_MEMORY) {
        tr_lua_raise_status(L, status, NULL);
    } else if (status > TR_GAP && status != TR_ERROR_INTERRUPTED) {
        tr_lua_raise_status(L, status, error);
    }
}

static tr_lua_slots push_slots(lua_State *L, int cursor_index) {
    int first = lua_gettop(L) + 1;
    tr_lua_push_slots(L, cursor_index);
    return (tr_lua_slots){first, first + 1, first + 2, first + 3};
}

int tr_lua_push_history(lua_State *L, int cursor_index, uint32_t lost) {
    tr_lua_cursor *cursor = lua_touserdata(L, cursor_index);
    tr_lua_history *self = lua_newuserdatauv(L, sizeof *self, HISTORY_USER_VALUES); /* history */
    int index = lua_gettop(L);
    *self = (tr_lua_history){.lost = lost};
    luaL_setmetatable(L, TR_LUA_HISTORY);
    tr_lua_push_future_metatable(L); /* at hand for every future */
    lua_setiuservalue(L, -2, HISTORY_USER_VALUE_FUTURE);
    self->history = open_history(L);
    self->shapes = tr_shapes_new();
    if (self->shapes == NULL) {
        return tr_lua_raise_status(L, TR_ERROR_MEMORY, NULL);
    }
    const tr_lua_slots slots = push_slots(L, cursor_index);
    tr_lua_begin_cursor(L, cursor, 1, TR_CURSOR_IN_TRACES);
    tr_status status = add_all(L, cursor, &slots, self->history);
    end_cursor(L, cursor, status, tr_replay_error(cursor->replay));
    tr_history_finish(self->history);
    lua_settop(L, index);
    return 1;
}

/* The number at `place` in the table of numbers, or 0 after its end. */
static lua_Integer wanted_number(lua_State *L, int numbers_index, lua_Integer place, lua_Integer before) {
    lua_Integer number = 0;
    if (lua_rawgeti(L, numbers_index, place) != LUA_TNIL) {
        number = lua_tointeger(L, -1);
        luaL_argcheck(L, number > before, numbers_index, "numbers from 1, each larger than the one before");
    }
    lua_pop(L, 1);
    return number;
}

/* Traces are not needed for records by their number, where none is left out for what its trace is. */
static bool shows_every_record(const tr_lua_cursor *cursor) {
    return !cursor->is_measured && cursor->shard.count <= 1;
}

int tr_lua_push_picked(lua_State *L, int cursor_index, int numbers_index) {
    tr_lua_cursor *cursor = lua_touserdata(L, cursor_index);
    lua_newtable(L); /* records */
    int records_index = lua_gettop(L);
    const tr_lua_slots slots = push_slots(L, cursor_index);
    tr_lua_begin_cursor(L, cursor, 1, TR_CURSOR_IN_TRACES);
    tr_event event;
    tr_status status = TR_OK;
    bool is_plain = shows_every_record(cursor);
    lua_Integer place = 1, number = 0, wanted = wanted_number(L, numbers_index, place, 0);
    while (wanted != 0 && tr_lua_stop_flag == TR_STOP_NONE) {
        status = is_plain ? tr_lua_cursor_next_record(L, cursor, &event.record)
                          : tr_lua_cursor_next(L, cursor, &slots, &event);
        if (status == TR_OK && ++number == wanted) {
            tr_lua_push_event_rec(L, cursor, &slots, &event);
            lua_rawseti(L, records_index, place);
            wanted = wanted_number(L, numbers_index, ++place, wanted);
        } else if (status != TR_OK && status != TR_GAP && status != TR_ERROR_INTERRUPTED) {
            break;
        }
    }
    end_cursor(L, cursor, status, is_plain ? tr_log_error(cursor->log) : tr_replay_error(cursor->replay));
    lua_settop(L, records_index);
    return 1;
}

/* ---- fields and methods ---- */

static int history_index(lua_State *L) {
    return tr_lua_index_method(L, "a history");
}

static int history_length(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)tr_history_count(check_history(L)->history));
    return 1;
}

/* history:at(number, trace, with_future) -> shape, tainted, future; nothing where the trace is closed */
static int history_at(lua_State *L) {
    const tr_lua_history *self = check_history(L);
    uint32_t number = check_number(L, self, 2);
    const tr_trace *trace = tr_lua_check_trace(L, 3)->trace;
    if (!tr_lua_is_open(trace)) {
        return 0;
    }
    bool with_future = lua_toboolean(L, 4);
    const tr_moment *moment = tr_history_moment(self->history, number);
    tr_shape_step step = {number, moment->first, moment->next, moment->node_id};
    uint64_t shape = 0;
    tr_status status = tr_shapes_of(self->shapes, trace, step, &shape);
    if (status != TR_OK) {
        return tr_lua_raise_status(L, status, NULL);
    }
    tr_lua_push_unsigned(L, shape);
    lua_pushboolean(L, tr_trace_is_tainted(trace));
    if (!with_future) {
        return 2;
    }
    tr_lua_push_future(L, self, number);
    return 3;
}

/* history:future(number) -> future */
static int history_future(lua_State *L) {
    const tr_lua_history *self = check_history(L);
    tr_lua_push_future(L, self, check_number(L, self, 2));
    return 1;
}

static bool is_run(const tr_moment *moment, uint32_t node_id) {
    return moment->node_id == node_id && (moment->type == TR_TYPE_NODE_START || moment->type == TR_TYPE_NODE_DONE ||
                                          moment->type == TR_TYPE_NODE_ERROR);
}

/* history:has_run(number, node_id, from_first) -> boolean: in what recovery at that record does not see; and with
 * `from_first` in all that came before it, too */
static int history_has_run(lua_State *L) {
    const tr_lua_history *self = check_history(L);
    uint32_t number = check_number(L, self, 2), node_id = tr_lua_to_u32(L, 3, "node_id");
    const tr_moment *here = tr_history_moment(self->history, number);
    bool has_run = false;
    for (uint32_t at = lua_toboolean(L, 4) ? here->first : here->next; at != TR_NONE && !has_run;) {
        const tr_moment *moment = tr_history_moment(self->history, at);
        if (at > number && !tr_history_is_unseen(self->history, number, at, self->lost)) {
            break;
        }
        has_run = is_run(moment, node_id);
        at = moment->next;
    }
    lua_pushboolean(L, has_run);
    return 1;
}

/* history:life(number, max_later) -> numbers of all the records of that trace's life, up to so many after the given
 * one; and the place of that */
static int history_life(lua_State *L) {
    const tr_lua_history *self = check_history(L);
    uint32_t number = check_number(L, self, 2);
    lua_Integer max_later = luaL_optinteger(L, 3, LUA_MAXINTEGER);
    lua_Integer count = 0, place = 0;
    lua_newtable(L); /* numbers */
    for (uint32_t at = tr_history_moment(self->history, number)->first; at != TR_NONE;) {
        if (place > 0 && count - place >= max_later) {
            break;
        }
        lua_pushinteger(L, (lua_Integer)at + 1);
        lua_rawseti(L, -2, ++count);
        place = at == number ? count : place;
        at = tr_history_moment(self->history, at)->next;
    }
    lua_pushinteger(L, place);
    return 2;
}

static int history_finalize(lua_State *L) {
    tr_lua_history *self = tr_lua_check_object(L, 1, TR_LUA_HISTORY);
    tr_history_close(self->history);
    tr_shapes_free(self->shapes);
    self->history = NULL;
    self->shapes = NULL;
    return 0;
}

/* ---- open ---- */

void tr_lua_open_history(lua_State *L) {
    static const luaL_Reg methods[] = {{"at", history_at},           {"future", history_future},
                                       {"has_run", history_has_run}, {"life", history_life},
                                       {"asker", tr_lua_new_asker},  {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__len", history_length}, {"__gc", history_finalize}, {NULL, NULL}};
    tr_lua_new_type(L, TR_LUA_HISTORY, NULL, 0, methods, metamethods, history_index, 0);
    tr_lua_open_future(L);
    tr_lua_open_asker(L);
}
