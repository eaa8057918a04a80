#include "simulation/simulated_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes/bytes.h"
#include "bytes/fail.h"
#include "files/segment_list.h"

enum { BUFFER_BYTES = 256 * 1024 };
static const uint64_t engine_segment_bytes = UINT64_C(64) * 1024 * 1024;

/* tr_segment_file_open opens the highest existing segment: create an empty one with the right number. */
static tr_status make_first(const char *directory, uint64_t sequence, tr_error *error) {
    if (mkdir(directory, 0777) != 0 && errno != EEXIST) {
        return tr_fail_system(error, "%s: cannot create this directory", directory);
    }
    tr_segment_list list;
    tr_status status = tr_segment_list_read(directory, &list, error);
    if (status != TR_OK) {
        return status;
    }
    size_t count = list.count;
    tr_segment_list_clear(&list);
    if (count > 0) {
        return tr_fail(error, TR_ERROR_ARGUMENT, "%s: it already holds segments; simulate into a new directory",
                       directory);
    }
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/wal_%016" PRIx64 ".log", directory, sequence);
    if (length < 0 || (size_t)length >= sizeof path) {
        return tr_fail(error, TR_ERROR_ARGUMENT, "%s: the path is too long", directory);
    }
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0 || close(file) != 0) {
        return tr_fail_system(error, "%s: cannot create it", path);
    }
    return TR_OK;
}

tr_status tr_simulated_log_open(tr_simulated_log *log, const char *directory, uint64_t first_sequence,
                                const uint64_t *segment_bytes, size_t segment_count, uint32_t hold_count,
                                tr_error *error) {
    *log = (tr_simulated_log){.file = {.directory_descriptor = -1, .descriptor = -1},
                              .segment_bytes = segment_bytes,
                              .segment_count = segment_count,
                              .hold_count = hold_count};
    for (size_t i = 0; i < segment_count; i++) {
        log->max_bytes = segment_bytes[i] > log->max_bytes ? segment_bytes[i] : log->max_bytes;
    }
    if (segment_count < 2 && log->max_bytes < engine_segment_bytes) {
        log->max_bytes = engine_segment_bytes;
    }
    log->buffer = malloc(BUFFER_BYTES);
    log->buffer_capacity_bytes = BUFFER_BYTES;
    if (log->buffer == NULL) {
        return tr_fail_memory(error, "opening a log for writing");
    }
    tr_status status = make_first(directory, first_sequence, error);
    return status == TR_OK ? tr_segment_file_open(&log->file, directory, true, UINT64_MAX, error) : status;
}

static tr_status flush(tr_simulated_log *log, tr_error *error) {
    tr_status status = tr_segment_file_write(&log->file, log->buffer, log->buffered_bytes, error);
    log->buffered_bytes = 0;
    return status;
}

static tr_status next_segment(tr_simulated_log *log, tr_error *error) {
    tr_status status = flush(log, error);
    status = status == TR_OK ? tr_segment_file_sync(&log->file, error) : status;
    status = status == TR_OK ? tr_segment_file_next(&log->file, error) : status;
    log->segment++;
    return status;
}

static uint64_t written_to_segment(const tr_simulated_log *log) {
    return log->file.length_bytes + log->buffered_bytes;
}

/* Whether a record of that length goes into the next segment. A segment that was recorded empty stays empty. */
static bool is_full(const tr_simulated_log *log, size_t length) {
    uint64_t written = written_to_segment(log);
    if (log->segment + 1 < log->segment_count) {
        uint64_t limit = log->segment_bytes[log->segment];
        return written + length > limit && (written > 0 || limit == 0);
    }
    return written > 0 && written + length > log->max_bytes;
}

