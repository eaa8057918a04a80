#include "tracereel/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bytes/fail.h"
#include "log/follow.h"
#include "log/gap.h"
#include "log/internal.h"

/* Between two gaps all bytes belong to records, so that they need not be summed record by record. */
static void count_record_bytes(tr_log *log) {
    log->statistics.record_bytes += log->reader.offset - log->counted_to;
    log->counted_to = log->reader.offset;
}

static void close_segment(tr_log *log) {
    count_record_bytes(log);
    log->closed_at = log->reader.offset;
    log->counted_to = 0;
    tr_reader_close(&log->reader);
}

/* With the segment closed, tr_log_next finds nothing on its fast path, and returns this status from now on. */
tr_status tr_log_finish(tr_log *log, tr_status status) {
    if (status != TR_ERROR_INTERRUPTED) {
        log->finished = status;
        if (log->reader.source != NULL) {
            log->stopped_inside = true;
            close_segment(log);
        }
    }
    return status;
}

/* Reports the gap, or does what the mode requires instead. */
static tr_status report_gap(tr_log *log) {
    const tr_gap *gap = &log->gap;
    log->statistics.gaps[gap->gap_class]++;
    log->statistics.gap_bytes += gap->length_bytes;
    if (log->options.mode == TR_LOG_STRICT) {
        return tr_log_finish(
            log, tr_fail(&log->error, TR_ERROR_DAMAGED,
                         "%s: expected a record at offset %" PRIu64 ", found %s (%" PRIu64 " bytes): %s", gap->segment,
                         gap->position.offset, tr_gap_class_name(gap->gap_class), gap->length_bytes, gap->detail));
    }
    if (log->options.mode == TR_LOG_PREFIX && tr_gap_class_is_damage(gap->gap_class)) {
        tr_log_finish(log, TR_END);
    }
    return TR_GAP;
}

static tr_status report_without_bytes(tr_log *log, tr_gap_class gap_class, const char *segment, tr_position position,
                                      const char *detail) {
    log->gap = (tr_gap){.gap_class = gap_class, .segment = segment, .position = position};
    log->gap.missing_count = gap_class == TR_GAP_MISSING_SEGMENT ? 1 : 0;
    snprintf(log->gap.detail, sizeof log->gap.detail, "%s", detail);
    return report_gap(log);
}

static tr_status report_missing(tr_log *log, uint64_t first, uint64_t count) {
    tr_segment_name_format(first, log->missing_name);
    log->gap = (tr_gap){.gap_class = TR_GAP_MISSING_SEGMENT,
                        .segment = log->missing_name,
                        .position = {first, 0},
                        .missing_count = count};
    snprintf(log->gap.detail, sizeof log->gap.detail, "%" PRIu64 " segment%s not there%s, others are", count,
             count == 1 ? " is" : "s in a row are", log->options.skip_compressed ? " as a plain file" : "");
    return report_gap(log);
}

static tr_status report_snapshot_problem(tr_log *log) {
    const tr_snapshot_problem *problem = &log->snapshots.problems[log->problems_reported++];
    log->gap = (tr_gap){.gap_class = TR_GAP_CORRUPT, .segment = problem->name, .length_bytes = problem->file_bytes};
    snprintf(log->gap.detail, sizeof log->gap.detail, "the snapshot cannot be read: %.200s", problem->error.message);
    return report_gap(log);
}

static tr_source_kind kind_of(const tr_segment *segment) {
    return segment->compressed ? TR_SOURCE_ARCHIVE : TR_SOURCE_FILE;
}

static tr_status open_in_directory(tr_log *log, const tr_segment *segment) {
    char *path = NULL;
    if (asprintf(&path, "%s/%s", log->path, segment->name) < 0) {
        return tr_fail_memory(&log->error, "opening a segment");
    }
    tr_status status = tr_reader_open(&log->reader, path, segment->name, kind_of(segment), &log->error);
    free(path);
    return status;
}

static tr_status open_reader(tr_log *log, const tr_segment *segment) {
    tr_segment_reader *reader = &log->reader;
    tr_status status;
    if (segment->is_command) {
        status = tr_reader_open_command(reader, segment->source, segment->name, segment->compressed, &log->error);
    } else if (segment->source != NULL) {
        status = tr_reader_open(reader, segment->source, segment->name, kind_of(segment), &log->error);
    } else if (log->is_directory) {
        status = open_in_directory(log, segment);
    } else {
        status = tr_reader_open(reader, log->path, segment->name, log->single_kind, &log->error);
    }
    reader->stop = log->options.stop;
    return status;
}

