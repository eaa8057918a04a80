#include "lua/asker.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/cursor.h"
#include "lua/failure.h"
#include "lua/future.h"
#include "lua/rec.h"
#include "lua/trace.h"
#include "lua/type.h"
#include "tracereel/history.h"

#define TR_LUA_ASKER "tracereel.asker"

/* A state in which the script left it to the engine. */
typedef struct asked_state {
    uint64_t shape;
    uint64_t count; /* 0: the place is free */
    uint64_t next_number;
    bool is_noteworthy;
} asked_state;

typedef struct asker {
    uint64_t number; /* of the record, from 1 */
    uint64_t asked_count;
    const char *calling; /* NULL between records */
    asked_state *states; /* open addressing by the shape, which is a hash */
    size_t state_count;
    size_t capacity;
} asker;

/* The upvalues of the function that is called for each record: those after the history as they were given. */
enum {
    ASKER = 1,
    HISTORY,
    NEW_DEFAULT,
    ASK_TAINTED,
    RECOVER,
    CHECKED,
    CHECK,
    ON_DEFAULT,
    ON_OTHER,
    ON_VERDICT,
    ON_CLOSED,
    DEFAULTS,
    UPVALUE_COUNT = DEFAULTS
};

/* Its stack. */
enum { SLOT_HISTORY = 1, SLOT_TRACE, SLOT_CURSOR, SLOT_DEFAULT, SLOT_CHOSEN };

/* ---- states ---- */

static asked_state *place_of(asked_state *states, size_t capacity, uint64_t shape) {
    size_t place = (size_t)shape & (capacity - 1);
    while (states[place].count != 0 && states[place].shape != shape) {
        place = (place + 1) & (capacity - 1);
    }
    return &states[place];
}

static void grow(lua_State *L, asker *self) {
    size_t capacity = self->capacity == 0 ? 64 : 2 * self->capacity;
    asked_state *states = calloc(capacity, sizeof *states);
    if (states == NULL) {
        tr_lua_raise_status(L, TR_ERROR_MEMORY, NULL);
    }
    for (size_t i = 0; i < self->capacity; i++) {
        if (self->states[i].count != 0) {
            *place_of(states, capacity, self->states[i].shape) = self->states[i];
        }
    }
    free(self->states);
    self->states = states;
    self->capacity = capacity;
}

/* The state, counted once more. */
static asked_state *count_state(lua_State *L, asker *self, uint64_t shape) {
    if (self->state_count >= self->capacity / 2) {
        grow(L, self);
    }
    asked_state *state = place_of(self->states, self->capacity, shape);
    if (state->count == 0) {
        *state = (asked_state){.shape = shape, .next_number = 1};
        self->state_count++;
    }
    state->count++;
    return state;
}

/* ---- calls ---- */

static void push_upvalue(lua_State *L, int upvalue) {
    lua_pushvalue(L, lua_upvalueindex(upvalue));
}

/* Pushes what a function that has something to say gets: the record's number, the record, the trace and the decision.
 */
static void push_point(lua_State *L, const asker *self) {
    const tr_lua_cursor *cursor = lua_touserdata(L, SLOT_CURSOR);
    tr_lua_push_unsigned(L, self->number);
    luaL_getmetatable(L, TR_LUA_REC);
    const tr_lua_slots slots = {.cursor = SLOT_CURSOR, .rec_metatable = lua_gettop(L)};
    tr_lua_push_event_rec(L, cursor, &slots, cursor->event); /* number, metatable, record */
    lua_remove(L, -2);
    lua_pushvalue(L, SLOT_TRACE);
    lua_pushvalue(L, SLOT_CHOSEN);
}

/* Leaves the engine's decision in SLOT_DEFAULT: one for each open trace, however often it is asked about. */
static void need_default(lua_State *L, lua_Integer slot) {
    if (lua_rawgeti(L, lua_upvalueindex(DEFAULTS), slot) != LUA_TNIL) {
        return;
    }
    lua_pop(L, 1);
    push_upvalue(L, NEW_DEFAULT);
    lua_pushvalue(L, SLOT_TRACE);
    lua_call(L, 1, 1);
    lua_pushvalue(L, -1);
    lua_rawseti(L, lua_upvalueindex(DEFAULTS), slot);
}

