#include "tracereel/log.h"

#include "log_fixture.h"
#include "tracereel/json.h"

/* --- the sample logs --- */

static const char *const samples[] = {
    "orders",          "done-only",    "all-complete",   "edge",      "archived",
    "snapshot",        "empty",        "torn-tail",      "zero-tail", "bit-flip-payload",
    "bit-flip-length", "bad-type",     "garbage-middle", "lost-page", "short-middle-segment",
    "missing-segment", "short-record", "restarted"};
enum { SAMPLE_COUNT = sizeof samples / sizeof *samples };

static tr_log *open_sample(const char *name, const tr_log_options *options) {
    char path[128];
    tr_log *log;
    tr_error error = {""};
    snprintf(path, sizeof path, FIXTURES "%s", name);
    CHECK_INT(TR_OK, tr_log_open(path, options, &log, &error));
    CHECK_TEXT("", error.message);
    return log;
}

/* The keys that expected damage has. */
static void put_gap(tr_json *json, const tr_gap *gap) {
    tr_json_begin_object(json);
    tr_json_key(json, "class");
    const char *name = tr_gap_class_name(gap->gap_class);
    tr_json_text(json, name, strlen(name));
    if (gap->gap_class != TR_GAP_MISSING_SEGMENT) {
        tr_json_key(json, "length");
        tr_json_unsigned(json, gap->length_bytes);
        tr_json_key(json, "offset");
        tr_json_unsigned(json, gap->position.offset);
    }
    tr_json_key(json, "segment");
    tr_json_text(json, gap->segment, strlen(gap->segment));
    tr_json_end_object(json);
}

static void check_line(expected_lines *lines, tr_json *json) {
    char *line = NULL;
    size_t length = 0;
    if (lines->bytes != NULL) {
        CHECK(next_expected(lines, &line, &length));
        CHECK_BYTES(line, length, json->bytes, json->length_bytes);
    }
    tr_json_reset(json);
}

static void check_no_line_left(expected_lines *lines) {
    CHECK(lines->bytes == NULL || lines->next >= lines->end);
    free(lines->bytes);
}

static void check_sample(const char *name) {
    const tr_log_options options = {.use_snapshot = true}; /* what is expected of "snapshot" depends on it */
    tr_log *log = open_sample(name, &options);
    expected_lines records = read_expected(name, "records");
    expected_lines damage = read_expected(name, "damage");
    bool is_whole = damage.bytes == NULL;
    tr_record record;
    tr_status status;
    tr_json json;
    tr_json_init(&json);
    uint64_t record_count = 0, gap_count = 0, record_bytes = 0;
    REQUIRE(log != NULL);
    while ((status = tr_log_next(log, &record)) == TR_OK || status == TR_GAP) {
        if (status == TR_OK) {
            record_count++;
            record_bytes += record.length_bytes;
            CHECK(!tr_log_place(log)->suspect);
            tr_json_record(&json, &record);
            check_line(&records, &json);
        } else {
            gap_count++;
            put_gap(&json, tr_log_gap(log));
            check_line(&damage, &json);
        }
    }
    CHECK_INT(TR_END, status);
    CHECK_INT(TR_END, tr_log_next(log, &record));
    tr_log_statistics statistics = tr_log_get_statistics(log);
    CHECK_UINT(record_count, statistics.records);
    CHECK_UINT(record_bytes, statistics.record_bytes);
    /* orders and snapshot end in a torn record, as crashes leave it, that no damage file lists */
    uint64_t normal = statistics.gaps[TR_GAP_TORN_TAIL] + statistics.gaps[TR_GAP_ZERO_TAIL];
    CHECK(!is_whole || gap_count == normal);
    check_no_line_left(&records);
    check_no_line_left(&damage);
    tr_json_free(&json);
    tr_log_close(log);
}

static void samples_are_read_as_expected(void) {
    for (int i = 0; i < SAMPLE_COUNT; i++) {
        check_sample(samples[i]);
    }
}

static void damage_is_told_from_crashes(void) {
    static const char *const damaged[] = {"bit-flip-payload", "bit-flip-length", "bad-type",
                                          "garbage-middle",   "lost-page",       "short-middle-segment",
                                          "missing-segment",  "short-record"};
    for (int i = 0; i < SAMPLE_COUNT; i++) {
        bool expected = false;
        for (size_t j = 0; j < sizeof damaged / sizeof *damaged; j++) {
            expected = expected || strcmp(samples[i], damaged[j]) == 0;
        }
        tr_log *log = open_sample(samples[i], NULL);
        tr_record record;
        CHECK(!tr_log_is_damaged(log));
        while (tr_log_next(log, &record) != TR_END) {
        }
        CHECK_INT(expected, tr_log_is_damaged(log));
        tr_log_close(log);
    }
}

