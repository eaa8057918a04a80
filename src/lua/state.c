#include "lua/state.h"

#include <string.h>

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/core.h"
#include "lua/cursor.h"
#include "lua/failure.h"
#include "lua/rec.h"
#include "lua/trace.h"
#include "lua/type.h"
#include "tracereel/record.h"
#include "tracereel/status.h"
#include "tracereel/trace.h"

#define TR_LUA_STATE "tracereel.state"

typedef struct tr_lua_state {
    tr_lua_core *core;
    tr_traces *traces;
    tr_trace *closed;  /* closed by the last record: what its handle shows must be moved before the next call */
    size_t told_bytes; /* of tr_lua_tell_memory */
    uint32_t names;    /* number of lua/node_names.h: those of what was put into it or applied last */
} tr_lua_state;

enum { STATE_USER_VALUE_HANDLES = 1, STATE_USER_VALUES = STATE_USER_VALUE_HANDLES };

/* ---- check ---- */

static tr_lua_state *check_state(lua_State *L, int index) {
    tr_lua_state *self = tr_lua_check_object(L, index, TR_LUA_STATE);
    luaL_argcheck(L, self->traces != NULL, index, "the state was finalized");
    return self;
}

static void tell_memory(lua_State *L, tr_lua_state *self) {
    tr_lua_tell_memory(L, &self->told_bytes, tr_traces_memory_bytes(self->traces));
}

/* ---- push ---- */

int tr_lua_new_state(lua_State *L) {
    lua_settop(L, 0);
    tr_lua_state *self = lua_newuserdatauv(L, sizeof *self, STATE_USER_VALUES); /* state */
    memset(self, 0, sizeof *self);
    self->core = tr_lua_core_of(L);
    self->names = self->core->names;
    luaL_setmetatable(L, TR_LUA_STATE);
    lua_newtable(L);
    lua_setiuservalue(L, -2, STATE_USER_VALUE_HANDLES);
    self->traces = tr_traces_new();
    if (self->traces == NULL) {
        return tr_lua_raise_status(L, TR_ERROR_MEMORY, NULL);
    }
    tell_memory(L, self);
    return 1;
}

/* Pushes what handles need: the state at index 1 takes the place of a cursor. */
static tr_lua_slots push_slots(lua_State *L) {
    int first = lua_gettop(L) + 1;
    lua_pushvalue(L, 1);
    lua_getiuservalue(L, 1, STATE_USER_VALUE_HANDLES);
    luaL_getmetatable(L, TR_LUA_REC);
    luaL_getmetatable(L, TR_LUA_TRACE); /* state, handles, metatable of records, metatable of traces */
    return (tr_lua_slots){first, first + 1, first + 2, first + 3};
}

static void keep_closed(lua_State *L, tr_lua_state *self, const tr_lua_slots *slots) {
    if (self->closed != NULL) {
        tr_lua_detach_trace(L, slots, self->closed);
        self->closed = NULL;
    }
}

/* ---- fields and methods ---- */

static int state_index(lua_State *L) {
    return tr_lua_index_method(L, "a state");
}

static int state_put(lua_State *L) {
    tr_lua_state *self = check_state(L, 1);
    const tr_lua_trace *given = tr_lua_check_trace(L, 2);
    lua_settop(L, 2);
    luaL_argcheck(L, tr_lua_is_open(given->trace), 2, "only an open trace can be put into a state");
    const tr_lua_slots slots = push_slots(L);
    keep_closed(L, self, &slots);
    tr_trace *trace = tr_traces_find(self->traces, given->trace->id);
    if (trace != NULL && trace != given->trace) {
        tr_lua_detach_trace(L, &slots, trace); /* a handle of what stood here before keeps showing that */
    }
    tr_status status = tr_traces_put(self->traces, given->trace, &trace);
    tell_memory(L, self);
    if (status != TR_OK) {
        return tr_lua_raise_status(L, status, NULL);
    }
    self->names = given->names;
    tr_lua_push_handle(L, self->core, given->script_count, self->names, &slots, trace); /* ..., handle */
    for (int place = TR_HANDLE_FIRST_DATA; place < TR_HANDLE_FIRST_DATA + (int)given->script_count; place++) {
        lua_getiuservalue(L, 2, place);
        lua_setiuservalue(L, -2, place);
    }
    return 1;
}

static void push_violations(lua_State *L, uint32_t violations) {
    lua_Integer count = 0;
    lua_newtable(L); /* codes */
    for (unsigned bit = 0; bit < TR_VIOLATION_COUNT; bit++) {
        if ((violations & 1u << bit) != 0) {
            lua_pushstring(L, tr_violation_name(bit));
            lua_rawseti(L, -2, ++count);
        }
    }
}

static int state_apply(lua_State *L) {
    tr_lua_state *self = check_state(L, 1);
    const tr_lua_rec *rec = tr_lua_check_rec(L, 2);
    lua_settop(L, 2);
    const tr_lua_slots slots = push_slots(L);
    keep_closed(L, self, &slots);
    tr_trace *trace;
    uint32_t violations;
    tr_status status = tr_traces_apply(self->traces, &rec->view.record, rec->view.suspect, &trace, &violations);
    tell_memory(L, self);
    if (status != TR_OK) {
        return tr_lua_raise_status(L, status, NULL);
    }
    self->names = rec->view.names;
    if (trace == NULL) {
        lua_pushnil(L);
    } else {
        self->closed = tr_lua_is_open(trace) ? NULL : trace;
        tr_lua_push_handle(L, self->core, 1, self->names, &slots, trace);
    }
    push_violations(L, violations);
    return 2;
}

static int state_note_damage(lua_State *L) {
    tr_traces_note_damage(check_state(L, 1)->traces);
    return 0;
}

static int state_trace(lua_State *L) {
    tr_lua_state *self = check_state(L, 1);
    uint8_t id[TR_TRACE_ID_BYTES];
    tr_lua_to_called_trace_id(L, 2, "trace_id", id);
    const tr_lua_slots slots = push_slots(L);
    const tr_trace *trace = tr_traces_find(self->traces, id);
    if (trace == NULL) {
        lua_pushnil(L);
    } else {
        tr_lua_push_handle(L, self->core, 1, self->names, &slots, trace);
    }
    return 1;
}

static int state_traces(lua_State *L) {
    tr_lua_state *self = check_state(L, 1);
    lua_settop(L, 1);
    const tr_lua_slots slots = push_slots(L);
    tr_lua_push_sorted_traces(L, self->core, 1, self->names, &slots, self->traces);
    return 1;
}

static int state_tostring(lua_State *L) {
    const tr_lua_state *self = check_state(L, 1);
    lua_pushfstring(L, "state of %I open traces", (LUAI_UACINT)tr_traces_open_count(self->traces));
    return 1;
}

/* ---- open ---- */

static int state_finalize(lua_State *L) {
    tr_lua_state *self = tr_lua_check_object(L, 1, TR_LUA_STATE);
    lua_getiuservalue(L, 1, STATE_USER_VALUE_HANDLES); /* handles */
    tr_lua_forget_handles(L);
    tr_traces_free(self->traces);
    self->traces = NULL;
    tr_lua_tell_memory(L, &self->told_bytes, 0);
    return 0;
}

void tr_lua_open_state(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"put", state_put},     {"apply", state_apply},   {"note_damage", state_note_damage},
        {"trace", state_trace}, {"traces", state_traces}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__tostring", state_tostring}, {"__gc", state_finalize}, {NULL, NULL}};
    tr_lua_new_type(L, TR_LUA_STATE, NULL, 0, methods, metamethods, state_index, 0);
}
