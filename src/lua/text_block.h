/* Bytes that are gathered in memory, and handed over in blocks. */
#ifndef TRACEREEL_LUA_TEXT_BLOCK_H
#define TRACEREEL_LUA_TEXT_BLOCK_H

#include <stddef.h>

#include <lua.h>

#include "tracereel/json.h"

typedef struct tr_text_block {
    tr_json text;       /* of any kind: what is used is its room that grows */
    size_t whole_bytes; /* what comes after them is being written */
} tr_text_block;

/* Raises where it is something else. */
tr_text_block *tr_lua_check_text_block(lua_State *L, int index);
/* Call when all of something was written to the block at that index. Hands over what is in it once that is large.
 * Raises where memory has run out: the block is then as before. */
void tr_lua_text_block_written(lua_State *L, int index);

/* The Lua function text_block(take) -> write(...), flush(), block: take(text) is called with 64 KiB or more of what was
 * written, and by flush() with the rest. Layouts write to the block. What an error interrupts leaves nothing in it. */
int tr_lua_new_text_block(lua_State *L);

void tr_lua_open_text_block(lua_State *L);

#endif
