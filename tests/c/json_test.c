#include "tracereel/json.h"

#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "scarce_memory.h"

#define FIXTURES "tests/fixtures/logs/"

static void check_json(const char *expected, tr_json *json) {
    CHECK_INT(TR_OK, tr_json_status(json));
    CHECK_BYTES(expected, strlen(expected), json->bytes, json->length_bytes);
    tr_json_free(json);
}

static void commas_and_colons(void) {
    tr_json json;
    tr_json_init(&json);
    tr_json_begin_object(&json);
    tr_json_key(&json, "a");
    tr_json_begin_array(&json);
    tr_json_unsigned(&json, 1);
    tr_json_begin_object(&json);
    tr_json_end_object(&json);
    tr_json_begin_array(&json);
    tr_json_end_array(&json);
    tr_json_null(&json);
    tr_json_end_array(&json);
    tr_json_key_text(&json, "b\n", 2);
    tr_json_begin_object(&json);
    tr_json_key(&json, "c");
    tr_json_bool(&json, true);
    tr_json_key(&json, "d");
    tr_json_bool(&json, false);
    tr_json_end_object(&json);
    tr_json_key(&json, "e");
    tr_json_text(&json, NULL, 0);
    tr_json_key(&json, "f");
    tr_json_trace_id(&json, (const uint8_t *)"\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff");
    tr_json_end_object(&json);
    check_json("{\"a\":[1,{},[],null],\"b\\n\":{\"c\":true,\"d\":false},\"e\":\"\","
               "\"f\":\"00112233-4455-6677-8899-aabbccddeeff\"}",
               &json);
}

static void reset_starts_a_fresh_value(void) {
    tr_json json;
    tr_json_init(&json);
    tr_json_unsigned(&json, 12);
    char *memory = json.bytes;
    tr_json_reset(&json);
    tr_json_unsigned(&json, 3);
    CHECK(json.bytes == memory);
    check_json("3", &json);
}

static void integers_are_exact(void) {
    static const uint64_t values[] = {0,
                                      9,
                                      10,
                                      99,
                                      100,
                                      101,
                                      65535,
                                      4294967295u,
                                      4294967296u,
                                      999999999999,
                                      1000000000000,
                                      INT64_MAX,
                                      UINT64_MAX - 1,
                                      UINT64_MAX};
    tr_json json;
    tr_json_init(&json);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char expected[32];
        snprintf(expected, sizeof expected, "%" PRIu64, values[i]);
        tr_json_unsigned(&json, values[i]);
        check_json(expected, &json);
        snprintf(expected, sizeof expected, "%" PRId64, (int64_t)values[i]);
        tr_json_signed(&json, (int64_t)values[i]);
        check_json(expected, &json);
    }
    tr_json_signed(&json, INT64_MIN);
    check_json("-9223372036854775808", &json);
}

static void doubles_read_back(void) {
    static const struct {
        double value;
        const char *expected;
    } cases[] = {{1, "1.0"},
                 {0, "0.0"},
                 {-0.0, "-0.0"},
                 {0.1, "0.1"},
                 {0.1 + 0.2, "0.30000000000000004"},
                 {1.0 / 3, "0.3333333333333333"},
                 {1e20, "1e+20"},
                 {-1.5, "-1.5"},
                 {123456789012345, "123456789012345.0"},
                 {1.7976931348623157e308, "1.7976931348623157e+308"},
                 {2.2250738585072014e-308, "2.2250738585072014e-308"},
                 {5e-324, "5e-324"},
                 {(double)INFINITY, "null"},
                 {-(double)INFINITY, "null"},
                 {(double)NAN, "null"}};
    tr_json json;
    tr_json_init(&json);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tr_json_double(&json, cases[i].value);
        check_json(cases[i].expected, &json);
    }
    uint64_t state = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        double value;
        memcpy(&value, &state, sizeof value);
        if (!isfinite(value)) {
            continue;
        }
        tr_json_double(&json, value);
        char text[64] = {0};
        memcpy(text, json.bytes, json.length_bytes);
        CHECK(strtod(text, NULL) == value);
        tr_json_free(&json);
    }
}

