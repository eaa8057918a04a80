#include "lua/segments.h"

#include <lauxlib.h>

#include "lua/arguments.h"

static void push_segment(lua_State *L, const tr_segment_info *info) {
    lua_createtable(L, 0, 4); /* segment */
    tr_lua_set_name(L, "name", info->name);
    tr_lua_set_unsigned(L, "sequence", info->sequence);
    tr_lua_set_flag(L, "compressed", info->compressed);
}

void tr_lua_push_segments(lua_State *L, const tr_log *log) {
    tr_segment_info info;
    lua_newtable(L); /* segments */
    for (uint32_t i = 0; tr_log_segment(log, i, &info); i++) {
        push_segment(L, &info); /* segments, segment */
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

void tr_lua_push_unread(lua_State *L, const tr_log *log) {
    tr_segment_info info;
    const char *instead = NULL;
    lua_newtable(L); /* files */
    for (uint32_t i = 0; tr_log_unread(log, i, &info, &instead); i++) {
        push_segment(L, &info); /* files, file */
        tr_lua_set_name(L, "read_instead", instead);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}
