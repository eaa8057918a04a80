/* A Lua value as it stands in a text: of JSON, of a CSV line, of an attribute of XML. */
#ifndef TRACEREEL_LUA_LAYOUT_VALUE_H
#define TRACEREEL_LUA_LAYOUT_VALUE_H

#include <stdint.h>

#include <lua.h>

#include "tracereel/json.h"

/* X(C name, name in layouts). What each does is in lua/tracereel/export/layout.lua. */
#define TR_LAYOUT_VALUES(X)                                                                                            \
    X(PLAIN, plain)                                                                                                    \
    X(JSON, json)                                                                                                      \
    X(CSV, csv)                                                                                                        \
    X(XML, xml)                                                                                                        \
    X(TIME, time)                                                                                                      \
    X(MICROSECONDS, microseconds)                                                                                      \
    X(HEXADECIMAL, hexadecimal)

typedef enum tr_layout_value {
#define TR_LAYOUT_VALUE_ENUM(constant, name) TR_LAYOUT_##constant,
    TR_LAYOUT_VALUES(TR_LAYOUT_VALUE_ENUM)
#undef TR_LAYOUT_VALUE_ENUM
        TR_LAYOUT_VALUE_COUNT
} tr_layout_value;

/* Appends the value on top of the stack, of that type; of microseconds those since `since_ns`. Returns false where the
 * kind has no form for such a value. Where memory runs out the text says so. */
bool tr_lua_put_layout_value(lua_State *L, tr_json *out, tr_layout_value kind, int type, uint64_t since_ns);

#endif