/* Archived segments contain what the plain ones did. */
static void compressed_segments_give_the_same(void) {
    tr_log *archived = open_sample("archived", NULL);
    tr_log *orders = open_sample("orders", NULL);
    tr_record a, b;
    tr_status status;
    unsigned count = 0;
    while ((status = tr_log_next(orders, &b)) == TR_OK) {
        REQUIRE(tr_log_next(archived, &a) == TR_OK);
        CHECK_BYTES(b.bytes, b.length_bytes, a.bytes, a.length_bytes);
        CHECK_UINT(tr_log_place(orders)->position.sequence, tr_log_place(archived)->position.sequence);
        CHECK_UINT(tr_log_place(orders)->position.offset, tr_log_place(archived)->position.offset);
        count++;
    }
    CHECK_INT(status, tr_log_next(archived, &a));
    CHECK(count > 500);
    CHECK_TEXT("wal_0000000000000002.log", tr_log_place(archived)->segment);
    tr_segment_info info = {0};
    CHECK_UINT(3, tr_log_segment_count(archived));
    CHECK(tr_log_segment(archived, 0, &info));
    CHECK_TEXT("wal_0000000000000000.log.gz", info.name);
    CHECK(info.compressed);
    CHECK(tr_log_segment(archived, 2, &info) && !info.compressed && info.sequence == 2);
    CHECK(!tr_log_segment(archived, 3, &info));
    tr_log_close(archived);
    tr_log_close(orders);
}

/* --- positions --- */

/* Reads from the position of another reader: the same records and gaps must follow. */
static void check_rest(const char *name, tr_position from, uint64_t records_left, uint64_t gaps_left) {
    tr_log_options options = {.has_from = true, .from = from};
    tr_log *log = open_sample(name, &options);
    REQUIRE(log != NULL);
    tr_position at = tr_log_position(log);
    CHECK_UINT(from.sequence, at.sequence);
    CHECK_UINT(from.offset, at.offset);
    CHECK(tr_log_snapshot(log) == NULL);
    tr_record record;
    tr_status status;
    bool first = true;
    uint64_t gaps = 0;
    while ((status = tr_log_next(log, &record)) == TR_OK || status == TR_GAP) {
        if (first && status == TR_OK && tr_log_place(log)->position.sequence == from.sequence) {
            CHECK_UINT(from.offset, tr_log_place(log)->position.offset);
        }
        first = false;
        gaps += status == TR_GAP;
    }
    CHECK_INT(TR_END, status);
    CHECK_UINT(records_left, tr_log_get_statistics(log).records);
    CHECK_UINT(gaps_left, gaps);
    tr_log_close(log);
}

static void check_positions(const char *name) {
    tr_log_options whole = {.use_snapshot = false};
    tr_record record;
    tr_status status;
    uint64_t records = 0, gaps = 0, seen = 0, seen_gaps = 0;
    tr_log *log = open_sample(name, &whole);
    while ((status = tr_log_next(log, &record)) != TR_END) {
        records += status == TR_OK;
        gaps += status == TR_GAP;
    }
    check_rest(name, tr_log_position(log), 0, 0);
    tr_log_close(log);
    log = open_sample(name, &whole);
    check_rest(name, tr_log_position(log), records, gaps);
    while ((status = tr_log_next(log, &record)) != TR_END) {
        seen += status == TR_OK;
        seen_gaps += status == TR_GAP;
        check_rest(name, tr_log_position(log), records - seen, gaps - seen_gaps);
    }
    tr_log_close(log);
}

static void reading_goes_on_from_every_position(void) {
    check_positions("short-middle-segment");
    check_positions("missing-segment");
    check_positions("restarted");
    check_positions("archived");
    check_positions("empty");
    check_positions("orders/wal_0000000000000002.log");
    check_positions("archived/wal_0000000000000001.log.gz");
    check_positions("bit-flip-payload/wal_0000000000000001.log");
}

static void positions_that_are_not_there(void) {
    tr_log_options options = {.has_from = true, .from = {7, 0}};
    tr_log *log;
    tr_error error;
    CHECK_INT(TR_ERROR_ARGUMENT, tr_log_open(FIXTURES "orders", &options, &log, &error));
    CHECK(log == NULL);
    CHECK_CONTAINS("segment 7", error.message);
    CHECK_INT(TR_ERROR_ARGUMENT, tr_log_open(FIXTURES "orders/wal_0000000000000001.log", &options, &log, &error));
    CHECK(log == NULL);
    CHECK_CONTAINS("orders/wal_0000000000000001.log: asked to start in segment 7, which is not there", error.message);
    options.from = (tr_position){1, 32743};
    log = open_sample("orders", &options);
    tr_record record;
    for (int i = 0; i < 2; i++) {
        CHECK_INT(TR_ERROR_ARGUMENT, tr_log_next(log, &record));
        CHECK_CONTAINS("wal_0000000000000001.log: asked to start at offset 32743, but it has only 32742 bytes",
                       tr_log_error(log)->message);
    }
    tr_log_close(log);
}

