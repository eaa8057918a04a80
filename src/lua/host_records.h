/* The records of a log as JSON, written without a call of Lua for each. Only the program has it. */
#ifndef TRACEREEL_LUA_HOST_RECORDS_H
#define TRACEREEL_LUA_HOST_RECORDS_H

#include <lua.h>

/* The Lua function write_records(log, stream, options) -> true; or nil, what is wrong and errno, where the stream takes
 * no more. An interrupt ends it early. `options`: the keys of a filter, and
 *   start        what the object of each record begins with: "{", or members and a comma after it
 *   accepts(id)  which traces' records are meant, beside the filter
 *   gap(gap)     is called when all records before the gap are in the stream
 *   by_line      each line is given to the stream by itself */
int tr_host_write_records(lua_State *L);

#endif
