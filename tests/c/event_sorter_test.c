/* Events of an import: sorted in memory and by way of the disk, and what is known of attempts meanwhile. Expected
 * orders are those of a plain stable sort. */
#include "import/attempt_table.h"
#include "import/event_sorter.h"

#include <stdlib.h>

#include "check.h"

/* ---- sorting ---- */

typedef struct expected_event {
    uint64_t at_ns;
    uint32_t order_key;
    uint32_t added; /* how many were added before it */
} expected_event;

static int compare_expected(const void *left, const void *right) {
    const expected_event *a = left, *b = right;
    if (a->at_ns != b->at_ns) {
        return a->at_ns < b->at_ns ? -1 : 1;
    } else if (a->order_key != b->order_key) {
        return a->order_key < b->order_key ? -1 : 1;
    }
    return a->added < b->added ? -1 : 1;
}

static uint64_t random_state;

static uint64_t draw(uint64_t bound) {
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (random_state >> 33) % bound;
}

/* The texts say which event it is. Some are longer than all memory that the sorter was given. */
static void texts_of(uint32_t added, char message[16], char *metadata, uint32_t *metadata_bytes) {
    snprintf(message, 16, "%u", added);
    *metadata_bytes = added % 97 == 5 ? 3000 : added % 4;
    memset(metadata, (int)('a' + added % 26), *metadata_bytes);
}

static tr_status add_one(tr_event_sorter *sorter, expected_event one, tr_error *error) {
    char message[16], metadata[3000];
    uint32_t metadata_bytes;
    texts_of(one.added, message, metadata, &metadata_bytes);
    tr_import_event event = {.at_ns = one.at_ns, .order_key = one.order_key, .trace = one.added, .message_bytes = 77};
    return tr_event_sorter_add(sorter, &event, (tr_text){message, one.added % 3 == 0 ? 0 : (uint32_t)strlen(message)},
                               (tr_text){metadata, metadata_bytes}, error);
}

static void check_one(const tr_import_event *event, expected_event one) {
    char message[16], metadata[3000];
    uint32_t metadata_bytes;
    texts_of(one.added, message, metadata, &metadata_bytes);
    CHECK_UINT(one.added, event->trace);
    CHECK_UINT(one.at_ns, event->at_ns);
    CHECK_BYTES(message, one.added % 3 == 0 ? 0 : strlen(message), tr_import_event_texts(event), event->message_bytes);
    CHECK_BYTES(metadata, metadata_bytes, tr_import_event_texts(event) + event->message_bytes, event->metadata_bytes);
}

/* Sorts that many, which fill the memory again and again where it is small, and compares all of them. */
static void check_sorted(uint32_t count, uint64_t memory_bytes, uint64_t max_ns) {
    expected_event *expected = malloc((count + 1) * sizeof *expected);
    const tr_import_event **kept = calloc(count + 1, sizeof(void *));
    tr_event_sorter *sorter = NULL;
    tr_error error = {""};
    CHECK_INT(TR_OK, tr_event_sorter_open(memory_bytes, &sorter, &error));
    random_state = count;
    for (uint32_t i = 0; i < count; i++) {
        expected[i] = (expected_event){draw(4) == 0 ? UINT64_MAX - draw(max_ns) : draw(max_ns), (uint32_t)draw(3), i};
        CHECK_INT(TR_OK, add_one(sorter, expected[i], &error));
    }
    qsort(expected, count, sizeof *expected, compare_expected);
    CHECK_INT(TR_OK, tr_event_sorter_finish(sorter, &error));
    for (uint32_t i = 0; i < count && check_state.failures == 0; i++) {
        kept[i] = tr_event_sorter_next(sorter);
        CHECK(kept[i] != NULL);
    }
    CHECK(tr_event_sorter_next(sorter) == NULL);
    CHECK(tr_event_sorter_next(sorter) == NULL);
    for (uint32_t i = 0; i < count && check_state.failures == 0; i++) {
        check_one(kept[i], expected[i]); /* also the first is still there */
    }
    tr_event_sorter_close(sorter);
    free(kept);
    free(expected);
}

