#include "lua/handlers.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "lua/aggregate.h"
#include "lua/arguments.h"
#include "lua/core.h"
#include "lua/failure.h"
#include "lua/filter.h"
#include "lua/timing.h"

/* Those of handlers first, then those that only a script has. */
static const char *const known_keys[] = {
#define KEY_OF_TYPE(number, constant, name, meanings) #name,
#define KEY(name) #name,
    TR_RECORD_TYPES(KEY_OF_TYPE) TR_HANDLER_EVENTS(KEY) "every", "timing", "aggregates",
    TR_FILTER_KEYS(KEY) TR_SCRIPT_KEYS(KEY)
#undef KEY_OF_TYPE
#undef KEY
};

enum {
#define ONE(name) +1
    SCRIPT_KEY_COUNT = sizeof known_keys / sizeof *known_keys,
    HANDLER_KEY_COUNT = SCRIPT_KEY_COUNT - (0 TR_SCRIPT_KEYS(ONE))
#undef ONE
};

void tr_lua_push_handler_keys(lua_State *L, bool with_script_keys) {
    int count = with_script_keys ? SCRIPT_KEY_COUNT : HANDLER_KEY_COUNT;
    lua_createtable(L, count, 0); /* keys */
    for (int i = 0; i < count; i++) {
        lua_pushstring(L, known_keys[i]);
        lua_rawseti(L, -2, i + 1);
    }
}

