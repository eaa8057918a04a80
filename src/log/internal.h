/* The members of a log, for the files that read it, open it and follow it. */
#ifndef TRACEREEL_LOG_INTERNAL_H
#define TRACEREEL_LOG_INTERNAL_H

#include "files/source.h"
#include "log/follow.h"
#include "log/no_log.h"
#include "log/segment_reader.h"
#include "log/segment_walk.h"
#include "snapshot/snapshot_store.h"
#include "tracereel/log.h"

struct tr_log {
    tr_segment_reader reader;
    tr_file_window window; /* the reader's */
    tr_place place;
    tr_log_statistics statistics;
    tr_status finished; /* TR_OK while reading; then what every further call returns */
    tr_log_options options;
    char *path;
    bool is_directory;
    tr_source_kind single_kind; /* for a log that is one segment or a stream */
    tr_segment_walk walk;
    tr_snapshot_store snapshots;
    uint32_t problems_reported;
    size_t counted_to;        /* statistics.record_bytes covers the open segment up to here */
    uint64_t closed_at;       /* the end of the segment that was closed last */
    bool stopped_inside;      /* reading ended for good inside that segment: by the mode, or by a failure */
    bool end_diagnostic_told; /* a gap already reported the open segment's diagnostic */
    tr_follow follow;
    tr_no_log no_log;
    tr_gap gap;
    char missing_name[TR_SEGMENT_NAME_BYTES];
    tr_error error;
};

/* Whether an interrupt was asked for. */
static inline bool tr_log_is_stopped(const tr_log *log) {
    return log->options.stop != NULL && *log->options.stop != 0;
}

/* Ends reading: every further call returns `status` (except an interrupt, which is only passed on). */
tr_status tr_log_finish(tr_log *log, tr_status status);

/* Call with no segment open. TR_OK: some work was done, and a segment may be open now. Otherwise a result of
 * tr_log_next. */
tr_status tr_log_open_next_segment(tr_log *log);

/* Goes to where reading begins in the first segment; the same results. */
tr_status tr_log_seek_to_start(tr_log *log);

#endif
