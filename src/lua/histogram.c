#include "lua/histogram.h"

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/failure.h"
#include "lua/keys.h"
#include "lua/type.h"
#include "tracereel/histogram.h"
#include "tracereel/status.h"

typedef struct tr_lua_histogram {
    tr_histogram *histogram; /* NULL once it was finalized */
    size_t told_bytes;       /* of tr_lua_tell_memory */
} tr_lua_histogram;

/* ---- check ---- */

tr_histogram *tr_lua_check_histogram(lua_State *L, int index) {
    const tr_lua_histogram *self = tr_lua_check_object(L, index, TR_LUA_HISTOGRAM);
    luaL_argcheck(L, self->histogram != NULL, index, "the histogram was finalized");
    return self->histogram;
}

void tr_lua_tell_histogram_memory(lua_State *L, int index) {
    tr_lua_histogram *self = lua_touserdata(L, index);
    tr_lua_tell_memory(L, &self->told_bytes, tr_histogram_memory_bytes(self->histogram));
}

/* ---- push ---- */

tr_histogram *tr_lua_push_histogram(lua_State *L) {
    tr_lua_histogram *self = lua_newuserdatauv(L, sizeof *self, 0);
    *self = (tr_lua_histogram){NULL, 0};
    luaL_setmetatable(L, TR_LUA_HISTOGRAM);
    self->histogram = tr_histogram_new();
    if (self->histogram == NULL) {
        tr_lua_raise_status(L, TR_ERROR_MEMORY, NULL);
    }
    tr_lua_tell_histogram_memory(L, -1);
    return self->histogram;
}

int tr_lua_new_histogram(lua_State *L) {
    tr_lua_push_histogram(L);
    return 1;
}

/* ---- fields and methods ---- */

#define HISTOGRAM_FIELDS(X)                                                                                            \
    X(count, tr_lua_push_unsigned(L, tr_histogram_count(histogram)))                                                   \
    X(min, tr_lua_push_unsigned(L, tr_histogram_min(histogram)))                                                       \
    X(max, tr_lua_push_unsigned(L, tr_histogram_max(histogram)))                                                       \
    X(sum, lua_pushnumber(L, tr_histogram_sum(histogram)))                                                             \
    X(mean, lua_pushnumber(L, tr_histogram_mean(histogram)))                                                           \
    X(relative_error, lua_pushnumber(L, TR_HISTOGRAM_RELATIVE_ERROR))                                                  \
    X(memory_bytes, tr_lua_push_unsigned(L, tr_histogram_memory_bytes(histogram)))

enum {
#define HISTOGRAM_FIELD_ENUM(name, push) HISTOGRAM_##name,
    HISTOGRAM_FIELDS(HISTOGRAM_FIELD_ENUM)
#undef HISTOGRAM_FIELD_ENUM
        HISTOGRAM_FIELD_COUNT
};

static const char *const histogram_fields[HISTOGRAM_FIELD_COUNT] = {
#define HISTOGRAM_FIELD_STRING(name, push) #name,
    HISTOGRAM_FIELDS(HISTOGRAM_FIELD_STRING)
#undef HISTOGRAM_FIELD_STRING
};

static int histogram_index(lua_State *L) {
    const tr_histogram *histogram = tr_lua_check_histogram(L, 1);
    const tr_keys *keys = lua_touserdata(L, lua_upvalueindex(TR_UPVALUE_KEYS));
    switch (tr_keys_find(keys, lua_tostring(L, 2))) {
#define HISTOGRAM_FIELD_CASE(name, push)                                                                               \
    case HISTOGRAM_##name:                                                                                             \
        push;                                                                                                          \
        return 1;
        HISTOGRAM_FIELDS(HISTOGRAM_FIELD_CASE)
#undef HISTOGRAM_FIELD_CASE
    default:
        return tr_lua_index_method(L, "a histogram");
    }
}

