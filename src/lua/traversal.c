#include "lua/traversal.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

typedef enum key_rank { RANK_NUMBER, RANK_TEXT, RANK_BOOLEAN, RANK_OBJECT } key_rank;

typedef struct ordered_key {
    key_rank rank;
    bool is_integer;
    size_t place;  /* from 1, among the keys as Lua gives them */
    size_t length; /* of `text` */
    union {
        lua_Integer integer; /* a boolean is 0 or 1 */
        lua_Number number;
        const char *text; /* of an object: what it is ordered by */
    } as;
} ordered_key;

enum { UPVALUE_TELL = 1, UPVALUE_CACHE };                                              /* of pairs and next */
enum { UPVALUE_TABLE = 1, UPVALUE_KEYS, UPVALUE_PLACE, UPVALUES_ALL = UPVALUE_PLACE }; /* of an iterator */

/* ---- order ---- */

static int compare_numbers(const ordered_key *left, const ordered_key *right) {
    if (left->is_integer && right->is_integer) {
        return (left->as.integer > right->as.integer) - (left->as.integer < right->as.integer);
    }
    lua_Number a = left->is_integer ? (lua_Number)left->as.integer : left->as.number;
    lua_Number b = right->is_integer ? (lua_Number)right->as.integer : right->as.number;
    return a != b ? (a > b) - (a < b) : right->is_integer - left->is_integer; /* 2^63 is above every integer */
}

static int compare_texts(const ordered_key *left, const ordered_key *right) {
    size_t shared = left->length < right->length ? left->length : right->length;
    int order = memcmp(left->as.text, right->as.text, shared);
    return order != 0 ? order : (left->length > right->length) - (left->length < right->length);
}

static int compare_keys(const void *left_pointer, const void *right_pointer) {
    const ordered_key *left = left_pointer;
    const ordered_key *right = right_pointer;
    if (left->rank != right->rank) {
        return left->rank < right->rank ? -1 : 1;
    }
    if (left->rank == RANK_TEXT || left->rank == RANK_OBJECT) {
        return compare_texts(left, right);
    }
    return compare_numbers(left, right);
}

/* Reads the key at `index`. The text of an object is not known yet. */
static ordered_key read_key(lua_State *L, int index) {
    ordered_key key = {.rank = RANK_OBJECT};
    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
        key.rank = RANK_NUMBER;
        key.is_integer = lua_isinteger(L, index);
        if (key.is_integer) {
            key.as.integer = lua_tointeger(L, index);
        } else {
            key.as.number = lua_tonumber(L, index);
        }
        break;
    case LUA_TSTRING:
        key.rank = RANK_TEXT;
        key.as.text = lua_tolstring(L, index, &key.length);
        break;
    case LUA_TBOOLEAN:
        key.rank = RANK_BOOLEAN;
        key.is_integer = true;
        key.as.integer = lua_toboolean(L, index);
        break;
    default:
        break;
    }
    return key;
}

/* ---- the keys of a table ---- */

typedef struct key_count {
    size_t all;
    bool is_sequence; /* they are 1..all, and Lua gives them in that order */
    bool has_objects;
} key_count;

static key_count count_keys(lua_State *L, int table) {
    key_count count = {0, true, false};
    lua_pushnil(L);
    while (lua_next(L, table) != 0) {
        lua_pop(L, 1); /* key */
        count.all++;
        int type = lua_type(L, -1);
        count.is_sequence &= lua_isinteger(L, -1) && lua_tointeger(L, -1) == (lua_Integer)count.all;
        count.has_objects |= type != LUA_TNUMBER && type != LUA_TSTRING && type != LUA_TBOOLEAN;
    }
    return count;
}

/* The key and its value are on top of the stack, as lua_next leaves them: puts the text that orders them into the
 * table at `texts`, which owns it. */
static void tell_object(lua_State *L, ordered_key *key, int texts) {
    lua_pushvalue(L, lua_upvalueindex(UPVALUE_TELL));
    lua_pushvalue(L, -3);
    lua_pushvalue(L, -3);
    lua_call(L, 2, 1); /* key, value, text */
    key->as.text = luaL_checklstring(L, -1, &key->length);
    lua_rawseti(L, texts, (lua_Integer)key->place); /* key, value */
}

