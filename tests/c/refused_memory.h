/* Refuses memory anywhere in a piece of work: allocation N fails, for each N until none does, alone or with all that
 * follow. The work must either return TR_ERROR_MEMORY, or have the same result as with memory; in any case it must free
 * every block. Link the test's program with failing_memory.c and without the pool, so that each block that the library
 * allocates can be the refused one. Not under the address sanitizer: see scarce_memory.h. */
#ifndef TRACEREEL_REFUSED_MEMORY_H
#define TRACEREEL_REFUSED_MEMORY_H

#include "failing_memory.h"
#include "log_fixture.h"
#include "scarce_memory.h"
#include "tracereel/status.h"

static uint64_t digest; /* of the results of the work */

static inline void note(const void *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        digest = (digest ^ ((const uint8_t *)bytes)[i]) * 1099511628211u;
    }
}

static inline void note_number(uint64_t number) {
    note(&number, sizeof number);
}

typedef tr_status work(void);

/* Called before each run of the work, with memory; may be NULL. */
static void (*prepare)(void);
static void (*look_at)(tr_status status);

/* Runs the work with that allocation refused. */
static inline tr_status do_work(work *job, size_t first, size_t times, size_t *count, size_t *refused) {
    digest = 14695981039346656037u;
    if (prepare != NULL) {
        prepare();
    }
    size_t blocks = failing_memory_live_blocks();
    failing_memory_begin(first, times);
    tr_status status = job();
    *count = failing_memory_end(refused);
    CHECK_UINT(blocks, failing_memory_live_blocks());
    if (look_at != NULL) {
        look_at(status);
    }
    return status;
}

/* Returns false at the first refusal after the end of the work, and on errors. */
static inline bool try_refusal(work *job, uint64_t whole, size_t first, size_t times) {
    size_t count, refused;
    unsigned failures = check_state.failures;
    tr_status status = do_work(job, first, times, &count, &refused);
    CHECK(status == TR_ERROR_MEMORY ? refused > 0 : status == TR_OK && digest == whole);
    if (check_state.failures > failures) {
        printf("  allocation %zu refused, %zu in all: status %d\n", first, refused, (int)status);
        return false;
    }
    return refused > 0;
}

static inline void refuse_each(work *job) {
    static const size_t once_or_all[] = {1, 0};
    size_t count, refused;
    do_work(job, 0, 0, &count, &refused); /* what the C library allocates once and keeps, it has from here on */
    CHECK_INT(TR_OK, do_work(job, 0, 0, &count, &refused));
    uint64_t whole = digest;
    CHECK(count > 0);
    for (size_t mode = 0; mode < 2; mode++) {
        size_t first = 1;
        while (try_refusal(job, whole, first, once_or_all[mode])) {
            first++;
        }
        CHECK_UINT(count + 1, first);
    }
}

/* ---- a log that has everything ---- */

enum { MANY_NODES = 70, MANY_TRACES = 40, HELD_TRACE = 100, IMPORTED_TRACE = 110, LOOP_NODE = 3 };

/* Two traces as an imported log has them, one open: instances, a wait, what the source says of attempts. */
static inline size_t put_imported(uint8_t *out, size_t at, uint64_t *now) {
    for (unsigned trace = IMPORTED_TRACE; trace < IMPORTED_TRACE + 2; trace++) {
#define PUT_SAID(said, ...)                                                                                            \
    at += put_record(                                                                                                  \
        out + at,                                                                                                      \
        (written_record){.timestamp_ns = *now += 10, .trace = (uint8_t)trace, .metadata = (said), __VA_ARGS__})
        PUT_SAID("{\"id\":\"order 7\"}", .type = 0);
        for (unsigned i = 0; i < 20; i++) {
            char said[64];
            snprintf(said, sizeof said, "{\"instance\":\"%u\",\"resource\":\"a host\",\"attempt\":2}", i);
            PUT_SAID(said, .type = 1, .node_id = 5);
        }
        PUT_SAID("{\"wait\":\"timer\",\"instance\":\"7\"}", .type = 6, .node_id = 6);
        PUT_SAID("{\"wait\":\"signal\"}", .type = 6, .node_id = 7);
        PUT_SAID("{\"instance\":\"3\",\"kind\":\"timed_out\"}", .type = 3, .node_id = 5, .error_message = "slow");
        PUT_SAID("{\"instance\":\"4\"}", .type = 2, .node_id = 5);
        PUT_SAID("{\"wait\":\"timer\",\"instance\":\"7\"}", .type = 7, .node_id = 6);
        if (trace == IMPORTED_TRACE) {
            PUT_SAID("{\"outcome\":\"cancelled\"}", .type = 5, .error_message = "no");
        }
#undef PUT_SAID
    }
    return at;
}

