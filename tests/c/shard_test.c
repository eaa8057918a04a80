#include "tracereel/replay.h"

#include "log_fixture.h"

/* ---- which shard ---- */

typedef struct known_shards {
    uint8_t id[TR_TRACE_ID_BYTES];
    uint32_t of_2, of_3, of_16, of_1000, of_65536;
} known_shards;

/* Computed by a program in another language, from the formula in tracereel/trace.h. */
static const known_shards known[] = {
    {{0}, 1, 1, 8, 502, 32943},
    {{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}, 0, 0, 3, 249, 16366},
    {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, 1, 2, 12, 750, 49179},
    {{0x3d, 0x3a, 0x54, 0xfc, 0x9c, 0x04, 0x44, 0x8d, 0xa9, 0x25, 0x81, 0xf4, 0x25, 0x32, 0x9b, 0xea},
     1,
     1,
     10,
     650,
     42643},
};

static void a_shard_follows_from_the_id(void) {
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        CHECK_UINT(0, tr_trace_shard(known[i].id, 1));
        CHECK_UINT(known[i].of_2, tr_trace_shard(known[i].id, 2));
        CHECK_UINT(known[i].of_3, tr_trace_shard(known[i].id, 3));
        CHECK_UINT(known[i].of_16, tr_trace_shard(known[i].id, 16));
        CHECK_UINT(known[i].of_1000, tr_trace_shard(known[i].id, 1000));
        CHECK_UINT(known[i].of_65536, tr_trace_shard(known[i].id, TR_SHARD_MAX_COUNT));
    }
}

/* Numbers at either end of the id, as producers count. Of 16,000 ids in 16 shards each has 1000; the standard deviation
 * is 31. */
static void numbered_ids_are_spread(void) {
    enum { SHARDS = 16, IDS = 16000 };
    static const size_t places[] = {0, 4, 8, 12};
    for (size_t place = 0; place < sizeof places / sizeof *places; place++) {
        unsigned counts[SHARDS] = {0};
        for (unsigned i = 0; i < IDS; i++) {
            uint8_t id[TR_TRACE_ID_BYTES] = {0};
            put_number(id + places[place], i, 4);
            counts[tr_trace_shard(id, SHARDS)]++;
        }
        for (unsigned i = 0; i < SHARDS; i++) {
            CHECK(counts[i] > 850 && counts[i] < 1150);
        }
    }
}

/* ---- the shards of a log ---- */

enum { MAX_SHARDS = 16 };

typedef struct reading {
    tr_log *log;
    tr_replay *replay;
    tr_event event;
    tr_status status;
    size_t gaps; /* before the event */
} reading;

static void open_reading(reading *one, const char *path, const tr_log_options *options) {
    *one = (reading){0};
    CHECK_INT(TR_OK, tr_log_open(path, options, &one->log, NULL));
    CHECK_INT(TR_OK, tr_replay_open(one->log, &one->replay));
}

static void close_reading(reading *one) {
    tr_replay_close(one->replay);
    tr_log_close(one->log);
}

/* Goes to the next record, or to the end. */
static void go_on(reading *one) {
    while ((one->status = tr_replay_next(one->replay, &one->event)) == TR_GAP) {
        one->gaps++;
    }
}

static bool is_same_trace(const tr_trace *expected, const tr_trace *found) {
    if (expected == NULL || found == NULL) {
        return expected == found;
    }
    tr_json one, other;
    tr_json_init(&one);
    tr_json_init(&other);
    tr_json_trace(&one, expected);
    tr_json_trace(&other, found);
    bool is_same = one.length_bytes == other.length_bytes && memcmp(one.bytes, other.bytes, one.length_bytes) == 0 &&
                   expected->attempt_count == found->attempt_count && expected->node_count == found->node_count;
    tr_json_free(&one);
    tr_json_free(&other);
    return is_same;
}

static size_t open_of_all(reading *shards, uint32_t count) {
    size_t open = 0;
    for (uint32_t i = 0; i < count; i++) {
        open += tr_traces_open_count(tr_replay_traces(shards[i].replay));
    }
    return open;
}

/* The events of the shards together are the whole's, in its order, each from the shard that its id says. */
static void check_events(reading *whole, reading *shards, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        go_on(&shards[i]);
    }
    for (go_on(whole); whole->status == TR_OK; go_on(whole)) {
        uint8_t id[TR_TRACE_ID_BYTES];
        memcpy(id, tr_record_trace_id(&whole->event.record), sizeof id);
        reading *own = &shards[tr_trace_shard(id, count)];
        REQUIRE(own->status == TR_OK);
        CHECK_UINT(tr_log_place(whole->log)->position.sequence, tr_log_place(own->log)->position.sequence);
        CHECK_UINT(tr_log_place(whole->log)->position.offset, tr_log_place(own->log)->position.offset);
        CHECK_UINT(whole->event.violations, own->event.violations);
        CHECK_UINT(tr_replay_now_ns(whole->replay), tr_replay_now_ns(own->replay));
        CHECK_UINT(tr_replay_first_ns(whole->replay), tr_replay_first_ns(own->replay));
        CHECK_UINT(whole->gaps, own->gaps);
        CHECK(is_same_trace(whole->event.trace, own->event.trace));
        go_on(own);
    }
}

