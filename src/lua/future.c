#include "lua/future.h"

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/keys.h"
#include "lua/type.h"
#include "tracereel/history.h"
#include "tracereel/record.h"
#include "tracereel/trace.h"

#define TR_LUA_FUTURE "tracereel.future"
#define TR_LUA_TIMES "tracereel.times"

/* User value 1 is the history, which keeps what is shown alive. Times are futures of which one type of record is meant.
 */
typedef struct tr_lua_future {
    const tr_lua_history *owner;
    uint32_t number; /* of the record after which it begins */
    uint8_t type;    /* of times: tr_record_type */
} tr_lua_future;

enum { FUTURE_OWNER = 1 };

/* ---- check ---- */

/* Only a finalizer that runs after the history's can meet a future without one. */
static const tr_lua_future *check_owner(lua_State *L, const tr_lua_future *self) {
    if (self->owner->history == NULL) {
        luaL_error(L, "the history was finalized");
    }
    return self;
}

/* ---- push ---- */

void tr_lua_push_future(lua_State *L, const tr_lua_history *owner, uint32_t number) {
    tr_lua_future *future = lua_newuserdatauv(L, sizeof *future, 1); /* future */
    *future = (tr_lua_future){owner, number, 0};
    lua_getiuservalue(L, 1, HISTORY_USER_VALUE_FUTURE);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, FUTURE_OWNER);
}

/* ---- fields and methods ---- */

/* Beside these, a field for each type of record that a trace has. */
#define FUTURE_FIELDS(X) X(outcome) X(end_ns) X(record_count) X(unseen)

enum {
#define FUTURE_ENUM(name) FUTURE_##name,
    FUTURE_FIELDS(FUTURE_ENUM) FUTURE_FIELD_COUNT
#undef FUTURE_ENUM
};

static const tr_moment *here(const tr_lua_future *self) {
    return tr_history_moment(self->owner->history, self->number);
}

static uint32_t next_of(const tr_lua_future *self, uint32_t number) {
    return tr_history_moment(self->owner->history, number)->next;
}

static void push_times_of(lua_State *L, const tr_lua_future *self, uint8_t type) {
    tr_lua_future *times = lua_newuserdatauv(L, sizeof *times, 1); /* times */
    *times = *self;
    times->type = type;
    luaL_setmetatable(L, TR_LUA_TIMES);
    lua_getiuservalue(L, 1, FUTURE_OWNER);
    lua_setiuservalue(L, -2, FUTURE_OWNER);
}

/* Pushes the times of the records of a type, in order; nil where there is none. `node_id` NULL: of any node. */
static void push_list(lua_State *L, const tr_lua_future *self, uint8_t type, const uint32_t *node_id) {
    lua_Integer count = 0;
    for (uint32_t at = next_of(self, self->number); at != TR_NONE; at = next_of(self, at)) {
        const tr_moment *moment = tr_history_moment(self->owner->history, at);
        if (moment->type != type || (node_id != NULL && moment->node_id != *node_id)) {
            continue;
        }
        if (count == 0) {
            lua_createtable(L, 1, 0); /* times */
        }
        tr_lua_push_unsigned(L, moment->timestamp_ns);
        lua_rawseti(L, -2, ++count);
    }
    if (count == 0) {
        lua_pushnil(L);
    }
}

/* Pushes the field of the type whose name is at index 2: of one that names a node the times by node. */
static void push_field_of_type(lua_State *L, const tr_lua_future *self) {
    size_t length = 0;
    const char *name = lua_tolstring(L, 2, &length);
    uint8_t type = (uint8_t)tr_record_type_from_name(name, length);
    if (tr_record_type_has(type, TR_HAS_NODE)) {
        push_times_of(L, self, type);
    } else {
        push_list(L, self, type, NULL);
    }
}

static void push_record_count(lua_State *L, const tr_lua_future *self) {
    lua_Integer count = 0;
    for (uint32_t at = next_of(self, self->number); at != TR_NONE; at = next_of(self, at)) {
        count++;
    }
    lua_pushinteger(L, count);
}