/* One trace with many nodes, attempts and errors, a loop, a suspension and records of a plan; one that is held; and
 * many small ones. */
static inline size_t put_log(uint8_t *out) {
    uint64_t now = 1000;
    size_t at = 0;
#define PUT(...) at += put_record(out + at, (written_record){.timestamp_ns = now += 10, __VA_ARGS__})
    PUT(.type = 0, .trace = 1, .metadata = "{\"order\": 1}");
    for (uint32_t node = 0; node < MANY_NODES; node++) {
        PUT(.type = 1, .trace = 1, .node_id = node * 5);
        PUT(.type = 3, .trace = 1, .node_id = node * 5, .error_message = "the card was refused");
        PUT(.type = 1, .trace = 1, .node_id = node * 5);
        if (node % 3 != 0) {
            PUT(.type = 2, .trace = 1, .node_id = node * 5, .output_size = 7);
        }
    }
    for (uint32_t iteration = 1; iteration < 20; iteration++) {
        PUT(.type = 9, .trace = 1, .node_id = LOOP_NODE, .iteration = iteration);
        PUT(.type = 1, .trace = 1, .node_id = 5);
        PUT(.type = 2, .trace = 1, .node_id = 5);
    }
    PUT(.type = 10, .trace = 1, .node_id = LOOP_NODE, .iteration = 19);
    PUT(.type = 2, .trace = 1, .node_id = 15, .metadata = "{\"tracereel\":{\"plan\":\"abc\"}}");
    PUT(.type = 6, .trace = 1, .node_id = 9, .metadata = "{\"tracereel\":{\"plan\":\"abc\"},\"held\":\"a person\"}");
    PUT(.type = 0, .trace = 1, .metadata = "{\"again\": true}");
    PUT(.type = 0, .trace = HELD_TRACE, .metadata = "{}");
    PUT(.type = 6, .trace = HELD_TRACE, .node_id = 9,
        .metadata = "{\"tracereel\":{\"plan\":\"abc\"},\"held\":\"a person\"}");
    at = put_imported(out, at, &now);
    for (unsigned trace = 2; trace < MANY_TRACES; trace++) {
        PUT(.type = 0, .trace = (uint8_t)trace, .metadata = "{}");
        PUT(.type = 1, .trace = (uint8_t)trace, .node_id = 1);
        PUT(.type = 2, .trace = (uint8_t)trace, .node_id = 1);
        if (trace % 4 == 0) {
            PUT(.type = trace % 8 == 0 ? 4 : 5, .trace = (uint8_t)trace, .error_message = trace % 8 == 0 ? NULL : "no");
        }
    }
#undef PUT
    return at;
}

/* Writes the log in two segments, the second compressed if `is_compressed`. */
static inline void write_log(char directory[64], bool is_compressed) {
    static uint8_t bytes[256 * 1024];
    size_t length = put_log(bytes), half = 0, record_bytes;
    do {
        record_bytes = (size_t)bytes[half] | (size_t)bytes[half + 1] << 8;
        half += record_bytes;
    } while (half < length / 2);
    make_directory(directory);
    if (is_compressed) {
        write_gzip(directory, "wal_0000000000000000.log.gz", "wb", bytes, half);
    } else {
        write_file(directory, "wal_0000000000000000.log", bytes, half);
    }
    write_file(directory, "wal_0000000000000001.log", bytes + half, length - half - 20); /* a torn end */
}

#endif