/* Leaves what the script answers in SLOT_CHOSEN. */
static void ask(lua_State *L, const tr_trace *trace) {
    bool is_tainted = tr_trace_is_tainted(trace);
    if (is_tainted) { /* they are rare, and have rules of their own */
        push_upvalue(L, ASK_TAINTED);
    }
    push_upvalue(L, RECOVER);
    lua_pushvalue(L, SLOT_TRACE);
    if (is_tainted) {
        lua_call(L, 2, 1);
        return;
    }
    lua_pushvalue(L, SLOT_DEFAULT);
    lua_call(L, 2, 1);
}

/* Where the script leaves it to the engine. */
static void note_default(lua_State *L, asker *self, uint64_t shape) {
    asked_state *state = count_state(L, self, shape);
    if (self->number < state->next_number && !state->is_noteworthy) {
        return;
    }
    push_upvalue(L, ON_DEFAULT);
    tr_lua_push_unsigned(L, shape);
    tr_lua_push_unsigned(L, state->count);
    push_point(L, self);
    lua_call(L, 6, 2);
    state = place_of(self->states, self->capacity, shape);
    state->next_number = (uint64_t)lua_tointeger(L, -2);
    state->is_noteworthy = lua_toboolean(L, -1);
    lua_pop(L, 2);
}

/* Makes of what the script gave the decision that is meant; raises where it is none. */
static void check_answer(lua_State *L) {
    if (lua_isnil(L, SLOT_CHOSEN)) {
        lua_pushvalue(L, SLOT_DEFAULT);
        lua_replace(L, SLOT_CHOSEN);
    } else if (!lua_rawequal(L, SLOT_CHOSEN, SLOT_DEFAULT)) {
        push_upvalue(L, CHECKED);
        lua_pushvalue(L, SLOT_CHOSEN);
        lua_pushvalue(L, SLOT_DEFAULT);
        lua_call(L, 2, 1);
        lua_replace(L, SLOT_CHOSEN);
    }
}

/* Counts the answer, and says what there is to say of it. */
static void note_answer(lua_State *L, asker *self, uint64_t shape) {
    if (lua_rawequal(L, SLOT_CHOSEN, SLOT_DEFAULT)) {
        note_default(L, self, shape);
        return;
    }
    push_upvalue(L, ON_OTHER);
    tr_lua_push_unsigned(L, shape);
    push_point(L, self);
    lua_call(L, 5, 0);
}

static void check(lua_State *L, asker *self, const tr_lua_history *history) {
    push_upvalue(L, CHECK);
    lua_pushvalue(L, SLOT_TRACE);
    lua_pushvalue(L, SLOT_CHOSEN);
    tr_lua_push_future(L, history, (uint32_t)(self->number - 1));
    self->calling = "check";
    lua_call(L, 3, 1);
    if (!lua_isnil(L, -1) && (!lua_isboolean(L, -1) || !lua_toboolean(L, -1))) {
        push_upvalue(L, ON_VERDICT);
        lua_insert(L, -2);
        push_point(L, self);
        lua_call(L, 5, 0);
    }
}

static uint64_t shape_of(lua_State *L, const tr_lua_history *history, const tr_trace *trace, uint32_t number) {
    const tr_moment *moment = tr_history_moment(history->history, number);
    tr_shape_step step = {number, moment->first, moment->next, moment->node_id};
    uint64_t shape = 0;
    tr_status status = tr_shapes_of(history->shapes, trace, step, &shape);
    if (status != TR_OK) {
        tr_lua_raise_status(L, status, NULL);
    }
    return shape;
}

