#include "tracereel/replay.h"

#include <malloc.h>

#include "failing_memory.h"
#include "log_fixture.h"
#include "scarce_memory.h"

static const char *const samples[] = {"orders",          "done-only", "edge",           "archived",
                                      "snapshot",        "torn-tail", "zero-tail",      "bit-flip-payload",
                                      "bit-flip-length", "bad-type",  "garbage-middle", "lost-page",
                                      "missing-segment", "restarted", "short-record",   "short-middle-segment"};

/* --- the sample logs --- */

/* Removes from the output of tr_json_trace what the expected states do not have. */
static void keep_expected_keys(tr_json *json) {
    static const char *const others[] = {
        "\"duration_ns\":", "\"error_count\":",  "\"held\":",     "\"last_error\":", "\"last_ns\":", "\"metadata\":",
        "\"outcome\":",     "\"record_count\":", "\"start_ns\":", "\"status\":",     "\"tainted\":", "\"violations\":"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char *key = memmem(json->bytes, json->length_bytes, others[i], strlen(others[i]));
        REQUIRE(key != NULL);
        char *end = json->bytes + json->length_bytes;
        char *next = key + strlen(others[i]);
        int depth = 0;
        bool is_in_text = false;
        for (; next < end && (depth > 0 || is_in_text || (*next != ',' && *next != '}')); next++) {
            is_in_text = is_in_text != (*next == '"');
            next += is_in_text && *next == '\\' ? 1 : 0;
            depth += is_in_text ? 0 : *next == '[' ? 1 : *next == ']' ? -1 : 0;
        }
        if (*next == ',') {
            next++;
        } else {
            key--; /* the last member: remove the comma before it */
        }
        memmove(key, next, (size_t)(end - next));
        json->length_bytes -= (size_t)(next - key);
    }
}

static void check_states(const char *name, tr_traces *traces) {
    expected_lines lines = read_expected(name, "states");
    REQUIRE(lines.bytes != NULL);
    size_t count = tr_traces_open_count(traces);
    tr_trace **sorted = tr_traces_sorted(traces);
    char *line;
    size_t length;
    for (size_t i = 0; i < count; i++) {
        tr_json json;
        tr_json_init(&json);
        tr_json_trace(&json, sorted[i]);
        keep_expected_keys(&json);
        REQUIRE(next_expected(&lines, &line, &length));
        /* completed_nodes are in the order of their ids there and of their completion here; the first can be compared.
         */
        const char *found = memmem(json.bytes, json.length_bytes, "\"last_completed_node\"", 21);
        const char *expected = memmem(line, length, "\"last_completed_node\"", 21);
        REQUIRE(found != NULL && expected != NULL);
        CHECK_BYTES(expected, length - (size_t)(expected - line), found,
                    json.length_bytes - (size_t)(found - json.bytes));
        CHECK_INT(expected - line, found - json.bytes);
        tr_json_free(&json);
    }
    CHECK(!next_expected(&lines, &line, &length));
    free(lines.bytes);
    free(sorted);
}

static tr_status replay_to_end(tr_replay *replay) {
    tr_event event;
    tr_status status;
    do {
        status = tr_replay_next(replay, &event);
    } while (status == TR_OK || status == TR_GAP);
    return status;
}

/* What is expected of "snapshot" depends on it; other logs have none. */
static const tr_log_options with_snapshot = {.use_snapshot = true};

static void states_at_the_end(void) {
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        char path[128];
        tr_log *log;
        tr_replay *replay;
        snprintf(path, sizeof path, FIXTURES "%s", samples[i]);
        REQUIRE(tr_log_open(path, &with_snapshot, &log, NULL) == TR_OK);
        REQUIRE(tr_replay_open(log, &replay) == TR_OK);
        CHECK_INT(TR_END, replay_to_end(replay));
        check_states(samples[i], tr_replay_traces(replay));
        tr_replay_close(replay);
        tr_log_close(log);
    }
}

