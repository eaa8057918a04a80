/* The files that a log consists of, as Lua lists. */
#ifndef TRACEREEL_LUA_SEGMENTS_H
#define TRACEREEL_LUA_SEGMENTS_H

#include <lua.h>

#include "tracereel/log.h"

/* Pushes the list of the segments that are read. */
void tr_lua_push_segments(lua_State *L, const tr_log *log);
/* Pushes the list of the files that are not read, because another one has the same number. */
void tr_lua_push_unread(lua_State *L, const tr_log *log);

#endif