static tr_status write_record(tr_simulated_log *log, const uint8_t *bytes, size_t length, tr_error *error) {
    tr_status status = TR_OK;
    while (status == TR_OK && is_full(log, length)) {
        status = next_segment(log, error);
    }
    if (status == TR_OK && length > log->buffer_capacity_bytes - log->buffered_bytes) {
        status = flush(log, error);
    }
    if (status == TR_OK && length > log->buffer_capacity_bytes) {
        uint8_t *larger = realloc(log->buffer, length);
        if (larger == NULL) {
            return tr_fail_memory(error, "writing a record");
        }
        log->buffer = larger;
        log->buffer_capacity_bytes = length;
    }
    if (status == TR_OK) {
        memcpy(log->buffer + log->buffered_bytes, bytes, length);
        log->buffered_bytes += length;
        log->bytes += length;
    }
    return status;
}

static tr_status write_first_held(tr_simulated_log *log, tr_error *error) {
    const uint8_t *first = log->held + log->held_first;
    size_t length = tr_load_u32(first);
    tr_status status = write_record(log, first, length, error);
    log->held_first += length;
    log->held_count--;
    return status;
}

static tr_status hold(tr_simulated_log *log, const uint8_t *bytes, size_t length, tr_error *error) {
    if (log->held_end + length > log->held_capacity_bytes && log->held_first > 0) {
        log->held_end -= log->held_first;
        memmove(log->held, log->held + log->held_first, log->held_end);
        log->held_first = 0;
    }
    if (log->held_end + length > log->held_capacity_bytes) {
        size_t capacity = (log->held_end + length) * 2;
        uint8_t *larger = realloc(log->held, capacity);
        if (larger == NULL) {
            return tr_fail_memory(error, "holding records that a crash may take");
        }
        log->held = larger;
        log->held_capacity_bytes = capacity;
    }
    memcpy(log->held + log->held_end, bytes, length);
    log->held_end += length;
    log->held_count++;
    return log->held_count > log->hold_count ? write_first_held(log, error) : TR_OK;
}

tr_status tr_simulated_log_append(tr_simulated_log *log, const uint8_t *bytes, size_t length, tr_error *error) {
    log->records++;
    return log->hold_count > 0 ? hold(log, bytes, length, error) : write_record(log, bytes, length, error);
}

static tr_status flush_and_sync(tr_simulated_log *log, tr_error *error) {
    tr_status status = flush(log, error);
    return status == TR_OK ? tr_segment_file_sync(&log->file, error) : status;
}

tr_status tr_simulated_log_finish(tr_simulated_log *log, tr_error *error) {
    tr_status status = TR_OK;
    while (status == TR_OK && log->held_count > 0) {
        status = write_first_held(log, error);
    }
    while (status == TR_OK && log->segment + 1 < log->segment_count && log->segment_bytes[log->segment + 1] == 0 &&
           written_to_segment(log) == log->segment_bytes[log->segment]) {
        status = next_segment(log, error);
    }
    return status == TR_OK ? flush_and_sync(log, error) : status;
}

tr_status tr_simulated_log_crash(tr_simulated_log *log, bool is_beyond, uint64_t torn_bytes, tr_error *error) {
    tr_status status = TR_OK;
    while (status == TR_OK && log->held_count + !is_beyond > log->hold_count) {
        status = write_first_held(log, error);
    }
    log->records -= log->held_count;
    if (status == TR_OK && log->held_count > 0 && torn_bytes > 0) {
        const uint8_t *torn = log->held + log->held_first;
        size_t length = tr_load_u32(torn);
        /* A whole record would not be torn. */
        status = write_record(log, torn, torn_bytes < length ? (size_t)torn_bytes : length - 1, error);
    }
    return status == TR_OK ? flush_and_sync(log, error) : status;
}

void tr_simulated_log_close(tr_simulated_log *log) {
    tr_segment_file_close(&log->file, NULL); /* it was synced, or has already failed */
    free(log->buffer);
    free(log->held);
    *log = (tr_simulated_log){.file = {.directory_descriptor = -1, .descriptor = -1}};
}