/* The handler of every record, which gets nothing but the trace. */
static int step(lua_State *L) {
    asker *self = lua_touserdata(L, lua_upvalueindex(ASKER));
    const tr_lua_history *history = lua_touserdata(L, lua_upvalueindex(HISTORY));
    lua_settop(L, 1);
    if (lua_isnil(L, 1)) {
        return 0;
    }
    push_upvalue(L, HISTORY);
    lua_insert(L, SLOT_HISTORY);
    const tr_trace *trace = ((const tr_lua_trace *)lua_touserdata(L, SLOT_TRACE))->trace;
    lua_getiuservalue(L, SLOT_TRACE, TR_HANDLE_OWNER); /* an event's trace is not detached: the cursor */
    const tr_lua_cursor *cursor = lua_touserdata(L, SLOT_CURSOR);
    self->number = tr_log_get_statistics(cursor->log).records;
    if (self->number > tr_history_count(history->history)) {
        return 0; /* where the log grows, what has come since has no known future */
    }
    lua_Integer slot = (lua_Integer)trace->log_slot + 1;
    if (!tr_lua_is_open(trace)) {
        lua_pushnil(L);
        lua_rawseti(L, lua_upvalueindex(DEFAULTS), slot);
        push_upvalue(L, ON_CLOSED);
        lua_pushvalue(L, SLOT_TRACE);
        lua_call(L, 1, 0);
        return 0;
    }
    uint64_t shape = shape_of(L, history, trace, (uint32_t)(self->number - 1));
    need_default(L, slot);
    cursor->core->script_index = 0; /* the script's own table comes first: its `trace.data` */
    self->calling = "recover";
    ask(L, trace);
    check_answer(L);
    self->calling = "own";
    self->asked_count++;
    note_answer(L, self, shape);
    if (!lua_isnil(L, lua_upvalueindex(CHECK))) {
        check(L, self, history);
    }
    self->calling = NULL;
    return 0;
}

/* ---- methods ---- */

int tr_lua_new_asker(lua_State *L) {
    lua_settop(L, 1 + DEFAULTS - NEW_DEFAULT);
    asker *self = lua_newuserdatauv(L, sizeof *self, 0);
    *self = (asker){0};
    luaL_setmetatable(L, TR_LUA_ASKER);
    lua_insert(L, 1); /* asker, history, functions */
    lua_pushvalue(L, 1);
    lua_insert(L, 1); /* asker, upvalues */
    lua_newtable(L);
    lua_pushcclosure(L, step, UPVALUE_COUNT);
    lua_insert(L, 1);
    return 2;
}

/* asker:progress() -> how often it asked; what it was calling, or nil */
static int asker_progress(lua_State *L) {
    const asker *self = tr_lua_check_object(L, 1, TR_LUA_ASKER);
    tr_lua_push_unsigned(L, self->asked_count);
    lua_pushstring(L, self->calling);
    tr_lua_push_unsigned(L, self->number);
    return 3;
}

/* asker:counts() -> how often each state was left to the engine, by its shape */
static int asker_counts(lua_State *L) {
    const asker *self = tr_lua_check_object(L, 1, TR_LUA_ASKER);
    lua_newtable(L);
    for (size_t i = 0; i < self->capacity; i++) {
        if (self->states[i].count != 0) {
            tr_lua_push_unsigned(L, self->states[i].count);
            lua_rawseti(L, -2, (lua_Integer)self->states[i].shape);
        }
    }
    return 1;
}

static int asker_finalize(lua_State *L) {
    asker *self = tr_lua_check_object(L, 1, TR_LUA_ASKER);
    free(self->states);
    self->states = NULL;
    self->capacity = self->state_count = 0;
    return 0;
}

static int asker_index(lua_State *L) {
    return tr_lua_index_method(L, "an asker");
}

/* ---- open ---- */

void tr_lua_open_asker(lua_State *L) {
    static const luaL_Reg methods[] = {{"progress", asker_progress}, {"counts", asker_counts}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", asker_finalize}, {NULL, NULL}};
    tr_lua_new_type(L, TR_LUA_ASKER, NULL, 0, methods, metamethods, asker_index, 0);
}
