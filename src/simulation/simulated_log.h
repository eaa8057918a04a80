/* The log that a simulation writes: segments as long as the recorded ones, and what a crash takes from its end. */
#ifndef TRACEREEL_SIMULATED_LOG_H
#define TRACEREEL_SIMULATED_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "files/segment_file.h"
#include "tracereel/status.h"

typedef struct tr_simulated_log {
    tr_segment_file file;
    const uint64_t *segment_bytes; /* how long the recorded segments are; not owned */
    size_t segment_count;
    uint64_t max_bytes; /* for the last segment and those after it */
    size_t segment;     /* index of the segment being written */
    uint64_t records;   /* written or held */
    uint64_t bytes;     /* written */
    uint8_t *buffer;
    size_t buffered_bytes;
    size_t buffer_capacity_bytes;
    uint32_t hold_count; /* the last records are held back, because a crash may take them */
    uint8_t *held;       /* records back to back: their lengths are their own first four bytes */
    size_t held_first;   /* offset of the first of them */
    size_t held_end;
    size_t held_capacity_bytes;
    uint64_t held_count;
} tr_simulated_log;

/* Creates a log, whose first segment has the number `first_sequence`, in a directory without segments. `segment_bytes`
 * must outlive it. Always close `log`, also on failure. The statuses are those of tr_writer_open. */
tr_status tr_simulated_log_open(tr_simulated_log *log, const char *directory, uint64_t first_sequence,
                                const uint64_t *segment_bytes, size_t segment_count, uint32_t hold_count,
                                tr_error *error);

/* Appends a record. `bytes` are a whole record. */
tr_status tr_simulated_log_append(tr_simulated_log *log, const uint8_t *bytes, size_t length, tr_error *error);

/* Completes the log: writes what was held, and then the segments that are empty in the recorded log. */
tr_status tr_simulated_log_finish(tr_simulated_log *log, tr_error *error);

/* Ends the log with a crash: what was held is lost except the first `torn_bytes` bytes of its first record.
 * `is_beyond`: the last record appended comes after the crash and is lost in addition to those that the crash takes. */
tr_status tr_simulated_log_crash(tr_simulated_log *log, bool is_beyond, uint64_t torn_bytes, tr_error *error);

void tr_simulated_log_close(tr_simulated_log *log);

#endif