static int histogram_tostring(lua_State *L) {
    const tr_histogram *histogram = tr_lua_check_histogram(L, 1);
    lua_pushfstring(L, "histogram of %I values from %I to %I", (LUAI_UACINT)tr_histogram_count(histogram),
                    (LUAI_UACINT)tr_histogram_min(histogram), (LUAI_UACINT)tr_histogram_max(histogram));
    return 1;
}

static int histogram_add(lua_State *L) {
    tr_histogram *histogram = tr_lua_check_histogram(L, 1);
    uint64_t value = (uint64_t)luaL_checkinteger(L, 2);
    lua_Integer times = luaL_optinteger(L, 3, 1);
    luaL_argcheck(L, times >= 0, 3, "must not be negative");
    tr_status status = tr_histogram_add(histogram, value, (uint64_t)times);
    tr_lua_tell_histogram_memory(L, 1);
    return status == TR_OK ? 0 : tr_lua_raise_status(L, status, NULL);
}

static int histogram_merge(lua_State *L) {
    tr_status status = tr_histogram_merge(tr_lua_check_histogram(L, 1), tr_lua_check_histogram(L, 2));
    if (status != TR_OK) {
        return tr_lua_raise_status(L, status, NULL);
    }
    tr_lua_tell_histogram_memory(L, 1);
    lua_settop(L, 1);
    return 1;
}

static int histogram_quantile(lua_State *L) {
    const tr_histogram *histogram = tr_lua_check_histogram(L, 1);
    lua_Number quantile = luaL_checknumber(L, 2);
    luaL_argcheck(L, quantile >= 0 && quantile <= 1, 2, "must be from 0 to 1");
    tr_lua_push_unsigned(L, tr_histogram_quantile(histogram, quantile));
    return 1;
}

enum { BUCKETS_HISTOGRAM = 1, BUCKETS_CURSOR };

static int buckets_next(lua_State *L) {
    const tr_histogram *histogram = tr_lua_check_histogram(L, lua_upvalueindex(BUCKETS_HISTOGRAM));
    uint32_t cursor = (uint32_t)lua_tointeger(L, lua_upvalueindex(BUCKETS_CURSOR));
    uint64_t lower = 0;
    uint64_t upper = 0;
    uint64_t count = 0;
    if (!tr_histogram_next(histogram, &cursor, &lower, &upper, &count)) {
        return 0;
    }
    lua_pushinteger(L, (lua_Integer)cursor);
    lua_replace(L, lua_upvalueindex(BUCKETS_CURSOR));
    tr_lua_push_unsigned(L, lower);
    tr_lua_push_unsigned(L, upper);
    tr_lua_push_unsigned(L, count);
    return 3;
}

static int histogram_buckets(lua_State *L) {
    tr_lua_check_histogram(L, 1);
    lua_settop(L, 1);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, buckets_next, BUCKETS_CURSOR);
    return 1;
}

static int histogram_finalize(lua_State *L) {
    tr_lua_histogram *self = tr_lua_check_object(L, 1, TR_LUA_HISTOGRAM);
    tr_histogram_free(self->histogram);
    self->histogram = NULL;
    tr_lua_tell_memory(L, &self->told_bytes, 0);
    return 0;
}

/* ---- open ---- */

void tr_lua_open_histogram(lua_State *L) {
    static const luaL_Reg methods[] = {{"add", histogram_add},
                                       {"merge", histogram_merge},
                                       {"quantile", histogram_quantile},
                                       {"buckets", histogram_buckets},
                                       {NULL, NULL}};
    static const luaL_Reg metamethods[] = {
        {"__tostring", histogram_tostring}, {"__gc", histogram_finalize}, {NULL, NULL}};
    tr_lua_new_type(L, TR_LUA_HISTOGRAM, histogram_fields, HISTOGRAM_FIELD_COUNT, methods, metamethods, histogram_index,
                    0);
}