static void escapes(void) {
    tr_json json;
    tr_json_init(&json);
    tr_json_text(&json, "\0\x01\b\t\n\f\r\x1f \"\\/\x7f\xe2\x80\xa8", 16);
    check_json("\"\\u0000\\u0001\\b\\t\\n\\f\\r\\u001f \\\"\\\\/\x7f\xe2\x80\xa8\"", &json);
    /* A special byte at each of the eight positions that are checked together, before and after others. */
    static const char *const specials[][2] = {
        {"\"", "\\\""},           {"\\", "\\\\"}, {"\x1f", "\\u001f"}, {"\xff", "\xef\xbf\xbd"},
        {"\xc3\xa9", "\xc3\xa9"}, {" ", " "},     {"#", "#"},          {"]", "]"}};
    for (size_t special = 0; special < sizeof specials / sizeof specials[0]; special++) {
        for (int before = 0; before < 20; before++) {
            char text[64], expected[64];
            int length = snprintf(text, sizeof text, "%.*s%s%.*s", before, "abcdefghijklmnopqrst", specials[special][0],
                                  20 - before, "!!!!!!!!!!!!!!!!!!!!");
            snprintf(expected, sizeof expected, "\"%.*s%s%.*s\"", before, "abcdefghijklmnopqrst", specials[special][1],
                     20 - before, "!!!!!!!!!!!!!!!!!!!!");
            tr_json_text(&json, text, (size_t)length);
            check_json(expected, &json);
        }
    }
}

#define R "\xef\xbf\xbd"

/* The expected texts are what Python's bytes.decode(errors="replace") and Rust's String::from_utf8_lossy give. */
static void broken_utf8(void) {
    static const struct {
        const char *text, *expected;
    } cases[] = {{"a\x80z", "a" R "z"},
                 {"\xc0\xaf", R R},
                 {"\xc1\xbf", R R},
                 {"\xc2", R},
                 {"\xc2\xc2\x80", R "\xc2\x80"},
                 {"\xe0\x80\xaf", R R R},
                 {"\xe0\xa0", R},
                 {"\xe0\xa0\x80", "\xe0\xa0\x80"},
                 {"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", R R R R "A"},
                 {"\xed\x9f\xbf", "\xed\x9f\xbf"},
                 {"\xed\xa0\x80", R R R},
                 {"\xed\xbf\xbf", R R R},
                 {"\xee\x80\x80", "\xee\x80\x80"},
                 {"\xef\xbf\xbf", "\xef\xbf\xbf"},
                 {"\xf0\x8f\xbf\xbf", R R R R},
                 {"\xf0\x90\x80\x80", "\xf0\x90\x80\x80"},
                 {"\xf0\x9f\x99", R},
                 {"\xf0\x9f\x99\x82", "\xf0\x9f\x99\x82"},
                 {"\xf0\x9f\x99x", R "x"},
                 {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
                 {"\xf4\x90\x80\x80", R R R R},
                 {"\xf5\x80\x80\x80", R R R R},
                 {"\xff\xfe", R R}};
    tr_json json;
    tr_json_init(&json);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[64];
        snprintf(expected, sizeof expected, "\"%s\"", cases[i].expected);
        tr_json_text(&json, cases[i].text, strlen(cases[i].text));
        check_json(expected, &json);
    }
}

/* Long texts are escaped in pieces: a character may lie across any boundary. */
static void long_texts(void) {
    enum { PADDING_MAX = 1040, REPEATS = 700 };
    static char text[PADDING_MAX + REPEATS * 3];
    static char expected[PADDING_MAX + REPEATS * 3 + 2];
    tr_json json;
    tr_json_init(&json);
    for (size_t padding = 1000; padding < PADDING_MAX; padding++) {
        memset(text, 'x', padding);
        for (size_t i = 0; i < REPEATS; i++) {
            memcpy(text + padding + i * 3, "\xe6\xbc\xa2", 3);
        }
        size_t length = padding + REPEATS * 3;
        expected[0] = '"';
        memcpy(expected + 1, text, length);
        expected[length + 1] = '"';
        tr_json_text(&json, text, length);
        CHECK_BYTES(expected, length + 2, json.bytes, json.length_bytes);
        tr_json_reset(&json);
    }
    memset(text, 1, sizeof text);
    tr_json_text(&json, text, sizeof text);
    CHECK_UINT(2 + 6 * sizeof text, json.length_bytes);
    CHECK(memcmp(json.bytes + json.length_bytes - 13, "\\u0001\\u0001\"", 13) == 0);
    tr_json_free(&json);
}

/* A whole file; the caller frees it. */
static char *read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        return NULL;
    }
    *length = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(*length + 1);
    *length = fread(bytes, 1, *length, file);
    fclose(file);
    return bytes;
}

/* The expected files have a space after each comma and colon outside strings. */
static size_t without_spaces(char *line, size_t length) {
    size_t kept = 0;
    bool in_string = false;
    for (size_t i = 0; i < length; i++) {
        if (in_string && line[i] == '\\') {
            line[kept++] = line[i++];
        } else if (line[i] == '"') {
            in_string = !in_string;
        } else if (!in_string && line[i] == ' ') {
            continue;
        }
        line[kept++] = line[i];
    }
    return kept;
}

