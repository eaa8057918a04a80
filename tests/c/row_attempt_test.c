/* Rows of a table as attempts, and the names in them. */
#include "import/attempt_table.h"
#include "import/draft.h"
#include "import/name_table.h"
#include "import/row_attempt.h"

#include "check.h"

/* ---- rows ---- */

enum { COLUMN_COUNT = 8 };

/* Columns 0 to 7: trace, node, start, end, scheduled, instance, resource, error; times in seconds. */
static tr_row_columns all_columns(void) {
    tr_row_columns columns = {0};
    tr_row_column *list[COLUMN_COUNT] = {&columns.trace,     &columns.node,     &columns.start,    &columns.end,
                                         &columns.scheduled, &columns.instance, &columns.resource, &columns.error};
    for (uint32_t i = 0; i < COLUMN_COUNT; i++) {
        *list[i] = (tr_row_column){.is_there = true, .index = i, .form = {.is_number = true, .unit_digits = 9}};
    }
    return columns;
}

/* A row whose fields are those, but one. */
static bool is_attempt(uint32_t changed, const char *field, tr_row_attempt *attempt) {
    const char *texts[COLUMN_COUNT] = {"run", "load", "2", "3", "1", "7", "host", "no"};
    tr_csv_field fields[COLUMN_COUNT] = {0};
    tr_csv_reader reader = {.fields = fields, .field_count = COLUMN_COUNT, .first_field_count = COLUMN_COUNT};
    texts[changed] = field;
    for (uint32_t i = 0; i < COLUMN_COUNT; i++) {
        fields[i].text = (tr_text){texts[i], (uint32_t)strlen(texts[i])};
    }
    tr_row_columns columns = all_columns();
    columns.width = COLUMN_COUNT;
    bool is_one = tr_row_attempt_of(&reader, &columns, attempt);
    columns.width++;
    CHECK(!tr_row_attempt_of(&reader, &columns, attempt)); /* a column that no row has */
    columns.width--;
    return is_one && tr_row_attempt_of(&reader, &columns, attempt);
}

static void a_row_says_what_its_columns_are(void) {
    tr_row_attempt attempt;
    CHECK(is_attempt(6, "h\xc3\xa9", &attempt));
    CHECK_BYTES("run", 3, attempt.trace.bytes, attempt.trace.length_bytes);
    CHECK_BYTES("load", 4, attempt.node.bytes, attempt.node.length_bytes);
    CHECK_BYTES("7", 1, attempt.instance.bytes, attempt.instance.length_bytes);
    CHECK_BYTES("h\xc3\xa9", 3, attempt.resource.bytes, attempt.resource.length_bytes);
    CHECK_BYTES("no", 2, attempt.error.bytes, attempt.error.length_bytes);
    CHECK_UINT(UINT64_C(2000000000), attempt.start_ns);
    CHECK_UINT(UINT64_C(3000000000), attempt.end_ns);
    CHECK_UINT(UINT64_C(1000000000), attempt.scheduled_ns);
    CHECK(is_attempt(4, "", &attempt));
    CHECK_UINT(TR_TIME_UNKNOWN, attempt.scheduled_ns);
    CHECK(is_attempt(2, "3", &attempt));
    CHECK(is_attempt(4, "2", &attempt));
    CHECK(is_attempt(7, "two\nlines", &attempt));
}

static void a_row_that_lacks_something_is_none(void) {
    tr_row_attempt attempt;
    for (uint32_t column = 0; column < 4; column++) {
        CHECK(!is_attempt(column, "", &attempt));
    }
    CHECK(!is_attempt(2, "3.000000001", &attempt));
    CHECK(!is_attempt(3, "soon", &attempt));
    CHECK(!is_attempt(4, "2.000000001", &attempt));
    CHECK(!is_attempt(4, "soon", &attempt));
    for (uint32_t column = 0; column < COLUMN_COUNT; column++) {
        CHECK(!is_attempt(column, "\xff", &attempt));
    }
    CHECK(!is_attempt(1, "a\x7f", &attempt));
    CHECK(!is_attempt(5, "\t", &attempt));
}

/* ---- names ---- */

static void names_keep_their_numbers(void) {
    enum { NAMES = 3000 };
    tr_name_table table = {0};
    char name[16];
    uint32_t number = 0;
    CHECK(!tr_name_table_find(&table, (tr_text){"a", 1}, &number));
    for (uint32_t i = 0; i < NAMES; i++) {
        uint32_t length = (uint32_t)snprintf(name, sizeof name, "name %u", i);
        CHECK(!tr_name_table_find(&table, (tr_text){name, length}, &number));
        CHECK(tr_name_table_add(&table, (tr_text){name, length}, i * 7));
    }
    for (uint32_t i = 0; i < NAMES; i++) {
        uint32_t length = (uint32_t)snprintf(name, sizeof name, "name %u", i);
        CHECK(tr_name_table_find(&table, (tr_text){name, length}, &number));
        CHECK_UINT(i * 7, number);
    }
    CHECK(!tr_name_table_find(&table, (tr_text){"name", 4}, &number));
    tr_name_table_free(&table);
    CHECK(!tr_name_table_find(&table, (tr_text){"name 1", 6}, &number));
}

/* ---- lanes ---- */

static void lanes_begin_anew_where_a_trace_is_whole(void) {
    tr_error error = {""};
    tr_draft *draft = NULL;
    const uint8_t id[TR_TRACE_ID_BYTES] = {1};
    uint32_t trace = 0;
    uint32_t lane = 0;
    CHECK(tr_draft_open(0, &draft, &error) == TR_OK);
    CHECK(tr_draft_add_trace(draft, id, NULL, TR_TIME_UNKNOWN, (tr_text){NULL, 0}, &trace, &error) == TR_OK);
    const struct {
        uint32_t node;
        uint64_t instance, start_ns, end_ns;
        uint32_t lane;
    } cases[] = {{1, 0, 10, 20, 1}, {1, 0, 15, 30, 2}, {1, 0, 20, 25, 1}, {1, 9, 20, 25, 1}, {2, 0, 12, 13, 1},
                 {1, 0, 5, 10, 1},  {1, 0, 14, 16, 3}, {1, 0, 4, 6, 2},   {1, 0, 25, 40, 1}, {1, 0, 29, 31, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK(tr_draft_lane(draft, trace, cases[i].node, cases[i].instance, cases[i].start_ns, cases[i].end_ns, &lane,
                            &error) == TR_OK);
        CHECK_UINT(cases[i].lane, lane);
    }
    const tr_text nothing = {NULL, 0};
    CHECK(tr_draft_close_trace(draft, trace, TR_TYPE_TRACE_COMPLETE, TR_TIME_UNKNOWN, nothing, nothing, &error) ==
          TR_OK);
    CHECK(tr_draft_lane(draft, trace, 1, 0, 10, 20, &lane, &error) == TR_OK);
    CHECK_UINT(1, lane);
    tr_draft_close(draft);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("rows: one is what its columns say", a_row_says_what_its_columns_are);
    check_run("rows: one that lacks something, or runs backwards, or needs mending is no attempt",
              a_row_that_lacks_something_is_none);
    check_run("names: each keeps its number while the table grows", names_keep_their_numbers);
    check_run("lanes: each attempt has the first that is free, until its trace is whole",
              lanes_begin_anew_where_a_trace_is_whole);
    return check_end();
}