/* A trace is tainted when it was open while something was lost, and only then. */
static void taint_by_damage(void) {
    tr_log *log;
    tr_replay *replay;
    tr_event event;
    tr_status status;
    uint64_t gap_at = 0, last_ns = 0, now_ns = 0;
    REQUIRE(tr_log_open(FIXTURES "garbage-middle", NULL, &log, NULL) == TR_OK);
    REQUIRE(tr_replay_open(log, &replay) == TR_OK);
    CHECK_UINT(0, tr_replay_now_ns(replay) + tr_replay_first_ns(replay)); /* no record yet */
    while ((status = tr_replay_next(replay, &event)) != TR_END) {
        if (status == TR_GAP && tr_gap_class_is_damage(tr_log_gap(log)->gap_class)) {
            gap_at = last_ns;
        } else if (status == TR_OK) {
            last_ns = tr_record_timestamp_ns(&event.record);
            CHECK(tr_replay_now_ns(replay) >= now_ns && tr_replay_now_ns(replay) >= last_ns);
            now_ns = tr_replay_now_ns(replay);
        }
    }
    REQUIRE(gap_at > 0);
    size_t count = tr_traces_open_count(tr_replay_traces(replay)), tainted = 0;
    tr_trace **sorted = tr_traces_sorted(tr_replay_traces(replay));
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(sorted[i]->start_ns <= gap_at, tr_trace_is_tainted(sorted[i]));
        tainted += tr_trace_is_tainted(sorted[i]);
    }
    CHECK(tainted > 0 && tainted < count);
    free(sorted);
    tr_replay_close(replay);
    tr_log_close(log);
}

/* --- filters --- */

static bool passes(tr_filter filter, written_record written) {
    uint8_t bytes[256];
    tr_record record;
    tr_defect defect;
    CHECK_INT(TR_OK, tr_record_decode(bytes, put_record(bytes, written), &record, &defect));
    return tr_filter_passes(&filter, &record);
}

/* Peeking twice gives the same next record, and the state without it. */
static void peeking_changes_nothing(void) {
    tr_log *log;
    tr_replay *replay;
    tr_event event;
    REQUIRE(tr_log_open(FIXTURES "garbage-middle", NULL, &log, NULL) == TR_OK);
    REQUIRE(tr_replay_open(log, &replay) == TR_OK);
    uint64_t gaps = 0;
    uint64_t records = 0;
    tr_status status;
    do {
        uint64_t now_ns = tr_replay_now_ns(replay);
        uint64_t first_ns = 0;
        uint64_t second_ns = 0;
        status = tr_replay_peek(replay, &first_ns);
        CHECK_INT(status, tr_replay_peek(replay, &second_ns));
        CHECK_UINT(first_ns, second_ns);
        CHECK_UINT(now_ns, tr_replay_now_ns(replay));
        CHECK_INT(status, tr_replay_next(replay, &event));
        records += status == TR_OK;
        gaps += status == TR_GAP;
        CHECK_UINT(status == TR_OK ? tr_record_timestamp_ns(&event.record) : 0, first_ns);
    } while (status == TR_OK || status == TR_GAP);
    CHECK_INT(TR_END, status);
    CHECK_UINT(1, gaps);
    CHECK_UINT(tr_log_get_statistics(log).records, records);
    check_states("garbage-middle", tr_replay_traces(replay));
    tr_replay_close(replay);
    tr_log_close(log);
}

static void filters(void) {
    static const uint32_t nodes[] = {3, 4};
    static const uint8_t ids[1][TR_TRACE_ID_BYTES] = {{7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7}};
    written_record done = {.type = 2, .trace = 7, .node_id = 4, .timestamp_ns = 100};
    CHECK(passes((tr_filter){0}, done));
    CHECK(passes((tr_filter){.types = 1u << 2}, done));
    CHECK(!passes((tr_filter){.types = 1u << 1 | 1u << 3}, done));
    CHECK(passes((tr_filter){.nodes = nodes, .node_count = 2}, done));
    CHECK(!passes((tr_filter){.nodes = nodes, .node_count = 1}, done));
    CHECK(passes((tr_filter){.nodes = nodes, .node_count = 2}, (written_record){.type = 4})); /* names no node */
    CHECK(passes((tr_filter){.nodes = nodes, .node_count = 2}, (written_record){.type = 7}));
    CHECK(passes((tr_filter){.nodes = nodes, .node_count = 2}, (written_record){.type = 8}));
    CHECK(!passes((tr_filter){.nodes = nodes, .node_count = 2}, (written_record){.type = 6, .node_id = 5}));
    CHECK(passes((tr_filter){.traces = ids, .trace_count = 1}, done));
    CHECK(!passes((tr_filter){.traces = ids, .trace_count = 1}, (written_record){.type = 2, .trace = 8}));
    CHECK(passes((tr_filter){.since_ns = 100, .until_ns = 101}, done));
    CHECK(!passes((tr_filter){.since_ns = 101}, done));
    CHECK(!passes((tr_filter){.until_ns = 100}, done));
}

