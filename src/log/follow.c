#include "log/follow.h"

#include <time.h>

#include "log/gap.h"
#include "log/internal.h"

static const uint64_t patience_ns = 1000000000;

static uint64_t monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static bool is_patient(const tr_follow *follow) {
    return monotonic_ns() - follow->grown_at_ns < patience_ns;
}

void tr_log_follow(tr_log *log) {
    log->follow.is_on = !log->options.has_to && !log->options.is_listed;
    log->follow.grown_at_ns = monotonic_ns();
}

bool tr_log_may_go_on(const tr_log *log) {
    return log->finished == TR_OK;
}

/* Whether the open segment is a plain file: archives do not grow, and a pipe says itself where it ends. */
static bool segment_can_grow(const tr_log *log) {
    tr_segment_info info;
    if (!log->is_directory) {
        return log->single_kind == TR_SOURCE_FILE;
    }
    return tr_log_segment(log, log->place.segment_index, &info) && !info.compressed;
}

bool tr_follow_holds(tr_log *log, size_t gap_end) {
    tr_follow *follow = &log->follow;
    const tr_segment_reader *reader = &log->reader;
    if (!follow->is_on || !tr_walk_is_at_end(&log->walk) || !segment_can_grow(log)) {
        return false;
    }
    bool record_follows = gap_end < reader->available_bytes;
    if (record_follows &&
        (!tr_gap_is_record_prefix(reader->bytes + reader->offset, reader->available_bytes - reader->offset) ||
         !is_patient(follow))) {
        return false;
    }
    follow->is_waiting = true;
    follow->record_follows = record_follows;
    return true;
}

bool tr_follow_holds_for_segment(tr_log *log) {
    log->follow.is_waiting = log->follow.is_on && log->is_directory;
    log->follow.record_follows = false;
    return log->follow.is_waiting;
}

/* The writer finishes a segment before it creates the next one: so once there is a next one, the old one is checked
 * once more and is then complete. */
static tr_status look_around(tr_log *log, bool *found) {
    tr_status status = TR_OK;
    bool is_open = log->reader.source != NULL;
    if (is_open) {
        status = tr_reader_recheck(&log->reader, found, &log->error);
    }
    if (status == TR_OK && !*found && log->is_directory) {
        status = tr_walk_extend(&log->walk, log->path, found, &log->error);
    }
    if (status == TR_OK && *found && is_open) {
        bool changed;
        status = tr_reader_recheck(&log->reader, &changed, &log->error);
    }
    return status;
}

tr_status tr_follow_look(tr_log *log) {
    tr_follow *follow = &log->follow;
    bool found = false;
    tr_status status = look_around(log, &found);
    if (status != TR_OK) {
        return tr_log_finish(log, status);
    }
    if (found) {
        follow->grown_at_ns = monotonic_ns();
    } else if (!follow->record_follows || is_patient(follow)) {
        return TR_END;
    }
    follow->is_waiting = false;
    return TR_OK;
}
