#include "lua/sort.h"

#include <limits.h>
#include <stdbool.h>

#include <lauxlib.h>

enum { SLOT_ARRAY = 1, SLOT_COMPARE, SLOT_FROM, SLOT_TO };

/* Whether the value on top of the stack comes before the one below it. Leaves both. */
static bool top_is_less(lua_State *L, bool has_compare) {
    if (!has_compare) {
        return lua_compare(L, -1, -2, LUA_OPLT);
    }
    lua_pushvalue(L, SLOT_COMPARE);
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -4);
    lua_call(L, 2, 1);
    bool is_less = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return is_less;
}

/* Merges from[first..middle-1] and from[middle..end-1], each sorted, into to[first..end-1]. */
static void merge(lua_State *L, lua_Integer first, lua_Integer middle, lua_Integer end, bool has_compare) {
    lua_Integer left = first;
    lua_Integer right = middle;
    for (lua_Integer out = first; out < end; out++) {
        bool takes_right = left == middle;
        if (left < middle && right < end) {
            lua_rawgeti(L, SLOT_FROM, left);
            lua_rawgeti(L, SLOT_FROM, right);
            takes_right = top_is_less(L, has_compare);
            lua_pop(L, 2);
        }
        lua_rawgeti(L, SLOT_FROM, takes_right ? right++ : left++);
        lua_rawseti(L, SLOT_TO, out);
    }
}

int tr_lua_sort(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer count = luaL_len(L, 1);
    if (count < 2) {
        return 0;
    }
    luaL_argcheck(L, count < INT_MAX, 1, "array too big");
    bool has_compare = !lua_isnoneornil(L, 2);
    if (has_compare) {
        luaL_checktype(L, 2, LUA_TFUNCTION);
    }
    lua_settop(L, 2);
    lua_createtable(L, (int)count, 0);
    lua_createtable(L, (int)count, 0); /* array, compare, from, to */
    for (lua_Integer i = 1; i <= count; i++) {
        lua_geti(L, SLOT_ARRAY, i);
        lua_rawseti(L, SLOT_FROM, i);
    }
    for (lua_Integer width = 1; width < count; width *= 2) {
        for (lua_Integer first = 1; first <= count; first += 2 * width) {
            lua_Integer middle = first + width <= count ? first + width : count + 1;
            lua_Integer end = middle + width <= count ? middle + width : count + 1;
            merge(L, first, middle, end, has_compare);
        }
        lua_insert(L, SLOT_FROM); /* what was filled is where the next round reads */
    }
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, SLOT_FROM, i);
        lua_seti(L, SLOT_ARRAY, i);
    }
    return 0;
}
