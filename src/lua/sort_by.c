#include "lua/sort_by.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>

#include <lauxlib.h>

enum { MAX_FIELDS = 2 };
enum { SLOT_LIST = 1, SLOT_FIRST_FIELD, SLOT_PLACES = SLOT_FIRST_FIELD + MAX_FIELDS, SLOT_ITEMS };

typedef struct place {
    uint64_t values[MAX_FIELDS];
    lua_Integer index;
} place;

static int compare_places(const void *left_pointer, const void *right_pointer) {
    const place *left = left_pointer, *right = right_pointer;
    for (int i = 0; i < MAX_FIELDS; i++) {
        if (left->values[i] != right->values[i]) {
            return left->values[i] < right->values[i] ? -1 : 1;
        }
    }
    return (left->index > right->index) - (left->index < right->index);
}

/* Of a field of the item on top of the stack: what comes later has the larger value. */
static uint64_t value_of(lua_State *L, int field) {
    if (lua_isnil(L, field)) {
        return 0;
    }
    const char *name = lua_tostring(L, field);
    lua_getfield(L, -1, *name == '-' ? name + 1 : name);
    int is_integer = 0;
    uint64_t value = (uint64_t)lua_tointegerx(L, -1, &is_integer);
    if (!is_integer) {
        luaL_error(L, "sort_by: an integer expected in the field %s, got %s", name, luaL_typename(L, -1));
    }
    lua_pop(L, 1);
    return *name == '-' ? UINT64_MAX - value : value;
}

int tr_lua_sort_by(lua_State *L) {
    luaL_checktype(L, SLOT_LIST, LUA_TTABLE);
    luaL_checkstring(L, SLOT_FIRST_FIELD);
    luaL_optstring(L, SLOT_FIRST_FIELD + 1, NULL);
    lua_settop(L, SLOT_PLACES - 1);
    size_t count = lua_rawlen(L, SLOT_LIST);
    if (count < 2) {
        return 0;
    }
    luaL_argcheck(L, count < INT_MAX, SLOT_LIST, "list too long");
    place *places = lua_newuserdatauv(L, count * sizeof *places, 0); /* ..., places */
    lua_createtable(L, (int)count, 0);                               /* ..., places, items */
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, SLOT_LIST, (lua_Integer)i + 1); /* ..., item */
        luaL_checktype(L, -1, LUA_TTABLE);
        for (int field = 0; field < MAX_FIELDS; field++) {
            places[i].values[field] = value_of(L, SLOT_FIRST_FIELD + field);
        }
        places[i].index = (lua_Integer)i + 1;
        lua_rawseti(L, SLOT_ITEMS, (lua_Integer)i + 1);
    }
    qsort(places, count, sizeof *places, compare_places);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, SLOT_ITEMS, places[i].index);
        lua_rawseti(L, SLOT_LIST, (lua_Integer)i + 1);
    }
    return 0;
}
