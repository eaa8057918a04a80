/* A write-ahead log of XERV (the engine): segments in the order of their numbers, read record by record, around
 * whatever is damaged.
 *
 * Plain segments are read part by part, or mapped; compressed ones and pipes go through an unlinked temporary file, so
 * that memory stays flat however long the log is. Nothing here writes to the log. Use a tr_log from one thread at a
 * time. */
#ifndef TRACEREEL_LOG_H
#define TRACEREEL_LOG_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "tracereel/record.h"
#include "tracereel/snapshot.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tr_log tr_log;

/* A position in a log: `offset` bytes into the (uncompressed) segment with that number. */
typedef struct tr_position {
    uint64_t sequence;
    uint64_t offset;
} tr_position;

/* Where the last record came from. */
typedef struct tr_place {
    const char *segment; /* file name without its directory; lives as long as the log */
    uint32_t segment_index;
    bool suspect; /* it lies inside the span of a broken record: perhaps text that only looks like a record */
    tr_position position;
} tr_place;

/* X(C name, name that users see, true if something durable was lost). Rules: docs/damage.md. */
#define TR_GAP_CLASSES(X)                                                                                              \
    X(TORN_TAIL, torn_tail, false)                                                                                     \
    X(ZERO_TAIL, zero_tail, false)                                                                                     \
    X(TORN_WRITE, torn_write, false)                                                                                   \
    X(CORRUPT, corrupt, true)                                                                                          \
    X(MISSING_SEGMENT, missing_segment, true)

typedef enum tr_gap_class {
#define TR_GAP_CLASS_ENUM(constant, name, damage) TR_GAP_##constant,
    TR_GAP_CLASSES(TR_GAP_CLASS_ENUM)
#undef TR_GAP_CLASS_ENUM
        TR_GAP_CLASS_COUNT
} tr_gap_class;

const char *tr_gap_class_name(tr_gap_class gap_class);
bool tr_gap_class_is_damage(tr_gap_class gap_class);

/* A stretch without a readable record. For a missing segment, `segment` is the name it would have, and offset and
 * length are 0. */
typedef struct tr_gap {
    tr_gap_class gap_class;
    const char *segment;  /* lives until the next call on the log */
    tr_position position; /* where it begins */
    uint64_t length_bytes;
    uint64_t missing_count; /* of segments, from this number on: above 1 only if very many are missing in a row */
    tr_defect defect;       /* why the bytes at its beginning are not a record */
    char detail[256];       /* one sentence for the user */
} tr_gap;

typedef enum tr_log_mode {
    TR_LOG_SALVAGE, /* read around every gap */
    TR_LOG_PREFIX,  /* report the first damaged gap, then end; read past what crashes leave (a torn write) */
    TR_LOG_STRICT   /* fail with TR_ERROR_DAMAGED at the first byte that is not part of a valid record */
} tr_log_mode;

typedef struct tr_log_options {
    tr_log_mode mode;
    bool use_snapshot;    /* in a directory: start at the newest readable snapshot, which the engine never does */
    bool skip_compressed; /* in a directory: read plain segments only, as the engine does; there may be none */
    bool is_listed; /* the path is a text that says where each segment is: docs/scale.md. No snapshot is used, and the
                       log is not followed */
    bool has_from;  /* start at `from`: no snapshot is used, and segments before it are not read. It may be a missing
                       segment between two others, at offset 0. For a single file whose name has no number, only the
                       offset counts */
    tr_position from;
    bool has_to; /* end before `to`, as if the log ended there: segments after it are not read, and the log is not
                    followed. Usually the beginning of a record */
    tr_position to;
    /* NULL, or a flag that a signal handler sets: while it is not 0, a search for the end of a gap stops with
     * TR_ERROR_INTERRUPTED, and the next call restarts it. Must outlive the log. */
    const volatile sig_atomic_t *stop;
} tr_log_options;

/* What has been read so far. */
typedef struct tr_log_statistics {
    uint64_t records;
    uint64_t record_bytes;
    uint64_t gap_bytes;
    uint64_t gaps[TR_GAP_CLASS_COUNT];
} tr_log_statistics;

/* Opens a directory of segments, one segment (plain, .gz or .zst), "-" for standard input, or a list of segments. NULL
 * options mean all zero: salvage, from the first segment. Returns TR_OK (close `*log` with tr_log_close),
 * TR_ERROR_NOT_A_LOG, TR_ERROR_IO or TR_ERROR_MEMORY. On failure `*log` is NULL and `error` says what is wrong with
 * which file. */
tr_status tr_log_open(const char *path, const tr_log_options *options, tr_log **log, tr_error *error);

/* Reads the next record. TR_OK: `record` is valid until the next call on this log. TR_GAP: a stretch was skipped, and
 * tr_log_gap() describes it; call again. TR_END: everything was read; further calls return the same.
 * TR_ERROR_NOT_A_LOG: nothing in it is a record, and it looks like something else (docs/damage.md); for a single file
 * no gap is reported then. Any other status: tr_log_error() explains; further calls return the same. */
tr_status tr_log_next(tr_log *log, tr_record *record);

/* Follows the log while a writer appends to it. Call before the end is reached. TR_END then means that there is nothing
 * more yet: call again later, as long as tr_log_may_go_on. New segments are read too. Bytes at the end are never a gap,
 * because their record may still be being written; they become one, by the usual rules, once the log has continued
 * after them. A single segment is followed alone; a pipe and an archive end where they end. */
void tr_log_follow(tr_log *log);
/* After TR_END: whether a later call may find more. */
bool tr_log_may_go_on(const tr_log *log);

/* About the last result of tr_log_next. The pointers live as long as the log; the next call changes what they point to.
 */
const tr_place *tr_log_place(const tr_log *log);
const tr_gap *tr_log_gap(const tr_log *log);
const tr_error *tr_log_error(const tr_log *log);

/* Where the next record would be read: pass it as `from` to continue later. */
tr_position tr_log_position(const tr_log *log);
tr_log_statistics tr_log_get_statistics(const tr_log *log);
/* Whether something durable was lost in what has been read so far. */
bool tr_log_is_damaged(const tr_log *log);

/* The snapshot that reading began from, or NULL if there is none or it was not asked for. Lives as long as the log. */
const tr_snapshot *tr_log_snapshot(const tr_log *log);

typedef struct tr_segment_info {
    const char *name; /* file name without its directory; lives as long as the log */
    uint64_t sequence;
    bool compressed;
} tr_segment_info;

uint32_t tr_log_segment_count(const tr_log *log);
/* Returns false if there is no such segment; `info` is then unchanged. */
bool tr_log_segment(const tr_log *log, uint32_t index, tr_segment_info *info);

/* Files that are not read because another one has the same number: a plain one is preferred to a compressed one,
 * sixteen digits to another width. `instead` is the name of the one that is read. Returns false if there is no such
 * file; `info` and `instead` are then unchanged. */
uint32_t tr_log_unread_count(const tr_log *log);
bool tr_log_unread(const tr_log *log, uint32_t index, tr_segment_info *info, const char **instead);

/* NULL is allowed. */
void tr_log_close(tr_log *log);

#ifdef __cplusplus
}
#endif
#endif