tr_status tr_log_seek_to_start(tr_log *log) {
    bool reached = true;
    tr_status status = tr_reader_seek(&log->reader, log->walk.start_offset, &reached, &log->error);
    if (status != TR_OK) {
        return tr_log_finish(log, status);
    }
    uint64_t wanted = log->walk.start_offset;
    log->walk.start_offset = 0;
    log->counted_to = log->reader.offset;
    if (reached) {
        return TR_OK;
    }
    tr_position end = {log->place.position.sequence, log->reader.offset};
    if (log->options.has_from) {
        return tr_log_finish(log, tr_fail(&log->error, TR_ERROR_ARGUMENT,
                                          "%s: asked to start at offset %" PRIu64 ", but it has only %" PRIu64 " bytes",
                                          log->place.segment, wanted, end.offset));
    }
    char detail[128];
    snprintf(detail, sizeof detail, "the segment ends here, but the snapshot was taken at offset %" PRIu64 " of it",
             wanted);
    return report_without_bytes(log, TR_GAP_CORRUPT, log->place.segment, end, detail);
}

tr_status tr_log_open_next_segment(tr_log *log) {
    uint64_t first = 0;
    uint64_t missing = tr_walk_take_missing(&log->walk, &first);
    if (missing > 0) {
        return report_missing(log, first, missing);
    }
    const tr_segment *segment = tr_walk_peek(&log->walk);
    if (segment == NULL) {
        return tr_follow_holds_for_segment(log) ? TR_OK : tr_log_finish(log, tr_no_log_end(log));
    }
    tr_status status = open_reader(log, segment);
    bool unusable = status == TR_ERROR_NOT_A_LOG && log->is_directory;
    if (status != TR_OK && !unusable) {
        return tr_log_finish(log, status);
    }
    if (status == TR_OK && log->options.has_to && segment->sequence == log->options.to.sequence) {
        tr_reader_limit(&log->reader, log->options.to.offset);
    }
    log->place = (tr_place){
        .segment = segment->name, .segment_index = log->walk.next_segment, .position = {segment->sequence, 0}};
    log->end_diagnostic_told = false;
    tr_walk_advance(&log->walk);
    if (unusable) { /* it disappeared after it was listed, or is a directory */
        log->walk.start_offset = 0;
        log->closed_at = 0;
        return report_without_bytes(log, TR_GAP_MISSING_SEGMENT, segment->name, log->place.position,
                                    log->error.message);
    }
    return TR_OK;
}

/* Describes the gap from the reader's offset to `end`, which is not skipped yet; returns the length of the text. */
static size_t describe_gap(tr_log *log, size_t end, const tr_foreign *foreign) {
    tr_gap *gap = &log->gap;
    const tr_segment_reader *reader = &log->reader;
    if (foreign != NULL) {
        int length = snprintf(gap->detail, sizeof gap->detail, "%s where a record is expected: %s", foreign->what,
                              foreign->advice);
        return length > 0 && (size_t)length < sizeof gap->detail ? (size_t)length : 0;
    }
    if (!tr_reader_find_defect(&log->reader, &gap->defect)) {
        return 0;
    }
    return tr_gap_describe(gap->gap_class, reader->bytes + reader->offset, end - reader->offset, &gap->defect,
                           gap->detail, sizeof gap->detail);
}

static tr_status pass_over_gap(tr_log *log, size_t end) {
    const tr_segment_reader *reader = &log->reader;
    size_t begin = reader->offset;
    tr_foreign foreign;
    bool is_foreign = tr_no_log_look(log, end, &foreign);
    if (is_foreign && tr_no_log_meet(log, &foreign) != TR_OK) {
        return tr_log_finish(log, TR_ERROR_NOT_A_LOG);
    }
    const char *diagnostic = tr_source_diagnostic(reader->source, begin, end);
    tr_gap_surroundings surroundings = {reader->available_bytes, tr_walk_is_at_end(&log->walk),
                                        end < reader->available_bytes};
    log->gap = (tr_gap){.gap_class = tr_gap_classify(reader->bytes + begin, end - begin, &surroundings),
                        .segment = log->place.segment,
                        .position = {log->place.position.sequence, begin},
                        .length_bytes = end - begin};
    size_t length = describe_gap(log, end, is_foreign ? &foreign : NULL);
    if (diagnostic != NULL) {
        snprintf(log->gap.detail + length, sizeof log->gap.detail - length, "; %s", diagnostic);
        log->gap.gap_class = TR_GAP_CORRUPT; /* not a crash of the writer: an archive or a disk lost something */
        log->end_diagnostic_told = true;
    }
    tr_reader_skip_gap(&log->reader, end);
    log->counted_to = end;
    return report_gap(log);
}

/* Call at the end of the segment's bytes. A compressed segment may report how it ended. */
static tr_status end_segment(tr_log *log) {
    tr_position end = {log->place.position.sequence, log->reader.offset};
    const char *diagnostic = tr_source_diagnostic(log->reader.source, end.offset, end.offset);
    tr_foreign foreign;
    if (diagnostic != NULL && !log->end_diagnostic_told && end.offset == 0 &&
        tr_no_log_look_at_archive(log, &foreign) && tr_no_log_meet(log, &foreign) != TR_OK) {
        return tr_log_finish(log, TR_ERROR_NOT_A_LOG);
    }
    if (diagnostic != NULL && !log->end_diagnostic_told) {
        log->end_diagnostic_told = true;
        return report_without_bytes(log, TR_GAP_CORRUPT, log->place.segment, end, diagnostic);
    }
    tr_reader_close(&log->reader);
    log->counted_to = 0;
    log->closed_at = end.offset;
    return TR_OK;
}