static bool is_known_key(const char *name) {
    for (int i = 0; i < SCRIPT_KEY_COUNT; i++) {
        if (strcmp(known_keys[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void raise_unknown_key(lua_State *L, int key_index) {
    luaL_Buffer list;
    luaL_buffinit(L, &list);
    for (int i = 0; i < SCRIPT_KEY_COUNT; i++) {
        luaL_addstring(&list, i == 0 ? "" : ", ");
        luaL_addstring(&list, known_keys[i]);
    }
    luaL_pushresult(&list);
    const char *known = lua_tostring(L, -1);
    luaL_error(L, "handlers have no key '%s'; they have %s", tr_lua_push_name(L, key_index), known);
}

static void check_keys(lua_State *L, int index) {
    lua_pushnil(L); /* an unknown key */
    lua_pushnil(L);
    while (lua_next(L, index) != 0) { /* unknown, key, value */
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING || !is_known_key(lua_tostring(L, -1))) {
            tr_lua_keep_first(L, lua_gettop(L), lua_gettop(L) - 1);
        }
    }
    if (!lua_isnil(L, -1)) {
        raise_unknown_key(L, lua_gettop(L));
    }
    lua_pop(L, 1);
}

/* What a function will not look at need not be made for it. */
static int count_parameters(lua_State *L) {
    lua_Debug information;
    lua_pushvalue(L, -1);
    lua_getinfo(L, ">u", &information);
    return information.isvararg || information.nparams > 3 ? 3 : information.nparams;
}

/* Replaces the userdata on top of the stack by its function. */
static void resolve_declared(lua_State *L, int anchor_index, const char *name, const tr_declared *declared) {
    const char *problem = tr_lua_push_declared_problem(L, declared, name);
    if (problem != NULL) {
        luaL_error(L, "the handler %s", problem);
    }
    tr_lua_push_declared_function(L, -1); /* declared, function */
    lua_insert(L, -2);
    lua_pushboolean(L, true);
    lua_rawset(L, anchor_index); /* function */
}

/* Pushes the handler of that name, if there is one. Returns 1 then, otherwise 0. */
static int resolve(lua_State *L, int index, int anchor_index, const char *name, int slot, tr_handler *handler) {
    lua_pushstring(L, name);
    int type = lua_rawget(L, index);
    if (type == LUA_TNIL) {
        lua_pop(L, 1);
        return 0;
    }
    handler->declared = tr_lua_test_declared(L, -1);
    if (handler->declared != NULL) {
        resolve_declared(L, anchor_index, name, handler->declared);
    } else if (type != LUA_TFUNCTION) {
        luaL_error(L, "the handler %s must be a function, is a %s", name, lua_typename(L, type));
    }
    handler->slot = slot;
    handler->parameters = count_parameters(L);
    return 1;
}

static uint64_t to_period(lua_State *L, int index) {
    lua_pushliteral(L, "every");
    if (lua_rawget(L, index) == LUA_TNIL) {
        luaL_error(L, "tick needs `every`, the time between ticks, for example every = \"1s\"");
    }
    if (lua_type(L, -1) == LUA_TSTRING) {
        tr_lua_push_core_value(L, TR_CORE_DURATION_PARSER); /* text, parser */
        if (lua_isnil(L, -1)) {
            luaL_error(L, "every must be an integer, in nanoseconds");
        }
        lua_pushvalue(L, -2);
        lua_call(L, 1, 2); /* text, ns, problem */
        if (lua_isnil(L, -2)) {
            luaL_error(L, "every = \"%s\": %s", lua_tostring(L, -3), lua_tostring(L, -1));
        }
        lua_pop(L, 1); /* text, ns */
        lua_replace(L, -2);
    }
    lua_Integer every_ns = (lua_Integer)tr_lua_to_u64(L, -1, "every");
    if (every_ns <= 0) {
        luaL_error(L, "every must be above 0");
    }
    lua_pop(L, 1);
    return (uint64_t)every_ns;
}

/* Notes the timing that closed traces are added to, if there is one. */
static void resolve_timing(lua_State *L, int index, int anchor_index, tr_handlers *handlers) {
    lua_pushliteral(L, "timing");
    if (lua_rawget(L, index) == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    handlers->timing = tr_lua_check_timing(L, -1, "timing");
    handlers->types |= 1u << TR_TYPE_TRACE_COMPLETE | 1u << TR_TYPE_TRACE_FAILED;
    lua_pushboolean(L, true);
    lua_rawset(L, anchor_index);
}

static size_t count_pairs(lua_State *L, int index) {
    size_t count = 0;
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        count++;
    }
    return count;
}

/* What is no aggregate is on top of the stack. */
_Noreturn static void refuse_aggregate(lua_State *L) {
    luaL_error(L, "aggregates: aggregates expected, such as tracereel.count_by { key = \"node_id\" }, got %s",
               tr_lua_push_got(L, -1));
    abort(); /* luaL_error does not return, but does not say so */
}

/* Notes the aggregates that records are added to, if there are any. */
static void resolve_aggregates(lua_State *L, int index, int anchor_index, tr_handlers *handlers) {
    lua_pushliteral(L, "aggregates");
    int type = lua_rawget(L, index); /* aggregates */
    int table_index = lua_gettop(L);
    if (type != LUA_TNIL && type != LUA_TTABLE) {
        luaL_error(L, "aggregates must be a table of aggregates, is a %s", lua_typename(L, type));
    }
    size_t count = type == LUA_TNIL ? 0 : count_pairs(L, table_index);
    if (count > 0) {
        handlers->aggregates = lua_newuserdatauv(L, count * sizeof(tr_lua_aggregate *), 0);
        lua_pushboolean(L, true);
        lua_rawset(L, anchor_index);
        lua_pushnil(L);
    }
    while (count > 0 && lua_next(L, table_index) != 0) { /* aggregates, key, aggregate */
        tr_lua_aggregate *aggregate = tr_lua_test_aggregate(L, -1);
        if (aggregate == NULL) {
            refuse_aggregate(L);
        }
        handlers->aggregates[handlers->aggregate_count++] = aggregate;
        handlers->aggregate_types |= aggregate->conditions->types;
        lua_pushboolean(L, true);
        lua_rawset(L, anchor_index); /* aggregates, key */
    }
    handlers->types |= handlers->aggregate_types;
    lua_settop(L, table_index - 1);
}

int tr_lua_resolve_handlers(lua_State *L, int index, int anchor_index, int first_slot, uint32_t names,
                            tr_handlers *handlers) {
    int count = 0;
    luaL_checktype(L, index, LUA_TTABLE);
    tr_lua_check_stack(L, TR_RECORD_TYPE_COUNT + LUA_MINSTACK, "too many handlers");
    memset(handlers, 0, sizeof *handlers);
    check_keys(L, index);
    handlers->filter = tr_lua_push_filter(L, index, names); /* filter */
    lua_pushboolean(L, true);
    if (handlers->filter == NULL) {
        lua_pop(L, 2);
    } else {
        lua_rawset(L, anchor_index);
    }
    for (unsigned type = 0; type < TR_RECORD_TYPE_COUNT; type++) {
        tr_handler *handler = &handlers->by_type[type];
        count += resolve(L, index, anchor_index, tr_record_type_name(type), first_slot + count, handler);
        handlers->types |= handler->slot == 0 ? 0 : 1u << type;
    }
    resolve_timing(L, index, anchor_index, handlers);
    resolve_aggregates(L, index, anchor_index, handlers);
#define RESOLVE_EVENT(name) count += resolve(L, index, anchor_index, #name, first_slot + count, &handlers->name);
    TR_HANDLER_EVENTS(RESOLVE_EVENT)
#undef RESOLVE_EVENT
    if (handlers->record.slot != 0) {
        handlers->types = UINT32_MAX;
    }
    if (handlers->tick.slot != 0) {
        handlers->every_ns = to_period(L, index);
    }
    return count;
}
