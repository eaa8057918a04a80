#include "lua/layout.h"

#include <stdbool.h>
#include <string.h>

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/failure.h"
#include "lua/layout_value.h"
#include "lua/text_block.h"
#include "json/room.h"

enum { MAX_STEPS = 200, MAX_NAMES = 16 };

typedef enum step_kind { STEP_TEXT, STEP_VALUE, STEP_IF, STEP_JUMP, STEP_EACH, STEP_NEXT, STEP_END } step_kind;

/* Where a value comes from: a slot of the stack, and the place of a key in the list of texts; 0: the slot itself. */
typedef struct source {
    int slot;
    int key;
} source;

typedef struct step {
    step_kind kind;
    tr_layout_value value;
    source of;
    source since;      /* slot 0: none */
    const char *bytes; /* one of the texts; of a list what stands between two items */
    size_t length;
    int to; /* of a condition that does not hold, a jump, and a list: the step that is next */
} step;

/* ---- making ---- */

/* What names stand for: parameters, and items of the lists around. */
typedef struct maker {
    step steps[MAX_STEPS];
    int step_count;
    int text_count;
    int texts; /* where the list of texts is */
    const char *names[MAX_NAMES];
    int slots[MAX_NAMES];
    int name_count;
    int next_slot; /* of the values of a list */
} maker;

/* Slots while a layout is filled: the block, the parameters, the texts, and of each list it, the place, the item. */
enum { SLOT_BLOCK = 1, SLOT_FIRST_VALUE };
enum { LIST_SLOTS = 3 };

static void add_items(lua_State *L, maker *self, int items);

static step *add_step(lua_State *L, maker *self, step_kind kind) {
    if (self->step_count == MAX_STEPS) {
        luaL_error(L, "layout: more than %d steps", (int)MAX_STEPS);
    }
    step *added = &self->steps[self->step_count++];
    *added = (step){.kind = kind};
    return added;
}

/* Keeps the text on top of the stack, and pops it. Returns its place. */
static int keep_text(lua_State *L, maker *self) {
    luaL_checktype(L, -1, LUA_TSTRING);
    lua_rawseti(L, self->texts, ++self->text_count);
    return self->text_count;
}

/* The text in that field of the item; an absent one is empty. */
static void keep_bytes(lua_State *L, maker *self, int item, int field, step *of) {
    lua_rawgeti(L, item, field);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        return;
    }
    of->bytes = luaL_checklstring(L, -1, &of->length);
    keep_text(L, self);
}

static void add_name(lua_State *L, maker *self, int index, int slot) {
    const char *name = luaL_checkstring(L, index);
    if (self->name_count == MAX_NAMES) {
        luaL_error(L, "layout: more than %d names", (int)MAX_NAMES);
    }
    lua_pushvalue(L, index);
    keep_text(L, self);
    self->names[self->name_count] = name;
    self->slots[self->name_count++] = slot;
}

/* The path in that field of the item; of the same names the innermost. */
static source read_path(lua_State *L, maker *self, int item, int field) {
    lua_rawgeti(L, item, field);
    size_t length = 0;
    const char *path = lua_tolstring(L, -1, &length);
    if (path == NULL) {
        luaL_error(L, "layout: a path expected, got %s", luaL_typename(L, -1));
        return (source){0};
    }
    const char *point = strchr(path, '.');
    size_t name_bytes = point == NULL ? length : (size_t)(point - path);
    for (int i = self->name_count; i-- > 0;) {
        if (strlen(self->names[i]) != name_bytes || memcmp(self->names[i], path, name_bytes) != 0) {
            continue;
        }
        source found = {.slot = self->slots[i]};
        if (point != NULL) {
            lua_pushlstring(L, point + 1, length - name_bytes - 1);
            found.key = keep_text(L, self);
        }
        lua_pop(L, 1);
        return found;
    }
    luaL_error(L, "layout: nothing is called %s", tr_lua_push_got(L, -1));
    return (source){0};
}