/* While following: what is not a log does not become one. */
static bool holds_for_record(tr_log *log, size_t gap_end) {
    tr_foreign foreign;
    return !(log->walk.segments.count == 1 && tr_no_log_look(log, gap_end, &foreign)) && tr_follow_holds(log, gap_end);
}

/* TR_OK: either a record is at the reader's offset (`*found`), or there is more to do. */
static tr_status step(tr_log *log, tr_record *record, bool *found) {
    if (log->problems_reported < log->snapshots.problem_count) {
        return report_snapshot_problem(log);
    }
    if (log->follow.is_waiting) {
        return tr_follow_look(log);
    }
    if (log->reader.source == NULL) {
        return tr_log_open_next_segment(log);
    }
    if (log->walk.start_offset > 0) {
        return tr_log_seek_to_start(log);
    }
    size_t gap_end = 0;
    count_record_bytes(log);
    tr_status status = tr_reader_find(&log->reader, record, &gap_end, &log->error);
    log->counted_to = log->reader.offset; /* it moves back if the file was truncated before it */
    switch (status) {
    case TR_OK:
        *found = true;
        return TR_OK;
    case TR_GAP:
        return holds_for_record(log, gap_end) ? TR_OK : pass_over_gap(log, gap_end);
    case TR_END:
        return tr_follow_holds(log, log->reader.offset) ? TR_OK : end_segment(log);
    default:
        return tr_log_finish(log, status);
    }
}

static tr_status deliver(tr_log *log, const tr_record *record) {
    log->place.position.offset = log->reader.offset;
    log->place.suspect = log->reader.offset < log->reader.suspect_end;
    log->reader.offset += record->length_bytes;
    log->statistics.records++;
    return TR_OK;
}

/* Not inlined into tr_log_next, which would have to save more registers for every record. */
__attribute__((noinline)) static tr_status read_on(tr_log *log, tr_record *record) {
    bool found = false;
    while (!found) {
        tr_status status = log->finished == TR_OK ? step(log, record, &found) : log->finished;
        if (status != TR_OK) {
            return status;
        }
    }
    return deliver(log, record);
}

tr_status tr_log_next(tr_log *log, tr_record *record) {
    return tr_reader_try(&log->reader, record) ? deliver(log, record) : read_on(log, record);
}

const tr_place *tr_log_place(const tr_log *log) {
    return &log->place;
}

const tr_gap *tr_log_gap(const tr_log *log) {
    return &log->gap;
}

const tr_error *tr_log_error(const tr_log *log) {
    return &log->error;
}

tr_position tr_log_position(const tr_log *log) {
    const tr_segment *next = tr_walk_peek(&log->walk);
    bool is_between = log->reader.source == NULL && !log->stopped_inside;
    if (is_between && tr_walk_is_at_missing(&log->walk)) {
        return (tr_position){log->walk.missing_next, 0};
    }
    if (is_between && next != NULL) {
        return (tr_position){next->sequence, log->walk.start_offset};
    }
    uint64_t offset = log->reader.source == NULL ? log->closed_at : log->reader.offset;
    return (tr_position){log->place.position.sequence, log->walk.start_offset > 0 ? log->walk.start_offset : offset};
}

tr_log_statistics tr_log_get_statistics(const tr_log *log) {
    tr_log_statistics statistics = log->statistics;
    statistics.record_bytes += log->reader.offset - log->counted_to;
    return statistics;
}

bool tr_log_is_damaged(const tr_log *log) {
    for (int i = 0; i < TR_GAP_CLASS_COUNT; i++) {
        if (tr_gap_class_is_damage((tr_gap_class)i) && log->statistics.gaps[i] > 0) {
            return true;
        }
    }
    return false;
}

const tr_snapshot *tr_log_snapshot(const tr_log *log) {
    return log->snapshots.newest;
}

uint32_t tr_log_segment_count(const tr_log *log) {
    return log->walk.segments.count;
}

static tr_segment_info info_about(const tr_segment *segment) {
    return (tr_segment_info){segment->name, segment->sequence, segment->compressed};
}

bool tr_log_segment(const tr_log *log, uint32_t index, tr_segment_info *info) {
    if (index >= log->walk.segments.count) {
        return false;
    }
    *info = info_about(&log->walk.segments.items[index]);
    return true;
}

uint32_t tr_log_unread_count(const tr_log *log) {
    return log->walk.segments.unread_count;
}

bool tr_log_unread(const tr_log *log, uint32_t index, tr_segment_info *info, const char **instead) {
    const tr_segment_list *segments = &log->walk.segments;
    if (index >= segments->unread_count) {
        return false;
    }
    const tr_segment *unread = &segments->unread[index];
    *info = info_about(unread);
    for (uint32_t i = 0; i < segments->count; i++) {
        if (segments->items[i].sequence == unread->sequence) {
            *instead = segments->items[i].name;
        }
    }
    return true;
}