/* Compares the records of a segment with the lines from `*line` on. Returns the number of records. */
static unsigned check_segment(const char *path, char **line, const char *end) {
    size_t length;
    char *bytes = read_file(path, &length);
    unsigned count = 0;
    tr_json json;
    tr_json_init(&json);
    tr_record record;
    tr_defect defect;
    for (size_t at = 0; bytes != NULL && at < length; at += record.length_bytes, count++) {
        char *newline = *line < end ? memchr(*line, '\n', (size_t)(end - *line)) : NULL;
        if (newline == NULL || tr_record_decode((uint8_t *)bytes + at, length - at, &record, &defect) != TR_OK) {
            CHECK(newline == NULL); /* a torn record ends the last segment, where no line is left */
            break;
        }
        tr_json_reset(&json);
        tr_json_record(&json, &record);
        CHECK_BYTES(*line, without_spaces(*line, (size_t)(newline - *line)), json.bytes, json.length_bytes);
        *line = newline + 1;
    }
    tr_json_free(&json);
    free(bytes);
    return count;
}

static void check_log(const char *name, unsigned segments) {
    char path[256];
    size_t length;
    snprintf(path, sizeof path, FIXTURES "expected/%s.records.jsonl", name);
    char *lines = read_file(path, &length);
    REQUIRE(lines != NULL);
    char *line = lines;
    for (unsigned segment = 0; segment < segments; segment++) {
        snprintf(path, sizeof path, FIXTURES "%s/wal_%016x.log", name, segment);
        CHECK(check_segment(path, &line, lines + length) > 0);
    }
    CHECK(line == lines + length);
    free(lines);
}

static void records_of_edge(void) {
    check_log("edge", 1);
}

static void records_of_orders(void) {
    check_log("orders", 3);
}

static void largest_record(void) {
    static const uint8_t id[TR_TRACE_ID_BYTES] = {0xff};
    tr_record_fields fields = {.type = TR_TYPE_TRACE_SUSPENDED,
                               .node_id = UINT32_MAX,
                               .timestamp_ns = UINT64_MAX,
                               .output_offset = UINT64_MAX,
                               .output_size = UINT32_MAX,
                               .schema_hash = UINT64_MAX,
                               .iteration = UINT32_MAX};
    memcpy(fields.trace_id, id, sizeof id);
    uint8_t bytes[TR_RECORD_MIN_BYTES];
    tr_record record;
    tr_defect defect;
    CHECK_INT(TR_OK, tr_record_encode(&fields, bytes, sizeof bytes));
    CHECK_INT(TR_OK, tr_record_decode(bytes, sizeof bytes, &record, &defect));
    tr_json json;
    tr_json_init(&json);
    tr_json_record(&json, &record);
    check_json("{\"error_message\":null,\"iteration\":4294967295,\"metadata\":null,\"node_id\":4294967295,"
               "\"output_offset\":18446744073709551615,\"output_size\":4294967295,"
               "\"schema_hash\":18446744073709551615,\"timestamp_ns\":18446744073709551615,"
               "\"trace_id\":\"ff000000-0000-0000-0000-000000000000\",\"type\":\"trace_suspended\"}",
               &json);
}

/* Runs in a child process. */
static int write_without_memory(void) {
    tr_json json;
    tr_json_init(&json);
    tr_json_begin_array(&json);
    static const char text[4096];
    get_no_more_memory();
    for (int i = 0; i < 10000 && tr_json_status(&json) == TR_OK; i++) {
        tr_json_text(&json, text, sizeof text);
    }
    bool was_remembered = tr_json_status(&json) == TR_ERROR_MEMORY;
    size_t length = json.length_bytes;
    tr_json_null(&json);
    tr_json_key(&json, "key");
    tr_json_end_array(&json);
    bool was_ignored = json.length_bytes == length;
    tr_json_reset(&json);
    tr_json_null(&json);
    bool works_again = tr_json_status(&json) == TR_OK && json.length_bytes == 4;
    tr_json_free(&json);
    return was_remembered && was_ignored && works_again ? 0 : 1;
}

static void memory_runs_out(void) {
    check_in_child(write_without_memory);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("commas and colons are where JSON wants them", commas_and_colons);
    check_run("after a reset a new value is written into the same memory", reset_starts_a_fresh_value);
    check_run("64-bit integers are exact", integers_are_exact);
    check_run("doubles are short and read back to the same number", doubles_read_back);
    check_run("what JSON strings may not contain is escaped at every position", escapes);
    check_run("each broken part of UTF-8 becomes one U+FFFD", broken_utf8);
    check_run("long texts are complete", long_texts);
    check_run("every record of the edge log is written as expected", records_of_edge);
    check_run("every record of the orders log is written as expected", records_of_orders);
    check_run("a record with the largest numbers fits", largest_record);
    if (CAN_RUN_OUT_OF_MEMORY) {
        check_run("running out of memory is remembered until the next value", memory_runs_out);
    }
    return check_end();
}
