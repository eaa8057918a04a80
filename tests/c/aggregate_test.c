#include "aggregate/aggregate.h"
#include "aggregate/group_table.h"
#include "aggregate/packed.h"
#include "check.h"

#include <stdlib.h>

static const uint8_t low_id[TR_TRACE_ID_BYTES] = {0x7f, 1};
static const uint8_t high_id[TR_TRACE_ID_BYTES] = {0x80};

static tr_packed_value integer(int64_t value) {
    return (tr_packed_value){TR_PACKED_INTEGER, {.integer = value}};
}

static tr_packed_value boolean(bool value) {
    return (tr_packed_value){TR_PACKED_BOOLEAN, {.boolean = value}};
}

static tr_packed_value text(const char *bytes, uint32_t length) {
    return (tr_packed_value){TR_PACKED_TEXT, {.text = {bytes, length}}};
}

static tr_packed_value name(const char *of) {
    return (tr_packed_value){TR_PACKED_NAME, {.name = of}};
}

static tr_packed_value id(const uint8_t *bytes) {
    return (tr_packed_value){TR_PACKED_ID, {.id = bytes}};
}

static tr_packed list_of(const tr_packed_value *values, unsigned count) {
    tr_packed list = {0};
    for (unsigned i = 0; i < count; i++) {
        CHECK(tr_packed_add(&list, &values[i]));
    }
    return list;
}

/* In their order; names and texts mix. */
static unsigned make_ordered(tr_packed_value ordered[]) {
    const tr_packed_value all[] = {
        {.kind = TR_PACKED_NONE}, boolean(false),       boolean(true), integer(INT64_MIN), integer(-1),     integer(0),
        integer(INT64_MAX),       text("", 0),          text("a", 1),  text("a\0", 2),     text("a\0b", 3), name("aa"),
        text("aaaaaaaa", 8),      text("aaaaaaaaa", 9), name("b"),     text("\xff", 1),
    };
    memcpy(ordered, all, sizeof all);
    return sizeof all / sizeof *all;
}

static void values_are_in_order(void) {
    tr_packed_value ordered[32];
    unsigned count = make_ordered(ordered);
    for (unsigned i = 0; i < count; i++) {
        for (unsigned j = 0; j < count; j++) {
            tr_packed left = list_of(&ordered[i], 1);
            tr_packed right = list_of(&ordered[j], 1);
            int order = tr_packed_compare(left.words, right.words, 1);
            CHECK_INT((i > j) - (i < j), (order > 0) - (order < 0));
            tr_packed_free(&left);
            tr_packed_free(&right);
        }
    }
    tr_packed low = list_of((tr_packed_value[]){id(low_id)}, 1);
    tr_packed high = list_of((tr_packed_value[]){id(high_id)}, 1);
    CHECK(tr_packed_compare(low.words, high.words, 1) < 0);
    CHECK(tr_packed_compare(high.words, low.words, 1) > 0);
    tr_packed_free(&low);
    tr_packed_free(&high);
}

static void later_values_decide_where_earlier_ones_are_equal(void) {
    tr_packed left = list_of((tr_packed_value[]){text("same text", 9), id(low_id), integer(2), integer(9)}, 4);
    tr_packed right = list_of((tr_packed_value[]){text("same text", 9), id(low_id), integer(3), integer(1)}, 4);
    CHECK_INT(0, tr_packed_compare(left.words, right.words, 2));
    CHECK(tr_packed_compare(left.words, right.words, 4) < 0);
    CHECK(tr_packed_compare(right.words, left.words, 4) > 0);
    tr_packed_free(&left);
    tr_packed_free(&right);
}

static void what_is_packed_is_read_again(void) {
    tr_packed_value ordered[32];
    unsigned count = make_ordered(ordered);
    tr_packed list = list_of(ordered, count);
    const uint64_t *at = list.words;
    for (unsigned i = 0; i < count; i++) {
        tr_packed_value value;
        at = tr_packed_read(at, &value);
        CHECK_INT(ordered[i].kind, value.kind);
        if (value.kind == TR_PACKED_TEXT) {
            CHECK_BYTES(ordered[i].as.text.bytes, ordered[i].as.text.length_bytes, value.as.text.bytes,
                        value.as.text.length_bytes);
        } else if (value.kind == TR_PACKED_INTEGER) {
            CHECK_INT(ordered[i].as.integer, value.as.integer);
        } else if (value.kind == TR_PACKED_BOOLEAN) {
            CHECK_INT(ordered[i].as.boolean, value.as.boolean);
        } else if (value.kind == TR_PACKED_NAME) {
            CHECK(ordered[i].as.name == value.as.name);
        }
    }
    CHECK(at == list.words + list.word_count);
    tr_packed_free(&list);
}

