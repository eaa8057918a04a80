/* Field names to small numbers, by the address of the interned string.
 *
 * Lua keeps one copy of every short string, so two equal names have the same address, and comparing addresses is all a
 * lookup needs. The names are anchored for as long as the lookup lives. */
#ifndef TRACEREEL_LUA_KEYS_H
#define TRACEREEL_LUA_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include <lua.h>

enum { TR_KEYS_SLOT_BITS = 7, TR_KEYS_SLOTS = 1 << TR_KEYS_SLOT_BITS, TR_KEYS_MAX = 48 };

typedef struct tr_keys {
    uint64_t multiplier;
    int count;
    struct {
        const char *name; /* NULL: free */
        int number;
    } slots[TR_KEYS_SLOTS];
} tr_keys;

/* Pushes a userdata that knows the names, numbered from 0. At most TR_KEYS_MAX. */
void tr_keys_push(lua_State *L, const char *const *names, int count);

static inline unsigned tr_keys_slot(uint64_t multiplier, const char *name) {
    return (unsigned)(((uint64_t)(uintptr_t)name * multiplier) >> (64 - TR_KEYS_SLOT_BITS));
}

/* The number of a name that came from lua_tostring (NULL allowed), or -1. */
static inline int tr_keys_find(const tr_keys *keys, const char *name) {
    unsigned slot = tr_keys_slot(keys->multiplier, name);
    while (keys->slots[slot].name != name) {
        if (keys->slots[slot].name == NULL) {
            return -1;
        }
        slot = (slot + 1) % TR_KEYS_SLOTS;
    }
    return name == NULL ? -1 : keys->slots[slot].number;
}

/* Raises "WHAT has no FIELD 'x'; it has a, b, c": `keys_index` is the stack index of the userdata, `name_index` that
 * of the wrong name. The names of the table at `methods_index` (0: none) are listed too. */
_Noreturn int tr_keys_raise_unknown(lua_State *L, const char *what, int keys_index, int methods_index, int name_index);

#endif
