/* A value that is no table: what a field of a record, a trace or a node says, before it is made a Lua value. */
#ifndef TRACEREEL_LUA_SCALAR_H
#define TRACEREEL_LUA_SCALAR_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "lua/arguments.h"
#include "tracereel/record.h"

typedef enum tr_scalar_kind {
    TR_SCALAR_NIL,
    TR_SCALAR_BOOLEAN,
    TR_SCALAR_INTEGER, /* a Lua integer: unsigned ones of 64 bits by their bits */
    TR_SCALAR_NAME,    /* one of the engine's names, zero-terminated: equal ones have the same address */
    TR_SCALAR_TEXT,    /* bytes, perhaps none */
    TR_SCALAR_ID       /* the 16 bytes of a trace's id */
} tr_scalar_kind;

/* What it points to is borrowed: valid until the next record. */
typedef struct tr_scalar {
    tr_scalar_kind kind;
    union {
        bool boolean;
        lua_Integer integer;
        const char *name;
        tr_text text;
        const uint8_t *id;
    } value;
} tr_scalar;

static inline tr_scalar tr_scalar_nil(void) {
    return (tr_scalar){.kind = TR_SCALAR_NIL};
}

static inline tr_scalar tr_scalar_boolean(bool value) {
    return (tr_scalar){TR_SCALAR_BOOLEAN, {.boolean = value}};
}

static inline tr_scalar tr_scalar_unsigned(uint64_t value) {
    return (tr_scalar){TR_SCALAR_INTEGER, {.integer = (lua_Integer)value}};
}

static inline tr_scalar tr_scalar_unsigned_if(bool is_there, uint64_t value) {
    return is_there ? tr_scalar_unsigned(value) : tr_scalar_nil();
}

/* NULL: nil. */
static inline tr_scalar tr_scalar_name(const char *name) {
    return name == NULL ? tr_scalar_nil() : (tr_scalar){TR_SCALAR_NAME, {.name = name}};
}

static inline tr_scalar tr_scalar_text(tr_text text) {
    return (tr_scalar){TR_SCALAR_TEXT, {.text = text}};
}

/* nil for an absent text. */
static inline tr_scalar tr_scalar_text_if_any(const char *bytes, size_t length) {
    return length == 0 ? tr_scalar_nil() : tr_scalar_text((tr_text){bytes, (uint32_t)length});
}

static inline tr_scalar tr_scalar_id(const uint8_t *id) {
    return (tr_scalar){TR_SCALAR_ID, {.id = id}};
}

/* How a field's value is got at. */
typedef enum tr_field_form {
    TR_FIELD_SCALAR, /* it is read from the engine's structures */
    TR_FIELD_MADE,   /* a scalar that is made in Lua */
    TR_FIELD_TABLE   /* a table, or an object */
} tr_field_form;

/* The value at `index`, nil for one that is no scalar. A text lives as long as the value. */
tr_scalar tr_scalar_of(lua_State *L, int index);

static inline void tr_scalar_push(lua_State *L, tr_scalar scalar) {
    switch (scalar.kind) {
    case TR_SCALAR_NIL:
        lua_pushnil(L);
        return;
    case TR_SCALAR_BOOLEAN:
        lua_pushboolean(L, scalar.value.boolean);
        return;
    case TR_SCALAR_INTEGER:
        lua_pushinteger(L, scalar.value.integer);
        return;
    case TR_SCALAR_NAME:
        lua_pushstring(L, scalar.value.name);
        return;
    case TR_SCALAR_TEXT:
        lua_pushlstring(L, scalar.value.text.length_bytes == 0 ? "" : scalar.value.text.bytes,
                        scalar.value.text.length_bytes);
        return;
    case TR_SCALAR_ID:
        tr_lua_push_trace_id(L, scalar.value.id);
    }
}

#endif
