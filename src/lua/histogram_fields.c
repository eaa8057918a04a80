#include "lua/histogram_fields.h"

#include <lauxlib.h>

#include "lua/failure.h"
#include "lua/histogram.h"

void tr_lua_push_histogram_fields(lua_State *L, const tr_histogram *histogram) {
    tr_histogram_numbers numbers = tr_histogram_numbers_of(histogram);
    tr_histogram_bucket bucket;
    uint32_t cursor = 0;
    lua_Integer place = 0;
    lua_newtable(L); /* fields */
#define SET_NUMBER(member) tr_fields_set_unsigned(L, #member, numbers.member);
    TR_HISTOGRAM_NUMBERS(SET_NUMBER)
#undef SET_NUMBER
    if (tr_histogram_count(histogram) == 0) {
        return;
    }
    lua_newtable(L); /* fields, buckets */
    while (tr_histogram_next_bucket(histogram, &cursor, &bucket)) {
        tr_fields_append(L, &place, bucket.number);
        tr_fields_append(L, &place, bucket.count);
    }
    lua_setfield(L, -2, "buckets");
}

tr_histogram *tr_lua_push_histogram_from(lua_State *L, int index) {
    tr_fields fields = tr_fields_of(L, index, "a histogram");
    tr_histogram *histogram = tr_lua_push_histogram(L); /* self */
    tr_histogram_numbers numbers;
#define TAKE_NUMBER(member) numbers.member = tr_fields_unsigned(L, &fields, #member);
    TR_HISTOGRAM_NUMBERS(TAKE_NUMBER)
#undef TAKE_NUMBER
    uint32_t value_count = tr_fields_push_list(L, &fields, "buckets", 2 * TR_HISTOGRAM_BUCKETS); /* self, list */
    tr_histogram_bucket *buckets = lua_newuserdatauv(L, value_count / 2 * sizeof *buckets, 0);
    lua_insert(L, -2); /* self, buckets, list */
    for (uint32_t i = 0; i < value_count / 2; i++) {
        uint64_t number = tr_fields_at(L, &fields, 2 * i + 1);
        buckets[i].number = number < TR_HISTOGRAM_BUCKETS ? (uint32_t)number : TR_HISTOGRAM_BUCKETS;
        buckets[i].count = tr_fields_at(L, &fields, 2 * i + 2);
    }
    tr_fields_end(L, &fields);
    tr_status status =
        value_count % 2 != 0 ? TR_ERROR_INVALID : tr_histogram_restore(histogram, &numbers, buckets, value_count / 2);
    if (status == TR_ERROR_INVALID) {
        luaL_error(L, "a histogram: its buckets and numbers are not those of any values");
    } else if (status != TR_OK) {
        tr_lua_raise_status(L, status, NULL);
    }
    lua_pop(L, 2); /* self */
    tr_lua_tell_histogram_memory(L, -1);
    return histogram;
}

int tr_lua_histogram_fields(lua_State *L) {
    tr_lua_push_histogram_fields(L, tr_lua_check_histogram(L, 1));
    return 1;
}

int tr_lua_histogram_from(lua_State *L) {
    lua_settop(L, 1);
    tr_lua_push_histogram_from(L, 1);
    return 1;
}
