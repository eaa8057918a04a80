/* log:records(): the records of a log, one for each call of an iterator. */
#ifndef TRACEREEL_LUA_RECORDS_H
#define TRACEREEL_LUA_RECORDS_H

#include <lua.h>

/* Pushes the iterator over a cursor that has not begun, with the filter userdata (or nil) at `filter_index`. */
void tr_lua_push_records(lua_State *L, int cursor_index, int filter_index);

#endif