static void check_ends(reading *whole, reading *shards, uint32_t count) {
    uint64_t violations[TR_VIOLATION_COUNT] = {0};
    tr_log_statistics expected = tr_log_get_statistics(whole->log);
    for (uint32_t i = 0; i < count; i++) {
        tr_log_statistics found = tr_log_get_statistics(shards[i].log);
        CHECK_INT(TR_END, shards[i].status);
        CHECK_UINT(whole->gaps, shards[i].gaps);
        CHECK_UINT(expected.records, found.records);
        CHECK_UINT(expected.record_bytes, found.record_bytes);
        CHECK_UINT(tr_replay_now_ns(whole->replay), tr_replay_now_ns(shards[i].replay));
        for (unsigned bit = 0; bit < TR_VIOLATION_COUNT; bit++) {
            violations[bit] += tr_replay_violation_counts(shards[i].replay)[bit];
        }
    }
    for (unsigned bit = 0; bit < TR_VIOLATION_COUNT; bit++) {
        CHECK_UINT(tr_replay_violation_counts(whole->replay)[bit], violations[bit]);
    }
    CHECK_UINT(tr_traces_open_count(tr_replay_traces(whole->replay)), open_of_all(shards, count));
}

static void check_shards(const char *path, const tr_log_options *options, uint32_t count) {
    reading whole, shards[MAX_SHARDS];
    open_reading(&whole, path, options);
    for (uint32_t i = 0; i < count; i++) {
        open_reading(&shards[i], path, options);
        CHECK_INT(TR_OK, tr_replay_set_shard(shards[i].replay, i, count));
    }
    CHECK_UINT(tr_traces_open_count(tr_replay_traces(whole.replay)), open_of_all(shards, count));
    check_events(&whole, shards, count);
    check_ends(&whole, shards, count);
    for (uint32_t i = 0; i < count; i++) {
        close_reading(&shards[i]);
    }
    close_reading(&whole);
}

static void shards_are_the_whole(void) {
    static const char *const samples[] = {"orders",           "done-only",    "edge",
                                          "archived",         "snapshot",     "torn-tail",
                                          "zero-tail",        "bad-type",     "bit-flip-length",
                                          "bit-flip-payload", "short-record", "short-middle-segment",
                                          "garbage-middle",   "lost-page",    "missing-segment",
                                          "restarted",        "all-complete"};
    static const tr_log_options with_snapshot = {.use_snapshot = true};
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        char path[128];
        snprintf(path, sizeof path, FIXTURES "%s", samples[i]);
        check_shards(path, NULL, 3);
        check_shards(path, &with_snapshot, 16);
    }
    check_shards("tests/fixtures/logs-engine/orders-killed-twice/wal", NULL, 2);
}

/* Of the 32 open traces of a snapshot a shard has its own before the first record, and no other. */
static void snapshot_traces_are_shared_out(void) {
    static const tr_log_options with_snapshot = {.use_snapshot = true};
    reading one;
    open_reading(&one, FIXTURES "snapshot", &with_snapshot);
    CHECK_INT(TR_OK, tr_replay_set_shard(one.replay, 1, 2));
    size_t count = tr_traces_open_count(tr_replay_traces(one.replay));
    tr_trace **sorted = tr_traces_sorted(tr_replay_traces(one.replay));
    CHECK(count > 0 && count < tr_log_snapshot(one.log)->trace_count);
    for (size_t i = 0; i < count; i++) {
        CHECK_UINT(1, tr_trace_shard(sorted[i]->id, 2));
        CHECK(sorted[i]->from_snapshot);
    }
    free(sorted);
    close_reading(&one);
}

static void shards_that_do_not_exist(void) {
    static const uint32_t wrong[][2] = {{0, 0}, {1, 1}, {2, 2}, {0, TR_SHARD_MAX_COUNT + 1}, {UINT32_MAX, 2}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        reading one;
        open_reading(&one, FIXTURES "orders", NULL);
        CHECK_INT(TR_ERROR_ARGUMENT, tr_replay_set_shard(one.replay, wrong[i][0], wrong[i][1]));
        CHECK_CONTAINS("a shard from 0", tr_replay_error(one.replay)->message);
        close_reading(&one);
    }
}

/* ---- one record at a time ---- */

