#include "log/no_log.h"

#include <inttypes.h>
#include <string.h>

#include "bytes/fail.h"
#include "files/inflater.h"
#include "log/internal.h"

bool tr_no_log_look(const tr_log *log, size_t gap_end, tr_foreign *foreign) {
    const tr_segment_reader *reader = &log->reader;
    if (reader->offset != 0 || gap_end != reader->available_bytes || log->options.has_to) {
        return false;
    }
    const char *diagnostic = tr_source_diagnostic(reader->source, 0, gap_end);
    tr_look look = tr_foreign_look(reader->bytes, gap_end, foreign);
    /* What came from a broken archive or a failing disk is foreign only if it is a known kind of file. */
    return look == TR_LOOK_KNOWN || (look == TR_LOOK_UNKNOWN && diagnostic == NULL);
}

bool tr_no_log_look_at_archive(const tr_log *log, tr_foreign *foreign) {
    static const tr_foreign plain_log = {"records that are not compressed", "name it without .gz or .zst"};
    enum { HEAD_BYTES = 4096 };
    uint8_t head[HEAD_BYTES];
    size_t length = tr_source_head(log->reader.source, head, sizeof head);
    tr_record record;
    tr_defect defect;
    if (length == 0 || tr_source_diagnostic(log->reader.source, 0, 0) == NULL) {
        return false;
    }
    if (tr_record_decode(head, length, &record, &defect) == TR_OK) {
        *foreign = plain_log;
        return true;
    }
    bool is_as_named = tr_coding_of_bytes(head, length) == tr_coding_of_name(log->place.segment);
    return !is_as_named && tr_foreign_look(head, length, foreign) == TR_LOOK_KNOWN;
}

/* Whether nothing else can belong to this log. */
static bool is_all_there_is(const tr_log *log) {
    return log->walk.segments.count == 1 && !log->no_log.has_others;
}

tr_status tr_no_log_meet(tr_log *log, const tr_foreign *foreign) {
    bool has_names = log->is_directory || log->options.is_listed;
    if (is_all_there_is(log)) {
        return tr_fail(&log->error, TR_ERROR_NOT_A_LOG,
                       "%s%s%s: not a log: no record is in it, and it looks like %s; %s", log->path,
                       has_names ? "/" : "", has_names ? log->place.segment : "", foreign->what, foreign->advice);
    }
    if (log->no_log.segment_count++ == 0) {
        log->no_log.segment = log->place.segment;
        log->no_log.foreign = *foreign;
    }
    return TR_OK;
}

tr_status tr_no_log_end(tr_log *log) {
    const tr_log_statistics *statistics = &log->statistics;
    uint64_t gaps = 0;
    for (int i = 0; i < TR_GAP_CLASS_COUNT; i++) {
        gaps += i == TR_GAP_MISSING_SEGMENT ? 0 : statistics->gaps[i];
    }
    bool is_partial = log->options.has_from || log->options.has_to || log->no_log.has_others;
    if (log->no_log.segment_count == 0 || gaps > log->no_log.segment_count || statistics->records > 0 || is_partial) {
        return TR_END;
    }
    return tr_fail(&log->error, TR_ERROR_NOT_A_LOG,
                   "%s: not a log: no record is in its %" PRIu32 " segments, and %s looks like %s; %s", log->path,
                   log->walk.segments.count, log->no_log.segment, log->no_log.foreign.what, log->no_log.foreign.advice);
}