static void each_list_is_a_group_of_its_own(void) {
    enum { COUNT = 5000 };
    tr_group_table table = {0};
    size_t bytes_before = 0;
    for (unsigned round = 0; round < 2; round++) {
        for (int i = 0; i < COUNT; i++) {
            /* A number, the text of its digits, and both: no two are one group. */
            char digits[16];
            uint32_t length = (uint32_t)snprintf(digits, sizeof digits, "%d", i);
            tr_packed_value values[] = {integer(i), text(digits, length)};
            for (unsigned form = 0; form < 3; form++) {
                tr_packed key = list_of(values + (form == 1), form == 2 ? 2 : 1);
                tr_group *group = tr_group_table_need(&table, key.words, key.word_count);
                CHECK(group != NULL && group->value.number == (round == 0 ? 0 : (uint64_t)i * 3 + form + 1));
                CHECK(group == &table.groups[i * 3 + (int)form]); /* in the order in which they came */
                group->value.number = (uint64_t)i * 3 + form + 1;
                tr_packed_free(&key);
            }
        }
        CHECK_UINT(COUNT * 3, table.group_count);
        CHECK(round == 0 || tr_group_table_memory_bytes(&table) == bytes_before);
        bytes_before = tr_group_table_memory_bytes(&table);
    }
    /* A group, its slots and its key; twice that where tables are half full. */
    CHECK(bytes_before > COUNT * 3 * (sizeof(tr_group) + 2 * sizeof(uint32_t) + 2 * sizeof(uint64_t)));
    CHECK(bytes_before < COUNT * 3 * 3 * (sizeof(tr_group) + 2 * sizeof(uint32_t) + 4 * sizeof(uint64_t)));
    tr_group_table_free(&table);
}

static void keys_longer_than_a_block_are_kept(void) {
    enum { LENGTH = 3000000 };
    char *bytes = malloc(LENGTH);
    REQUIRE(bytes != NULL);
    memset(bytes, 'x', LENGTH);
    tr_group_table table = {0};
    tr_packed key = list_of((tr_packed_value[]){text(bytes, LENGTH)}, 1);
    tr_packed shorter = list_of((tr_packed_value[]){text(bytes, LENGTH - 1)}, 1);
    tr_group_table_need(&table, key.words, key.word_count);
    tr_group_table_need(&table, shorter.words, shorter.word_count);
    tr_group_table_need(&table, key.words, key.word_count);
    CHECK_UINT(2, table.group_count);
    tr_packed_value value;
    tr_packed_read(table.groups[0].key, &value);
    CHECK_BYTES(bytes, LENGTH, value.as.text.bytes, value.as.text.length_bytes);
    tr_packed_free(&key);
    tr_packed_free(&shorter);
    tr_group_table_free(&table);
    free(bytes);
}

static void without_a_key_all_are_one_group(void) {
    tr_aggregate aggregate = {.kind = TR_AGGREGATE_SUM};
    tr_packed none = {0};
    CHECK_INT(TR_OK, tr_aggregate_add(&aggregate, &none, 40));
    CHECK_INT(TR_OK, tr_aggregate_add(&aggregate, &none, (uint64_t)-50));
    CHECK_UINT(1, aggregate.table.group_count);
    CHECK_INT(-10, (int64_t)aggregate.table.groups[0].value.number);
    tr_aggregate_free(&aggregate);
    CHECK_UINT(0, tr_aggregate_memory_bytes(&aggregate));
}

static void counts_ignore_values(void) {
    tr_aggregate aggregate = {.kind = TR_AGGREGATE_COUNT};
    tr_packed key = list_of((tr_packed_value[]){integer(7)}, 1);
    CHECK_INT(TR_OK, tr_aggregate_add(&aggregate, &key, 40));
    CHECK_INT(TR_OK, tr_aggregate_add(&aggregate, &key, 50));
    CHECK_UINT(2, aggregate.table.groups[0].value.number);
    tr_packed_free(&key);
    tr_aggregate_free(&aggregate);
}

