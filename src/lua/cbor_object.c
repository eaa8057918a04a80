#include "lua/cbor_object.h"

#include <lauxlib.h>

#include "lua/cbor.h"
#include "lua/histogram.h"
#include "lua/histogram_fields.h"
#include "lua/timing.h"
#include "lua/timing_fields.h"

static const struct {
    const char *type;
    lua_CFunction fields_of;
    lua_CFunction from;
    uint32_t tag;
} objects[] = {
    {TR_LUA_HISTOGRAM, tr_lua_histogram_fields, tr_lua_histogram_from, TR_CBOR_TAG_HISTOGRAM},
    {TR_LUA_TIMING, tr_lua_timing_fields, tr_lua_timing_from, TR_CBOR_TAG_TIMING},
};

enum { OBJECT_COUNT = sizeof objects / sizeof *objects };

uint32_t tr_cbor_push_fields(lua_State *L, int index) {
    for (int i = 0; i < OBJECT_COUNT; i++) {
        if (luaL_testudata(L, index, objects[i].type) != NULL) {
            lua_pushcfunction(L, objects[i].fields_of);
            lua_pushvalue(L, index);
            lua_call(L, 1, 1);
            return objects[i].tag;
        }
    }
    return 0;
}

lua_CFunction tr_cbor_object_from(uint64_t tag) {
    for (int i = 0; i < OBJECT_COUNT; i++) {
        if (objects[i].tag == tag) {
            return objects[i].from;
        }
    }
    return NULL;
}