/* --- modes --- */

static void a_prefix_ends_at_the_first_damage(void) {
    tr_log_options options = {.mode = TR_LOG_PREFIX};
    tr_log *log = open_sample("garbage-middle", &options);
    tr_record record;
    tr_status status;
    while ((status = tr_log_next(log, &record)) == TR_OK) {
    }
    CHECK_INT(TR_GAP, status);
    CHECK_UINT(1, tr_log_gap(log)->position.sequence);
    CHECK_UINT(4532, tr_log_gap(log)->position.offset);
    uint64_t after_gap = tr_log_gap(log)->position.offset + tr_log_gap(log)->length_bytes;
    for (int i = 0; i < 3; i++) {
        CHECK_INT(TR_END, tr_log_next(log, &record));
        CHECK_UINT(1, tr_log_position(log).sequence); /* not where the next segment begins: this one may continue */
        CHECK_UINT(after_gap, tr_log_position(log).offset);
    }
    CHECK(tr_log_is_damaged(log));
    tr_log_close(log);
    log = open_sample("missing-segment", &options);
    while ((status = tr_log_next(log, &record)) == TR_OK) {
    }
    CHECK_INT(TR_GAP, status);
    CHECK_INT(TR_END, tr_log_next(log, &record));
    tr_log_close(log);
}

static void a_prefix_goes_past_what_crashes_leave(void) {
    tr_log_options options = {.mode = TR_LOG_PREFIX};
    static const char *const logs[] = {"restarted", "torn-tail", "zero-tail"};
    for (int i = 0; i < 3; i++) {
        tr_log *salvaged = open_sample(logs[i], NULL);
        tr_log *prefix = open_sample(logs[i], &options);
        tr_record a, b;
        tr_status status;
        do {
            status = tr_log_next(salvaged, &a);
            CHECK_INT(status, tr_log_next(prefix, &b));
        } while (status != TR_END);
        CHECK_UINT(tr_log_get_statistics(salvaged).records, tr_log_get_statistics(prefix).records);
        tr_log_close(salvaged);
        tr_log_close(prefix);
    }
}

static void check_strict(const char *name, const char *expected) {
    tr_log_options options = {.mode = TR_LOG_STRICT};
    tr_log *log = open_sample(name, &options);
    tr_record record;
    tr_status status;
    while ((status = tr_log_next(log, &record)) == TR_OK) {
    }
    if (expected == NULL) {
        CHECK_INT(TR_END, status);
    } else {
        for (int i = 0; i < 3; i++) {
            CHECK_INT(TR_ERROR_DAMAGED, status);
            CHECK_CONTAINS(expected, tr_log_error(log)->message);
            status = tr_log_next(log, &record);
        }
    }
    tr_log_close(log);
}

static void strict_reading_fails_at_the_first_gap(void) {
    check_strict("all-complete", NULL);
    check_strict("torn-tail",
                 "wal_0000000000000002.log: expected a record at offset 21958, found torn_tail (38 bytes)");
    check_strict("zero-tail", "found zero_tail (4096 bytes)");
    check_strict("restarted",
                 "wal_0000000000000000.log: expected a record at offset 23023, found torn_write (46 bytes)");
    check_strict("bit-flip-payload", "wal_0000000000000001.log: expected a record at offset 3088, found corrupt");
    check_strict("bad-type", "unknown type: expected at most");
    check_strict("missing-segment", "wal_0000000000000001.log");
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("every sample log gives the records and the gaps expected of it", samples_are_read_as_expected);
    check_run("what crashes leave is not damage; everything else is", damage_is_told_from_crashes);
    check_run("compressed segments give the same records at the same places", compressed_segments_give_the_same);
    check_run("reading continues from every reported position", reading_goes_on_from_every_position);
    check_run("a position that does not exist is refused", positions_that_are_not_there);
    check_run("prefix mode: the first damage is the end, for good", a_prefix_ends_at_the_first_damage);
    check_run("prefix mode: reading goes past what crashes leave", a_prefix_goes_past_what_crashes_leave);
    check_run("strict mode: the first gap is an error that says where and what", strict_reading_fails_at_the_first_gap);
    return check_end();
}