static void add_condition(lua_State *L, maker *self, int item) {
    int condition = self->step_count;
    source of = read_path(L, self, item, 2);
    add_step(L, self, STEP_IF)->of = of;
    lua_rawgeti(L, item, 3);
    add_items(L, self, lua_gettop(L));
    int jump = self->step_count;
    add_step(L, self, STEP_JUMP);
    self->steps[condition].to = self->step_count;
    if (lua_rawgeti(L, item, 4) != LUA_TNIL) {
        add_items(L, self, lua_gettop(L));
    }
    self->steps[jump].to = self->step_count;
    lua_pop(L, 2);
}

static void add_list(lua_State *L, maker *self, int item) {
    int list_slot = self->next_slot;
    int begin = self->step_count;
    source of = read_path(L, self, item, 2);
    step *each = add_step(L, self, STEP_EACH);
    each->of = of;
    self->next_slot += LIST_SLOTS;
    lua_rawgeti(L, item, 3);
    add_name(L, self, lua_gettop(L), list_slot + 2);
    lua_rawgeti(L, item, 4);
    add_items(L, self, lua_gettop(L));
    lua_pop(L, 2);
    self->name_count--;
    self->next_slot -= LIST_SLOTS;
    self->steps[begin].to = self->step_count;
    step *next = add_step(L, self, STEP_NEXT);
    next->of.slot = list_slot;
    next->to = begin + 1;
    keep_bytes(L, self, item, 5, next);
}

static void add_value(lua_State *L, maker *self, int item, const char *kind) {
    static const char *const names[] = {
#define VALUE_NAME(constant, name) #name,
        TR_LAYOUT_VALUES(VALUE_NAME)
#undef VALUE_NAME
    };
    for (int i = 0; i < TR_LAYOUT_VALUE_COUNT; i++) {
        if (strcmp(names[i], kind) == 0) {
            source of = read_path(L, self, item, 2), since = {0};
            if (lua_rawlen(L, item) > 2) {
                since = read_path(L, self, item, 3);
            }
            step *added = add_step(L, self, STEP_VALUE);
            added->value = (tr_layout_value)i;
            added->of = of;
            added->since = since;
            return;
        }
    }
    luaL_error(L, "layout: no item is called '%s'", kind);
}

static void add_item(lua_State *L, maker *self, int item) {
    if (lua_type(L, item) == LUA_TSTRING) {
        step *text = add_step(L, self, STEP_TEXT);
        text->bytes = lua_tolstring(L, item, &text->length);
        lua_pushvalue(L, item);
        keep_text(L, self);
        return;
    }
    luaL_checktype(L, item, LUA_TTABLE);
    lua_rawgeti(L, item, 1);
    const char *kind = lua_tostring(L, -1);
    if (kind == NULL) {
        luaL_error(L, "layout: the name of an item expected, got %s", luaL_typename(L, -1));
    } else if (strcmp(kind, "if") == 0) {
        add_condition(L, self, item);
    } else if (strcmp(kind, "each") == 0) {
        add_list(L, self, item);
    } else {
        add_value(L, self, item, kind);
    }
    lua_pop(L, 1);
}

static void add_items(lua_State *L, maker *self, int items) {
    luaL_checktype(L, items, LUA_TTABLE);
    tr_lua_check_stack(L, LUA_MINSTACK, "layout: items nested too deeply");
    lua_Integer count = (lua_Integer)lua_rawlen(L, items);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, items, i);
        add_item(L, self, lua_gettop(L));
        lua_pop(L, 1);
    }
}

/* ---- filling ---- */

enum { UPVALUE_STEPS = 1, UPVALUE_TEXTS, UPVALUE_COUNT };

/* Pushes the value, and returns its type. */
static int push_source(lua_State *L, source of, int texts) {
    if (of.key == 0) {
        lua_pushvalue(L, of.slot);
        return lua_type(L, -1);
    }
    lua_rawgeti(L, texts, of.key);
    return lua_gettable(L, of.slot);
}

static void put_value(lua_State *L, tr_json *out, const step *at, int texts) {
    uint64_t since_ns = 0;
    if (at->since.slot > 0) {
        (void)push_source(L, at->since, texts);
        since_ns = (uint64_t)luaL_checkinteger(L, -1);
        lua_pop(L, 1);
    }
    int type = push_source(L, at->of, texts);
    if (!tr_lua_put_layout_value(L, out, at->value, type, since_ns)) {
        if (at->of.key != 0) {
            lua_rawgeti(L, texts, at->of.key);
        }
        luaL_error(L, "layout: %s cannot be written%s%s", luaL_typename(L, at->of.key != 0 ? -2 : -1),
                   at->of.key != 0 ? ", in the field " : "", at->of.key != 0 ? lua_tostring(L, -1) : "");
    }
    lua_pop(L, 1);
}

