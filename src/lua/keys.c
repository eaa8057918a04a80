#include "lua/keys.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "lua/arguments.h"

/* Enters the names under a multiplier; false where two of them wanted the same slot. */
static bool fill(tr_keys *keys, const char *const *interned, int count, uint64_t multiplier) {
    bool is_perfect = true;
    memset(keys, 0, sizeof *keys);
    keys->multiplier = multiplier;
    keys->count = count;
    for (int i = 0; i < count; i++) {
        unsigned slot = tr_keys_slot(multiplier, interned[i]);
        while (keys->slots[slot].name != NULL) {
            is_perfect = false;
            slot = (slot + 1) % TR_KEYS_SLOTS;
        }
        keys->slots[slot].name = interned[i];
        keys->slots[slot].number = i;
    }
    return is_perfect;
}

void tr_keys_push(lua_State *L, const char *const *names, int count) {
    const char *interned[TR_KEYS_MAX];
    if (count > TR_KEYS_MAX) {
        luaL_error(L, "more than %d field names", (int)TR_KEYS_MAX);
    }
    tr_keys *keys = lua_newuserdatauv(L, sizeof *keys, 1); /* keys */
    lua_createtable(L, count, 0);                          /* keys, anchor */
    for (int i = 0; i < count; i++) {
        interned[i] = lua_pushstring(L, names[i]); /* keys, anchor, name */
        lua_rawseti(L, -2, i + 1);
    }
    lua_setiuservalue(L, -2, 1); /* keys */
    /* Any multiplier is right; one without collisions makes every lookup a single comparison. */
    uint64_t multiplier = UINT64_C(0x9E3779B97F4A7C15);
    for (int tries = 0; !fill(keys, interned, count, multiplier) && tries < 2000; tries++) {
        multiplier = multiplier * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963406);
    }
}

static int compare_names(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

int tr_keys_raise_unknown(lua_State *L, const char *what, int keys_index, int methods_index, int name_index) {
    const char *known[2 * TR_KEYS_MAX];
    size_t count = 0;
    const tr_keys *keys = lua_touserdata(L, keys_index);
    for (int i = 0; i < TR_KEYS_SLOTS; i++) {
        if (keys->slots[i].name != NULL) {
            known[count++] = keys->slots[i].name;
        }
    }
    if (methods_index != 0) {
        lua_pushnil(L);
        while (count < 2 * TR_KEYS_MAX && lua_next(L, methods_index) != 0) {
            known[count++] = lua_tostring(L, -2);
            lua_pop(L, 1);
        }
    }
    qsort(known, count, sizeof *known, compare_names);
    const char *name = tr_lua_push_name(L, name_index);
    luaL_Buffer list;
    luaL_buffinit(L, &list);
    for (size_t i = 0; i < count; i++) {
        luaL_addstring(&list, i == 0 ? "" : ", ");
        luaL_addstring(&list, known[i]);
    }
    luaL_pushresult(&list);
    luaL_error(L, "%s has no field '%s'; it has %s", what, name, lua_tostring(L, -1));
    abort(); /* luaL_error does not return, but does not say so */
}
