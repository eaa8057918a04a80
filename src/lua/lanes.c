#include "lua/lanes.h"

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <lauxlib.h>

enum { SLOT_SPANS = 1, SLOT_ITEMS };

typedef struct span {
    uint64_t start_ns;
    uint64_t end_ns;
    lua_Integer index;
} span;

/* A lane that is taken until `key`, or one that is free, by its number. */
typedef struct lane {
    uint64_t key;
    lua_Integer number;
} lane;

/* A binary heap: the first is the one with the least key. */
typedef struct heap {
    lane *lanes;
    size_t count;
} heap;

static int compare_spans(const void *left_pointer, const void *right_pointer) {
    const span *left = left_pointer, *right = right_pointer;
    if (left->start_ns != right->start_ns) {
        return left->start_ns < right->start_ns ? -1 : 1;
    } else if (left->end_ns != right->end_ns) {
        return left->end_ns < right->end_ns ? -1 : 1;
    }
    return (left->index > right->index) - (left->index < right->index);
}

static void push(heap *self, lane item) {
    size_t at = self->count++;
    while (at > 0 && item.key < self->lanes[(at - 1) / 2].key) {
        self->lanes[at] = self->lanes[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    self->lanes[at] = item;
}

static lane pop(heap *self) {
    lane first = self->lanes[0], last = self->lanes[--self->count];
    size_t at = 0, child = 1;
    while (child < self->count) {
        child += child + 1 < self->count && self->lanes[child + 1].key < self->lanes[child].key;
        if (last.key <= self->lanes[child].key) {
            break;
        }
        self->lanes[at] = self->lanes[child];
        at = child;
        child = 2 * at + 1;
    }
    self->lanes[at] = last;
    return first;
}

static uint64_t time_of(lua_State *L, const char *name) {
    lua_getfield(L, -1, name);
    int is_integer = 0;
    uint64_t ns = (uint64_t)lua_tointegerx(L, -1, &is_integer);
    if (!is_integer) {
        luaL_error(L, "lanes: an integer expected in the field %s, got %s", name, luaL_typename(L, -1));
    }
    lua_pop(L, 1);
    return ns;
}

/* Pushes the spans' times in order, and before them a copy of the list. */
static span *push_sorted(lua_State *L, size_t count) {
    lua_createtable(L, (int)count, 0);                            /* spans, items */
    span *spans = lua_newuserdatauv(L, count * sizeof *spans, 0); /* spans, items, times */
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, SLOT_SPANS, (lua_Integer)i + 1);
        luaL_checktype(L, -1, LUA_TTABLE);
        spans[i] = (span){time_of(L, "start_ns"), time_of(L, "end_ns"), (lua_Integer)i + 1};
        lua_rawseti(L, SLOT_ITEMS, (lua_Integer)i + 1);
    }
    qsort(spans, count, sizeof *spans, compare_spans);
    return spans;
}

int tr_lua_assign_lanes(lua_State *L) {
    luaL_checktype(L, SLOT_SPANS, LUA_TTABLE);
    lua_settop(L, SLOT_SPANS);
    size_t count = lua_rawlen(L, SLOT_SPANS);
    luaL_argcheck(L, count < INT_MAX, SLOT_SPANS, "list too long");
    if (count == 0) {
        lua_pushinteger(L, 0);
        return 1;
    }
    const span *spans = push_sorted(L, count);
    heap lasting = {lua_newuserdatauv(L, count * sizeof(lane), 0), 0};
    heap free_lanes = {lua_newuserdatauv(L, count * sizeof(lane), 0), 0};
    lua_Integer lane_count = 0;
    for (size_t i = 0; i < count; i++) {
        while (lasting.count > 0 && lasting.lanes[0].key <= spans[i].start_ns) {
            lua_Integer number = pop(&lasting).number;
            push(&free_lanes, (lane){(uint64_t)number, number});
        }
        lua_Integer number = free_lanes.count > 0 ? pop(&free_lanes).number : ++lane_count;
        push(&lasting, (lane){spans[i].end_ns, number});
        lua_rawgeti(L, SLOT_ITEMS, spans[i].index);
        lua_pushinteger(L, number);
        lua_setfield(L, -2, "lane");
        lua_rawseti(L, SLOT_SPANS, (lua_Integer)i + 1);
    }
    lua_pushinteger(L, lane_count);
    return 1;
}