static void histograms_are_those_of_the_values(void) {
    tr_aggregate aggregate = {.kind = TR_AGGREGATE_HISTOGRAM};
    size_t bytes = 0;
    for (unsigned i = 0; i < 1000; i++) {
        tr_packed key = list_of((tr_packed_value[]){integer(i % 2)}, 1);
        CHECK_INT(TR_OK, tr_aggregate_add(&aggregate, &key, i));
        tr_packed_free(&key);
    }
    for (unsigned i = 0; i < 2; i++) {
        const tr_histogram *histogram = aggregate.table.groups[i].value.object;
        CHECK_UINT(500, tr_histogram_count(histogram));
        CHECK_UINT(i, tr_histogram_min(histogram));
        CHECK_UINT(998 + i, tr_histogram_max(histogram));
        bytes += tr_histogram_memory_bytes(histogram);
    }
    CHECK_UINT(bytes, aggregate.object_bytes);
    tr_aggregate_free(&aggregate);
}

static int ascending(const void *left, const void *right) {
    const int64_t *a = left;
    const int64_t *b = right;
    return (*a > *b) - (*a < *b);
}

/* `max_rows` of `count` values that are drawn, each with a text that tells it from others, against sorting them. */
static void check_rows(tr_aggregate_kind kind, uint32_t max_rows, unsigned count) {
    tr_aggregate aggregate = {.kind = kind, .row_values = 2, .max_rows = max_rows};
    tr_packed none = {0};
    int64_t drawn[200];
    uint64_t state = count * 31 + max_rows;
    for (unsigned i = 0; i < count; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        drawn[i] = (int64_t)(state >> 33) % 50;
        tr_packed row =
            list_of((tr_packed_value[]){integer(drawn[i]), text("longer than a word", (uint32_t)i % 18)}, 2);
        CHECK_INT(TR_OK, tr_aggregate_add_row(&aggregate, &none, &row));
        tr_packed_free(&row);
    }
    qsort(drawn, count, sizeof *drawn, ascending);
    const tr_aggregate_rows *rows = aggregate.table.groups[0].value.object;
    CHECK_UINT(count < max_rows ? count : max_rows, rows->count);
    size_t bytes = sizeof *rows + rows->capacity * sizeof rows->rows[0];
    for (uint32_t i = 0; i < rows->count; i++) {
        tr_packed_value value;
        tr_packed_value after;
        const uint64_t *end = tr_packed_read(tr_packed_read(rows->rows[i], &value), &after);
        CHECK_INT(drawn[kind == TR_AGGREGATE_FIRST ? i : count - 1 - i], value.as.integer);
        bytes += (size_t)(end - rows->rows[i]) * sizeof(uint64_t);
        if (i > 0) {
            int order = tr_packed_compare(rows->rows[i - 1], rows->rows[i], 2);
            CHECK(kind == TR_AGGREGATE_FIRST ? order <= 0 : order >= 0);
        }
    }
    CHECK_UINT(bytes, aggregate.object_bytes);
    tr_aggregate_free(&aggregate);
    CHECK_UINT(0, tr_aggregate_memory_bytes(&aggregate));
}

static void rows_are_those_that_come_first(void) {
    for (uint32_t max_rows = 1; max_rows < 12; max_rows++) {
        for (unsigned count = 1; count < 200; count += 13) {
            check_rows(TR_AGGREGATE_FIRST, max_rows, count);
            check_rows(TR_AGGREGATE_LAST, max_rows, count);
        }
    }
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("packed values have an order: nothing, false, true, integers, texts", values_are_in_order);
    check_run("of packed lists the first value that differs decides", later_values_decide_where_earlier_ones_are_equal);
    check_run("what is packed is read again", what_is_packed_is_read_again);
    check_run("each list of values is a group of its own, in the order in which they came",
              each_list_is_a_group_of_its_own);
    check_run("keys of megabytes are kept", keys_longer_than_a_block_are_kept);
    check_run("without a key all records are one group", without_a_key_all_are_one_group);
    check_run("counts ignore the value", counts_ignore_values);
    check_run("a group's histogram is that of its values, and its memory is counted",
              histograms_are_those_of_the_values);
    check_run("the rows of a group are those that come first of all, and their memory is counted",
              rows_are_those_that_come_first);
    return check_end();
}
