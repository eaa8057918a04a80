/* Opens and closes a log. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bytes/fail.h"
#include "files/inflater.h"
#include "files/segment_sources.h"
#include "files/unfinished.h"
#include "log/internal.h"

static tr_status fail_not_there(const tr_log *log, tr_error *error) {
    return tr_fail(error, TR_ERROR_ARGUMENT, "%s: asked to start in segment %" PRIu64 ", which is not there", log->path,
                   log->options.from.sequence);
}

static tr_status list_segments(tr_log *log, tr_error *error) {
    tr_status status = log->is_directory ? tr_segment_list_read(log->path, &log->walk.segments, error)
                                         : tr_segment_sources_read(log->path, &log->walk.segments, error);
    if (status == TR_OK && log->walk.segments.count == 0) {
        return tr_fail(error, TR_ERROR_NOT_A_LOG,
                       "%s: expected segments (wal_*.log, .log.gz or .log.zst) in this %s, found none", log->path,
                       log->is_directory ? "directory" : "list");
    }
    return status;
}

/* Opens a directory, or a list of segments. */
static tr_status open_many(tr_log *log, tr_error *error) {
    tr_status status = list_segments(log, error);
    if (status != TR_OK) {
        return status;
    }
    uint32_t found_count = log->walk.segments.count;
    log->no_log.has_others = log->walk.segments.unread_count > 0;
    log->walk.skips_compressed = log->options.skip_compressed;
    if (log->options.skip_compressed) {
        tr_segment_list_drop_compressed(&log->walk.segments);
        log->no_log.has_others = log->no_log.has_others || log->walk.segments.count < found_count;
    }
    if (log->options.has_to) {
        tr_segment_list_drop_after(&log->walk.segments, log->options.to.sequence);
    }
    if (log->options.has_from) {
        bool is_there = tr_walk_begin_at(&log->walk, log->options.from);
        bool is_between = log->walk.next_segment > 0 && !tr_walk_is_at_end(&log->walk);
        return is_there || (is_between && log->options.from.offset == 0) ? TR_OK : fail_not_there(log, error);
    }
    if (!log->options.use_snapshot || !log->is_directory) {
        return TR_OK;
    }
    status = tr_snapshot_store_read(log->path, &log->snapshots, error);
    log->no_log.has_others = log->no_log.has_others || log->snapshots.problem_count > 0;
    if (status == TR_OK && log->snapshots.newest != NULL) {
        log->no_log.has_others = true;
        tr_walk_begin_at(&log->walk, (tr_position){log->snapshots.newest->sequence, log->snapshots.newest->offset});
    }
    return status;
}

static tr_status open_single(tr_log *log, mode_t mode, tr_error *error) {
    const char *slash = strrchr(log->path, '/');
    const char *name = slash != NULL ? slash + 1 : log->path;
    uint64_t sequence = 0;
    bool compressed = false;
    if (!tr_segment_name_parse(name, &sequence, &compressed)) {
        compressed = tr_coding_of_name(name) != TR_CODING_PLAIN;
    } else if (log->options.has_from && log->options.from.sequence != sequence) {
        return fail_not_there(log, error); /* without a number in its name it may be a copy of any segment */
    }
    log->single_kind = !S_ISREG(mode) ? TR_SOURCE_STREAM : compressed ? TR_SOURCE_ARCHIVE : TR_SOURCE_FILE;
    if (tr_segment_list_add(&log->walk.segments, name, sequence, compressed) != TR_OK) {
        return tr_fail_memory(error, "opening a log");
    }
    /* Open the segment at once, so that an unreadable file is an error here. */
    log->walk.start_offset = log->options.has_from ? log->options.from.offset : 0;
    tr_status status = tr_log_open_next_segment(log);
    if (status == TR_OK && log->walk.start_offset > 0) {
        status = tr_log_seek_to_start(log);
    }
    return status == TR_OK ? TR_OK : tr_fail(error, status, "%s", log->error.message);
}

static tr_status open_path(tr_log *log, tr_error *error) {
    if (log->options.is_listed) {
        return open_many(log, error);
    }
    struct stat status = {.st_mode = S_IFIFO};
    if (strcmp(log->path, "-") != 0 && stat(log->path, &status) != 0) {
        return tr_fail_opening(error, "%s: cannot find a log there", log->path);
    }
    log->is_directory = S_ISDIR(status.st_mode);
    return log->is_directory ? open_many(log, error) : open_single(log, status.st_mode, error);
}

tr_status tr_log_open(const char *path, const tr_log_options *options, tr_log **out, tr_error *error) {
    *out = NULL;
    tr_log *log = calloc(1, sizeof *log);
    if (log == NULL || (log->path = strdup(path)) == NULL) {
        free(log);
        return tr_fail_memory(error, "opening a log");
    }
    tr_reader_init(&log->reader, &log->window);
    if (options != NULL) {
        log->options = *options;
    }
    tr_status status = open_path(log, error);
    if (status != TR_OK) {
        if (status == TR_ERROR_NOT_A_LOG) {
            tr_unfinished_add(path, error);
        }
        tr_log_close(log);
        return status;
    }
    *out = log;
    return TR_OK;
}

void tr_log_close(tr_log *log) {
    if (log == NULL) {
        return;
    }
    tr_reader_close(&log->reader);
    tr_file_window_clear(&log->window);
    tr_segment_list_clear(&log->walk.segments);
    tr_snapshot_store_clear(&log->snapshots);
    free(log->path);
    free(log);
}
