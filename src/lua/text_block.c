#include "lua/text_block.h"

#include <string.h>

#include <lauxlib.h>

#include "lua/failure.h"
#include "lua/type.h"
#include "tracereel/status.h"
#include "json/room.h"

#define TR_LUA_TEXT_BLOCK "tracereel.text_block"

enum { BLOCK_BYTES = 65536, MAX_KEPT_BYTES = 4 * BLOCK_BYTES };
enum { TEXT_BLOCK_USER_VALUE_TAKE = 1 };

/* ---- check ---- */

tr_text_block *tr_lua_check_text_block(lua_State *L, int index) {
    return tr_lua_check_object(L, index, TR_LUA_TEXT_BLOCK);
}

/* ---- fields and methods ---- */

static void hand_over(lua_State *L, int index) {
    tr_text_block *self = lua_touserdata(L, index);
    size_t length = self->whole_bytes;
    self->whole_bytes = 0;
    if (length > 0) {
        lua_getiuservalue(L, index, TEXT_BLOCK_USER_VALUE_TAKE);
        lua_pushlstring(L, self->text.bytes, length);
    }
    tr_json_reset(&self->text);
    if (self->text.capacity_bytes > MAX_KEPT_BYTES) {
        tr_json_free(&self->text);
    }
    if (length > 0) {
        lua_call(L, 1, 0);
    }
}

void tr_lua_text_block_written(lua_State *L, int index) {
    tr_text_block *self = lua_touserdata(L, index);
    if (tr_json_status(&self->text) != TR_OK) {
        self->text.out_of_memory = false;
        self->text.length_bytes = self->whole_bytes;
        tr_lua_raise_status(L, TR_ERROR_MEMORY, NULL);
    }
    self->whole_bytes = self->text.length_bytes;
    if (self->whole_bytes >= BLOCK_BYTES) {
        hand_over(L, index);
    }
}

static int write_texts(lua_State *L) {
    int count = lua_gettop(L);
    lua_pushvalue(L, lua_upvalueindex(1)); /* texts, block */
    tr_text_block *self = lua_touserdata(L, -1);
    self->text.length_bytes = self->whole_bytes;
    for (int argument = 1; argument <= count; argument++) {
        size_t length = 0;
        const char *text = luaL_checklstring(L, argument, &length);
        char *out = tr_json_reserve(&self->text, length);
        if (out != NULL) {
            memcpy(out, text, length);
            tr_json_commit(&self->text, out + length);
        }
    }
    tr_lua_text_block_written(L, count + 1);
    return 0;
}

static int flush(lua_State *L) {
    lua_settop(L, 0);
    lua_pushvalue(L, lua_upvalueindex(1));
    hand_over(L, 1);
    return 0;
}

static int text_block_finalize(lua_State *L) {
    tr_text_block *self = lua_touserdata(L, 1);
    tr_json_free(&self->text);
    self->whole_bytes = 0;
    return 0;
}

static int text_block_index(lua_State *L) {
    return tr_lua_index_method(L, "a block of text");
}

/* ---- open ---- */

int tr_lua_new_text_block(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    tr_text_block *self = lua_newuserdatauv(L, sizeof *self, 1); /* take, block */
    tr_json_init(&self->text);
    self->whole_bytes = 0;
    luaL_setmetatable(L, TR_LUA_TEXT_BLOCK);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, 2, TEXT_BLOCK_USER_VALUE_TAKE);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, write_texts, 1);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, flush, 1);
    lua_pushvalue(L, 2); /* take, block, write, flush, block */
    return 3;
}

void tr_lua_open_text_block(lua_State *L) {
    static const luaL_Reg methods[] = {{NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", text_block_finalize}, {NULL, NULL}};
    tr_lua_new_type(L, TR_LUA_TEXT_BLOCK, NULL, 0, methods, metamethods, text_block_index, 0);
}