/* Pushes an array of the keys of the table at `table`, in their order. */
static void push_sorted_keys(lua_State *L, int table, const key_count *count) {
    size_t filled = 0;
    int base = lua_gettop(L);
    lua_createtable(L, count->all < INT32_MAX ? (int)count->all : INT32_MAX, 0); /* sorted */
    if (count->is_sequence) {
        for (; filled < count->all; filled++) {
            lua_pushinteger(L, (lua_Integer)filled + 1);
            lua_rawseti(L, base + 1, (lua_Integer)filled + 1);
        }
        return;
    }
    ordered_key *keys = lua_newuserdatauv(L, count->all * sizeof *keys, 0);
    lua_createtable(L, count->all < INT32_MAX ? (int)count->all : INT32_MAX, 0); /* sorted, keys, as Lua gives them */
    lua_newtable(L);                                                             /* sorted, keys, given, texts */
    lua_pushnil(L);
    while (filled < count->all && lua_next(L, table) != 0) { /* ..., key, value */
        ordered_key *key = &keys[filled++];
        *key = read_key(L, -2);
        key->place = filled;
        if (key->rank == RANK_OBJECT) {
            tell_object(L, key, base + 4);
        }
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_rawseti(L, base + 3, (lua_Integer)filled);
    }
    qsort(keys, filled, sizeof *keys, compare_keys);
    for (size_t i = 0; i < filled; i++) {
        lua_rawgeti(L, base + 3, (lua_Integer)keys[i].place);
        lua_rawseti(L, base + 1, (lua_Integer)i + 1);
    }
    lua_settop(L, base + 1);
}

/* ---- pairs ---- */

/* Where the step goes on from: at the beginning where it is called as (table, nil). The key says nothing else. */
static lua_Integer place_before(lua_State *L) {
    bool is_first = lua_gettop(L) > 0 && lua_isnoneornil(L, 2);
    return is_first ? 0 : lua_tointeger(L, lua_upvalueindex(UPVALUE_PLACE));
}

/* A field that was cleared since is passed over, as Lua does it; one that is new is not there. */
static int step_sorted(lua_State *L) {
    lua_Integer place = place_before(L);
    while (lua_rawgeti(L, lua_upvalueindex(UPVALUE_KEYS), ++place) != LUA_TNIL) { /* key */
        lua_pushvalue(L, -1);
        if (lua_rawget(L, lua_upvalueindex(UPVALUE_TABLE)) != LUA_TNIL) { /* key, value */
            lua_pushinteger(L, place);
            lua_replace(L, lua_upvalueindex(UPVALUE_PLACE));
            return 2;
        }
        lua_pop(L, 2);
    }
    return 1;
}

/* As step_sorted, where the keys are 1..UPVALUE_KEYS. */
static int step_sequence(lua_State *L) {
    lua_Integer place = place_before(L);
    lua_Integer last = lua_tointeger(L, lua_upvalueindex(UPVALUE_KEYS));
    while (place < last) {
        lua_pushinteger(L, ++place);
        if (lua_rawgeti(L, lua_upvalueindex(UPVALUE_TABLE), place) != LUA_TNIL) { /* place, value */
            lua_pushvalue(L, -2);
            lua_replace(L, lua_upvalueindex(UPVALUE_PLACE));
            return 2;
        }
        lua_pop(L, 2);
    }
    lua_pushnil(L);
    return 1;
}

static int continue_pairs(lua_State *L, int status, lua_KContext context) {
    (void)L;
    (void)status;
    (void)context;
    return 3;
}

static int traversal_pairs(lua_State *L) {
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_callk(L, 1, 3, 0, continue_pairs);
        return 3;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    key_count count = count_keys(L, 1);
    lua_pushvalue(L, 1);
    if (count.is_sequence) {
        lua_pushinteger(L, (lua_Integer)count.all);
    } else {
        push_sorted_keys(L, 1, &count);
    }
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, count.is_sequence ? step_sequence : step_sorted, UPVALUES_ALL);
    lua_pushvalue(L, 1);
    return 2;
}

/* ---- next ---- */

/* Pushes the first key and its value. Pushes nil and returns false if there is none. No text of an object is
 * asked for here: a table that has one gets a list of its keys. */
