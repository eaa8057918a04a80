#include "lua/block_writer.h"

#include <string.h>

#include <lauxlib.h>

enum { BLOCK_BYTES = 65536 };
enum { UPVALUE_BLOCK = 1, UPVALUE_TAKE, UPVALUES = UPVALUE_TAKE };

typedef struct block {
    size_t length_bytes;
    char bytes[BLOCK_BYTES];
} block;

static void hand_over(lua_State *L, block *self) {
    size_t length = self->length_bytes;
    self->length_bytes = 0;
    if (length > 0) {
        lua_pushvalue(L, lua_upvalueindex(UPVALUE_TAKE));
        lua_pushlstring(L, self->bytes, length);
        lua_call(L, 1, 0);
    }
}

static int block_write(lua_State *L) {
    block *self = lua_touserdata(L, lua_upvalueindex(UPVALUE_BLOCK));
    int count = lua_gettop(L);
    for (int argument = 1; argument <= count; argument++) {
        size_t length = 0;
        const char *text = luaL_checklstring(L, argument, &length);
        if (length > BLOCK_BYTES - self->length_bytes) {
            hand_over(L, self);
        }
        if (length > BLOCK_BYTES) {
            lua_pushvalue(L, lua_upvalueindex(UPVALUE_TAKE));
            lua_pushvalue(L, argument);
            lua_call(L, 1, 0);
        } else {
            memcpy(self->bytes + self->length_bytes, text, length);
            self->length_bytes += length;
        }
    }
    return 0;
}

static int block_flush(lua_State *L) {
    hand_over(L, lua_touserdata(L, lua_upvalueindex(UPVALUE_BLOCK)));
    return 0;
}

int tr_lua_new_block_writer(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    block *self = lua_newuserdatauv(L, sizeof *self, 0); /* take, block */
    self->length_bytes = 0;
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, block_write, UPVALUES); /* take, block, write */
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, block_flush, UPVALUES);
    return 2;
}