static bool holds(lua_State *L, source of, int texts) {
    int type = push_source(L, of, texts);
    bool is_true = type == LUA_TBOOLEAN ? lua_toboolean(L, -1) : type != LUA_TNIL;
    lua_pop(L, 1);
    return is_true;
}

static void put_text(tr_json *out, const step *of) {
    char *at = tr_json_reserve(out, of->length);
    if (at != NULL && of->length > 0) {
        memcpy(at, of->bytes, of->length);
        tr_json_commit(out, at + of->length);
    }
}

/* Goes on to the next item of a list. Returns false after the last one. */
static bool next_item(lua_State *L, tr_json *out, const step *at) {
    int list = at->of.slot;
    lua_Integer place = lua_tointeger(L, list + 1) + 1;
    if (lua_rawgeti(L, list, place) == LUA_TNIL) {
        lua_settop(L, list - 1);
        return false;
    }
    lua_replace(L, list + 2);
    lua_pushinteger(L, place);
    lua_replace(L, list + 1);
    if (place > 1) {
        put_text(out, at);
    }
    return true;
}

static void run_steps(lua_State *L, const step *steps, tr_json *out, int texts) {
    for (const step *at = steps;; at++) {
        switch (at->kind) {
        case STEP_TEXT:
            put_text(out, at);
            break;
        case STEP_VALUE:
            put_value(L, out, at, texts);
            break;
        case STEP_IF:
            at = holds(L, at->of, texts) ? at : steps + at->to - 1;
            break;
        case STEP_JUMP:
            at = steps + at->to - 1;
            break;
        case STEP_EACH:
            (void)push_source(L, at->of, texts);
            luaL_checktype(L, -1, LUA_TTABLE);
            lua_pushinteger(L, 0);
            lua_pushnil(L);
            at = steps + at->to - 1;
            break;
        case STEP_NEXT:
            at = next_item(L, out, at) ? steps + at->to - 1 : at;
            break;
        case STEP_END:
            return;
        }
    }
}

static int fill(lua_State *L) {
    tr_text_block *block = tr_lua_check_text_block(L, SLOT_BLOCK);
    int count = (int)lua_tointeger(L, lua_upvalueindex(UPVALUE_COUNT));
    lua_settop(L, count + 1);
    lua_pushvalue(L, lua_upvalueindex(UPVALUE_TEXTS)); /* block, values..., texts */
    tr_lua_check_stack(L, MAX_NAMES * LIST_SLOTS + LUA_MINSTACK, "layout");
    block->text.length_bytes = block->whole_bytes;
    run_steps(L, lua_touserdata(L, lua_upvalueindex(UPVALUE_STEPS)), &block->text, count + 2);
    size_t written = block->text.length_bytes - block->whole_bytes;
    tr_lua_text_block_written(L, SLOT_BLOCK);
    lua_pushinteger(L, (lua_Integer)written);
    return 1;
}

int tr_lua_new_layout(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    lua_newtable(L); /* names, items, texts */
    maker *self = lua_newuserdatauv(L, sizeof *self, 0);
    memset(self, 0, sizeof *self);
    self->texts = 3;
    int count = (int)lua_rawlen(L, 1);
    self->next_slot = SLOT_FIRST_VALUE + count + 1; /* after the texts */
    for (int i = 0; i < count; i++) {
        lua_rawgeti(L, 1, i + 1);
        add_name(L, self, lua_gettop(L), SLOT_FIRST_VALUE + i);
        lua_pop(L, 1);
    }
    add_items(L, self, 2);
    add_step(L, self, STEP_END);
    size_t steps_bytes = (size_t)self->step_count * sizeof *self->steps;
    memcpy(lua_newuserdatauv(L, steps_bytes, 0), self->steps, steps_bytes); /* ..., steps */
    lua_pushvalue(L, self->texts);
    lua_pushinteger(L, count);
    lua_pushcclosure(L, fill, 3);
    return 1;
}