static bool push_first(lua_State *L, int table) {
    ordered_key first = {.rank = RANK_OBJECT};
    int base = lua_gettop(L);
    lua_pushnil(L); /* the first so far */
    lua_pushnil(L); /* ..., key */
    while (lua_next(L, table) != 0) {
        lua_pop(L, 1);
        ordered_key key = read_key(L, -1);
        if (key.rank != RANK_OBJECT && (first.rank == RANK_OBJECT || compare_keys(&key, &first) < 0)) {
            first = key;
            lua_pushvalue(L, -1);
            lua_replace(L, base + 1);
        } else if (first.rank == RANK_OBJECT && lua_isnil(L, base + 1)) {
            lua_pushvalue(L, -1); /* an object, where there is nothing before it yet */
            lua_replace(L, base + 1);
        }
    }
    if (lua_isnil(L, -1)) {
        return false;
    }
    if (first.rank == RANK_OBJECT) {
        key_count count = count_keys(L, table);
        push_sorted_keys(L, table, &count);
        lua_rawgeti(L, -1, 1);
        lua_replace(L, base + 1); /* first, keys */
        lua_pushvalue(L, table);
        lua_insert(L, -2);
        lua_rawset(L, lua_upvalueindex(UPVALUE_CACHE)); /* the next step finds it also where it is cleared */
    }
    lua_pushvalue(L, -1);
    lua_rawget(L, table);
    return true;
}

/* The place of the key at index 2 among the keys on top of the stack, looked for from `place` on and then before it;
 * 0: it is not there. */
static lua_Integer find_key(lua_State *L, lua_Integer place) {
    lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
    for (lua_Integer i = 0; i < count; i++) {
        lua_Integer here = (place + i) % count + 1;
        lua_rawgeti(L, -1, here);
        bool is_it = lua_rawequal(L, -1, 2);
        lua_pop(L, 1);
        if (is_it) {
            return here;
        }
    }
    return 0;
}

/* How many of the keys on top of the stack come before the one at index 2, which is not among them: it was cleared. */
static lua_Integer count_before(lua_State *L) {
    lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
    ordered_key wanted = read_key(L, 2);
    if (wanted.rank == RANK_OBJECT) {
        luaL_error(L, "invalid key to 'next'");
    }
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, -1, i);
        ordered_key key = read_key(L, -1);
        lua_pop(L, 1);
        if (key.rank == RANK_OBJECT || compare_keys(&key, &wanted) > 0) {
            return i - 1;
        }
    }
    return count;
}

/* Pushes the keys of the table at 1 for this traversal. Returns the place in them of the key at 2. */
static lua_Integer push_place(lua_State *L) {
    lua_pushvalue(L, 1);
    if (lua_rawget(L, lua_upvalueindex(UPVALUE_CACHE)) != LUA_TNIL) { /* keys */
        lua_rawgeti(L, -1, 0);
        lua_Integer place = lua_tointeger(L, -1);
        lua_pop(L, 1);
        place = find_key(L, place);
        if (place != 0) {
            return place;
        }
    }
    lua_pop(L, 1);
    key_count count = count_keys(L, 1);
    push_sorted_keys(L, 1, &count); /* keys */
    lua_pushvalue(L, 1);
    lua_pushvalue(L, -2);
    lua_rawset(L, lua_upvalueindex(UPVALUE_CACHE));
    lua_Integer place = find_key(L, 0);
    return place != 0 ? place : count_before(L);
}

static void forget_keys(lua_State *L) {
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    lua_rawset(L, lua_upvalueindex(UPVALUE_CACHE));
}

static int traversal_next(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    if (lua_isnil(L, 2)) {
        forget_keys(L);
        return push_first(L, 1) ? 2 : 1;
    }
    lua_Integer place = push_place(L); /* table, key, keys */
    while (lua_rawgeti(L, 3, ++place) != LUA_TNIL) {
        lua_pushvalue(L, -1);
        if (lua_rawget(L, 1) != LUA_TNIL) { /* ..., key, value */
            lua_pushinteger(L, place - 1);
            lua_rawseti(L, 3, 0);
            return 2;
        }
        lua_pop(L, 2);
    }
    forget_keys(L);
    lua_pushnil(L);
    return 1;
}

/* traversal(tell) -> pairs, next. tell(key, value) returns the text by which keys are ordered that are neither
 * numbers nor texts nor booleans. */
int tr_lua_new_traversal(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_newtable(L);          /* tell, cache: table -> its keys, and at 0 the place of the last step */
    lua_createtable(L, 0, 1); /* tell, cache, metatable */
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, traversal_pairs, UPVALUE_CACHE);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, traversal_next, UPVALUE_CACHE);
    return 2;
}