static void peeked_records_are_passed_over_singly(void) {
    reading whole, own;
    uint64_t passed = 0, shown = 0, timestamp_ns;
    open_reading(&whole, FIXTURES "orders", NULL);
    open_reading(&own, FIXTURES "orders", NULL);
    CHECK(!tr_replay_pass_over(own.replay)); /* nothing was peeked */
    CHECK_INT(TR_OK, tr_replay_set_shard(own.replay, 0, 2));
    for (go_on(&whole); whole.status == TR_OK; go_on(&whole)) {
        CHECK_INT(TR_OK, tr_replay_peek(own.replay, &timestamp_ns));
        CHECK_UINT(tr_record_timestamp_ns(&whole.event.record), timestamp_ns);
        bool is_own = tr_trace_shard(tr_record_trace_id(&whole.event.record), 2) == 0;
        CHECK_INT(!is_own, tr_replay_pass_over(own.replay));
        passed += !is_own;
        if (is_own) {
            CHECK_INT(TR_OK, tr_replay_next(own.replay, &own.event));
            CHECK_UINT(timestamp_ns, tr_record_timestamp_ns(&own.event.record));
            shown++;
        }
        CHECK(!tr_replay_pass_over(own.replay));
        CHECK_UINT(tr_replay_now_ns(whole.replay), tr_replay_now_ns(own.replay));
    }
    CHECK(passed > 0 && shown > 0);
    CHECK_UINT(tr_log_get_statistics(whole.log).records, passed + shown);
    close_reading(&whole);
    close_reading(&own);
}

/* A stretch of other traces' records is left where somebody asks to stop, and read on later. */
static void passing_over_can_be_stopped(void) {
    enum { RECORDS = 200000, RECORD_BYTES = 69 };
    char directory[64];
    make_directory(directory);
    uint8_t *bytes = malloc((size_t)RECORDS * RECORD_BYTES), *end = bytes;
    REQUIRE(bytes != NULL);
    for (unsigned i = 0; i < RECORDS; i++) {
        end += put_record(end, (written_record){.type = 1, .trace = 7, .timestamp_ns = i + 1});
    }
    write_file(directory, "wal_0000000000000000.log", bytes, (size_t)(end - bytes));
    free(bytes);
    volatile sig_atomic_t stop = 1;
    const tr_log_options options = {.stop = &stop};
    uint8_t id[TR_TRACE_ID_BYTES];
    memset(id, 7, sizeof id);
    reading one;
    open_reading(&one, directory, &options);
    CHECK_INT(TR_OK, tr_replay_set_shard(one.replay, 1 - tr_trace_shard(id, 2), 2));
    CHECK_INT(TR_ERROR_INTERRUPTED, tr_replay_next(one.replay, &one.event));
    CHECK(tr_replay_now_ns(one.replay) > 0 && tr_replay_now_ns(one.replay) < RECORDS);
    stop = 0;
    CHECK_INT(TR_END, tr_replay_next(one.replay, &one.event));
    CHECK_UINT(RECORDS, tr_replay_now_ns(one.replay));
    close_reading(&one);
    remove_directory(directory);
}

/* ---- only what ran ---- */

/* What counts of a trace depends on its state, so that the clock is the shard's own. */
static void measured_shards_have_their_own_clock(void) {
    reading whole, shards[2];
    open_reading(&whole, FIXTURES "orders", NULL);
    tr_replay_measure(whole.replay);
    go_on(&whole);
    while (whole.status == TR_OK) {
        go_on(&whole);
    }
    uint64_t latest_ns = 0, first_ns = UINT64_MAX;
    for (uint32_t i = 0; i < 2; i++) {
        open_reading(&shards[i], FIXTURES "orders", NULL);
        if (i == 0) { /* in either order */
            tr_replay_measure(shards[i].replay);
        }
        CHECK_INT(TR_OK, tr_replay_set_shard(shards[i].replay, i, 2));
        if (i == 1) {
            tr_replay_measure(shards[i].replay);
        }
        uint64_t own_ns = 0;
        for (go_on(&shards[i]); shards[i].status == TR_OK; go_on(&shards[i])) {
            uint64_t timestamp_ns = tr_record_timestamp_ns(&shards[i].event.record);
            own_ns = timestamp_ns > own_ns ? timestamp_ns : own_ns;
            CHECK_UINT(own_ns, tr_replay_now_ns(shards[i].replay));
        }
        CHECK_UINT(own_ns, tr_replay_now_ns(shards[i].replay)); /* one of the two ends before the log does */
        latest_ns = own_ns > latest_ns ? own_ns : latest_ns;
        uint64_t own_first_ns = tr_replay_first_ns(shards[i].replay);
        first_ns = own_first_ns < first_ns ? own_first_ns : first_ns;
    }
    CHECK_UINT(tr_replay_now_ns(whole.replay), latest_ns);
    CHECK_UINT(tr_replay_first_ns(whole.replay), first_ns);
    close_reading(&shards[0]);
    close_reading(&shards[1]);
    close_reading(&whole);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("a trace's shard follows from its id, on every machine", a_shard_follows_from_the_id);
    check_run("ids that are numbered at either end are spread over the shards", numbered_ids_are_spread);
    check_run("the events of a log's shards together are the whole's, in order", shards_are_the_whole);
    check_run("the traces of a snapshot are in their shards alone", snapshot_traces_are_shared_out);
    check_run("a shard after the last one is refused", shards_that_do_not_exist);
    check_run("peeked records of other shards are passed over one at a time", peeked_records_are_passed_over_singly);
    check_run("passing over other shards' records can be stopped, and goes on later", passing_over_can_be_stopped);
    check_run("where only what ran counts, a shard's clock is its own", measured_shards_have_their_own_clock);
    return check_end();
}