static void events_are_sorted_in_memory(void) {
    check_sorted(0, 0, 1);
    check_sorted(1, 0, 1);
    check_sorted(10000, 0, 50);
    check_sorted(10000, 0, UINT64_MAX);
}

static void events_are_sorted_on_disk(void) {
    check_sorted(1, 1, 1);
    check_sorted(3, 1, 1);       /* each is a run, and all are of one instant */
    check_sorted(5000, 2000, 9); /* more runs than are listed at first */
    check_sorted(50000, 1 << 20, UINT64_MAX);
}

/* What was read of a run leaves memory in megabytes: it must still be right when it is looked at again. */
static void long_runs_stay_readable(void) {
    check_sorted(60000, 3 << 20, 1000000);
}

/* ---- the table of attempts ---- */

enum { TRACES = 60, NODES = 50 };

/* Every second trace has few attempts, so that some are listed only. */
static bool has_attempt(tr_attempt_key key) {
    return key.trace % 2 == 0 || key.node < key.trace % (TR_LISTED_ATTEMPTS + 3);
}

static void add_attempts(tr_attempt_table *table, uint32_t *first) {
    uint32_t added = 0;
    for (uint32_t i = 0; i < TRACES * NODES; i++) {
        tr_attempt_key key = {i % TRACES, i / TRACES, i % 7};
        if (has_attempt(key)) {
            tr_attempt_state *state = tr_attempt_table_get(table, key, &first[key.trace]);
            REQUIRE(state != NULL);
            CHECK_UINT(TR_TIME_UNKNOWN, state->start_ns);
            CHECK(!state->is_running && !state->has_end_first && state->wait_kind == 0);
            state->start_ns = i;
            CHECK(tr_attempt_table_get(table, key, &first[key.trace]) == state);
            added++;
        }
    }
    CHECK_UINT(added, table->used_count);
    CHECK_UINT(added, table->count); /* those of an earlier round were taken again */
}

static void attempts_are_found_by_their_key(void) {
    tr_attempt_table table = {0};
    uint32_t first[TRACES] = {0};
    CHECK(tr_attempt_table_find(&table, (tr_attempt_key){0, 0, 0}, 0) == NULL);
    for (unsigned round = 0; round < 3; round++) {
        add_attempts(&table, first);
        for (uint32_t trace = 2; trace < 4; trace++) {
            tr_attempt_table_forget(&table, &first[trace]);
            tr_attempt_table_forget(&table, &first[trace]); /* of a trace without attempts */
            CHECK_UINT(0, first[trace]);
        }
        for (uint32_t i = 0; i < TRACES * NODES; i++) {
            tr_attempt_key key = {i % TRACES, i / TRACES, i % 7};
            bool is_there = has_attempt(key) && key.trace != 2 && key.trace != 3;
            const tr_attempt_state *state = tr_attempt_table_find(&table, key, first[key.trace]);
            CHECK(is_there ? state != NULL && state->start_ns == i : state == NULL);
            key.instance += 7;
            CHECK(tr_attempt_table_find(&table, key, first[key.trace]) == NULL);
        }
        for (uint32_t trace = 0; trace < TRACES; trace++) {
            tr_attempt_table_forget(&table, &first[trace]);
        }
        CHECK_UINT(0, table.used_count);
        CHECK_UINT(0, table.hashed_count);
    }
    tr_attempt_table_free(&table);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("sorter: events come by time, order key, and as they were added", events_are_sorted_in_memory);
    check_run("sorter: events that do not fit in memory come in the same order", events_are_sorted_on_disk);
    check_run("sorter: events of long runs can be read until the sorter is closed", long_runs_stay_readable);
    check_run("attempts: each is found by trace, node and instance until its trace is forgotten",
              attempts_are_found_by_their_key);
    return check_end();
}