/* --- out of memory --- */

#if CAN_RUN_OUT_OF_MEMORY

typedef struct outcome {
    tr_status status;
    uint64_t records;
    uint64_t gaps;
    size_t open_traces;
    size_t allocations;
    char message[TR_ERROR_BYTES];
} outcome;

/* A replay of the first of so many shards in which that allocation fails: see failing_memory_begin. */
static outcome replay_refused(const char *path, uint32_t shard_count, size_t first, size_t times) {
    outcome found = {.status = TR_OK};
    tr_log *log = NULL;
    tr_replay *replay = NULL;
    tr_error error = {""};
    tr_event event;
    size_t blocks = failing_memory_live_blocks();
    failing_memory_begin(first, times);
    found.status = tr_log_open(path, &with_snapshot, &log, &error);
    if (found.status == TR_OK) {
        found.status = tr_replay_open(log, &replay);
        snprintf(error.message, sizeof error.message, "out of memory");
    }
    if (found.status == TR_OK && shard_count > 1) {
        found.status = tr_replay_set_shard(replay, 0, shard_count);
    }
    while (found.status == TR_OK) {
        tr_status status = tr_replay_next(replay, &event);
        found.gaps += status == TR_GAP;
        found.status = status == TR_GAP ? TR_OK : status;
    }
    if (replay != NULL) {
        error = *tr_replay_error(replay);
        found.records = tr_log_get_statistics(log).records;
        found.open_traces = tr_traces_open_count(tr_replay_traces(replay));
    }
    tr_replay_close(replay);
    tr_log_close(log);
    found.allocations = failing_memory_end(NULL);
    CHECK_UINT(blocks, failing_memory_live_blocks());
    snprintf(found.message, sizeof found.message, "%s", error.message);
    return found;
}

/* Every allocation fails once. Either that is reported, or nothing is missing. */
static void fail_every_allocation(const char *path, uint32_t shard_count, size_t times) {
    outcome expected = replay_refused(path, shard_count, 0, 0);
    CHECK_INT(TR_END, expected.status);
    unsigned refused = 0;
    for (size_t first = 1;; first++) {
        outcome found = replay_refused(path, shard_count, first, times);
        if (found.status == TR_END) {
            CHECK_UINT(expected.records, found.records);
            CHECK_UINT(expected.gaps, found.gaps);
            CHECK_UINT(expected.open_traces, found.open_traces);
        } else {
            CHECK_INT(TR_ERROR_MEMORY, found.status);
            CHECK_CONTAINS("emory", found.message);
            refused++;
        }
        if (found.allocations < first || check_state.failures > 20) {
            break;
        }
    }
    CHECK(refused > 10);
}

static void every_allocation_fails_once(void) {
    fail_every_allocation(FIXTURES "snapshot", 1, 1);
    fail_every_allocation(FIXTURES "snapshot", 2, 1);
    fail_every_allocation(FIXTURES "archived", 1, 1);
    fail_every_allocation(FIXTURES "garbage-middle", 1, 1);
}

static void every_allocation_from_one_on_fails(void) {
    fail_every_allocation(FIXTURES "snapshot", 1, 0);
    fail_every_allocation(FIXTURES "snapshot", 2, 0);
    fail_every_allocation(FIXTURES "archived", 1, 0);
}

#endif

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("every sample log leaves the traces open that are expected of it", states_at_the_end);
    check_run("traces that were open across damage are tainted, the others are not", taint_by_damage);
    check_run("peeking changes nothing", peeking_changes_nothing);
    check_run("a filter passes what it names, and records that name no node", filters);
#if CAN_RUN_OUT_OF_MEMORY
    check_run("a failed allocation is reported, and never taken for the end of the log", every_allocation_fails_once);
    check_run("a failed allocation is reported when all later ones fail, too", every_allocation_from_one_on_fails);
#endif
    return check_end();
}
