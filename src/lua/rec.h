/* One record, as a userdata that owns its bytes. */
#ifndef TRACEREEL_LUA_REC_H
#define TRACEREEL_LUA_REC_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "lua/core.h"
#include "lua/keys.h"
#include "lua/scalar.h"
#include "tracereel/record.h"

#define TR_LUA_REC "tracereel.rec"

/* What a record's fields are read from. */
typedef struct tr_record_view {
    tr_record record;
    uint64_t sequence;
    uint64_t offset;
    uint32_t segment_name; /* number in TR_CORE_SEGMENT_NAMES; 0: it came from no log */
    uint32_t names;        /* number of lua/node_names.h */
    bool suspect;
} tr_record_view;

typedef struct tr_lua_rec {
    tr_record_view view; /* of `bytes` */
    const tr_keys *keys; /* of the type: an upvalue would be slower to get at */
    uint8_t bytes[];
} tr_lua_rec;

tr_lua_rec *tr_lua_check_rec(lua_State *L, int index);
/* Returns NULL if it is something else. */
tr_lua_rec *tr_lua_test_rec(lua_State *L, int index);
/* Pushes a copy of the record; the metatable is at `metatable_index`. */
void tr_lua_push_rec(lua_State *L, const tr_lua_core *core, const tr_record_view *view, int metatable_index);
/* The fields' names, by number; `*count` of them. */
const char *const *tr_lua_rec_fields(int *count);
/* Whether the field is one of TR_RECORD_NUMBERS, and its value then. */
bool tr_lua_is_record_number(int field);
lua_Integer tr_lua_record_number(const tr_record *record, int field);
void tr_lua_push_rec_field(lua_State *L, const tr_record_view *view, int field);
tr_scalar tr_lua_rec_scalar(lua_State *L, const tr_record_view *view, int field);
void tr_lua_open_rec(lua_State *L);

#endif