static void push_end_ns(lua_State *L, const tr_lua_future *self) {
    uint32_t at = self->number;
    if (here(self)->outcome == TR_TRACE_RUNNING) {
        lua_pushnil(L);
        return;
    }
    while (next_of(self, at) != TR_NONE) {
        at = next_of(self, at);
    }
    tr_lua_push_unsigned(L, tr_history_moment(self->owner->history, at)->timestamp_ns);
}

static void push_moment(lua_State *L, const tr_moment *moment) {
    lua_createtable(L, 0, 3); /* record */
    tr_lua_set_name(L, "type", tr_record_type_name(moment->type));
    lua_pushinteger(L, (lua_Integer)moment->node_id);
    lua_setfield(L, -2, "node_id");
    tr_lua_set_unsigned(L, "timestamp_ns", moment->timestamp_ns);
}

static void push_moments(lua_State *L, const tr_lua_future *self, bool only_unseen) {
    lua_Integer count = 0;
    lua_newtable(L); /* records */
    for (uint32_t at = next_of(self, self->number); at != TR_NONE; at = next_of(self, at)) {
        if (only_unseen && !tr_history_is_unseen(self->owner->history, self->number, at, self->owner->lost)) {
            break;
        }
        push_moment(L, tr_history_moment(self->owner->history, at));
        lua_rawseti(L, -2, ++count);
    }
}

static void push_outcome(lua_State *L, const tr_lua_future *self) {
    unsigned outcome = here(self)->outcome;
    lua_pushstring(L, outcome == TR_TRACE_RUNNING ? "open" : tr_trace_status_name(outcome));
}

/* The metatable is locked, so nothing but a future gets here. */
static int future_index(lua_State *L) {
    const tr_lua_future *self = check_owner(L, lua_touserdata(L, 1));
    int field = tr_keys_find(lua_touserdata(L, lua_upvalueindex(TR_UPVALUE_KEYS)), lua_tostring(L, 2));
    switch (field) {
    case FUTURE_outcome:
        push_outcome(L, self);
        return 1;
    case FUTURE_end_ns:
        push_end_ns(L, self);
        return 1;
    case FUTURE_record_count:
        push_record_count(L, self);
        return 1;
    case FUTURE_unseen:
        push_moments(L, self, true);
        return 1;
    default:
        if (field < 0) {
            return tr_lua_index_method(L, "a future");
        }
        push_field_of_type(L, self);
        return 1;
    }
}

/* future:records() -> all that is to come */
static int future_records(lua_State *L) {
    push_moments(L, check_owner(L, tr_lua_check_object(L, 1, TR_LUA_FUTURE)), false);
    return 1;
}

/* The metatable is locked, so nothing but times get here. */
static int times_index(lua_State *L) {
    const tr_lua_future *self = check_owner(L, lua_touserdata(L, 1));
    uint32_t node_id = tr_lua_to_u32(L, 2, "node_id");
    push_list(L, self, self->type, &node_id);
    return 1;
}

/* ---- open ---- */

void tr_lua_open_future(lua_State *L) {
    static const luaL_Reg methods[] = {{"records", future_records}, {NULL, NULL}};
    static const luaL_Reg none[] = {{NULL, NULL}};
#define FUTURE_STRING(name) #name,
    const char *fields[FUTURE_FIELD_COUNT + TR_RECORD_TYPE_COUNT] = {FUTURE_FIELDS(FUTURE_STRING)};
#undef FUTURE_STRING
    int count = FUTURE_FIELD_COUNT;
    for (unsigned type = 0; type < TR_RECORD_TYPE_COUNT; type++) {
        if (tr_record_type_has(type, TR_HAS_TRACE)) {
            fields[count++] = tr_record_type_name(type);
        }
    }
    tr_lua_new_type(L, TR_LUA_FUTURE, fields, count, methods, none, future_index, 0);
    tr_lua_new_type(L, TR_LUA_TIMES, NULL, 0, none, none, times_index, 0);
}

void tr_lua_push_future_metatable(lua_State *L) {
    luaL_getmetatable(L, TR_LUA_FUTURE);
}
