/* A log: segments in the order of their numbers, read record by record, around whatever is damaged.
 *
 * Plain segments are mapped, compressed ones and pipes go through an unlinked temporary file, so that memory stays flat
 * however long the log is. Nothing here writes to the log. One tr_log belongs to one thread at a time. */
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

/* A place in a log: `offset` bytes into the (uncompressed) segment with that number. */
typedef struct tr_position {
    uint64_t sequence;
    uint64_t offset;
} tr_position;

/* Where the last record came from. */
typedef struct tr_place {
    const char *segment; /* file name without its directory; lives as long as the log */
    uint32_t segment_index;
    bool suspect; /* it stands inside the span of a broken record: perhaps a text that only looks like a record */
    tr_position position;
} tr_place;

/* X(C name, name that people see, true when something durable was lost). Rules: docs/damage.md. */
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

/* A stretch that holds no readable record. For a missing segment, `segment` is the name it would have, and offset and
 * length are 0. */
typedef struct tr_gap {
    tr_gap_class gap_class;
    const char *segment;  /* lives until the next call on the log */
    tr_position position; /* where it begins */
    uint64_t length_bytes;
    uint64_t missing_count; /* of segments, from this number on: above 1 only where very many are missing in a row */
    tr_defect defect;       /* why the bytes at its beginning are not a record */
    char detail[256];       /* one sentence for a person */
} tr_gap;

typedef enum tr_log_mode {
    TR_LOG_SALVAGE, /* read around every gap */
    TR_LOG_PREFIX,  /* report the first damaged gap, then end; what crashes leave (a torn write) is read past */
    TR_LOG_STRICT   /* fail with TR_ERROR_DAMAGED at the first byte that is not part of a valid record */
} tr_log_mode;

typedef struct tr_log_options {
    tr_log_mode mode;
    bool use_snapshot;    /* of a directory: start at the newest readable snapshot. The engine never does */
    bool skip_compressed; /* of a directory: read plain segments only, as the engine does; there may be none */
    bool has_from;        /* start at `from`: no snapshot is used, segments before it are not looked at. It may be a
                           * missing segment between two others, at offset 0. Of a single file whose name does not tell
                           * its number, only the offset counts */
    tr_position from;
    bool has_to; /* end before `to`, as if the log had ended there: segments after it are not looked at, and it is not
                  * followed. Where a record begins, as a rule */
    tr_position to;
    const volatile sig_atomic_t *stop; /* NULL, or what a signal handler sets: while it is not 0, a search for the end
                                        * of a gap ends with TR_ERROR_INTERRUPTED, and the next call begins it again. It
                                        * must outlive the log */
} tr_log_options;

/* What has been read so far. */
typedef struct tr_log_statistics {
    uint64_t records;
    uint64_t record_bytes;
    uint64_t gap_bytes;
    uint64_t gaps[TR_GAP_CLASS_COUNT];
} tr_log_statistics;

/* Opens a directory of segments, one segment (plain or .gz), or "-" for standard input. NULL options mean all zero:
 * salvage, from the first segment. TR_OK: `*log` is to be closed. TR_ERROR_NOT_A_LOG,
 * TR_ERROR_IO, TR_ERROR_MEMORY: `*log` is NULL and `error` says what is wrong with which file. */
tr_status tr_log_open(const char *path, const tr_log_options *options, tr_log **log, tr_error *error);

/* TR_OK: `record` is the next one, valid until the next call on this log. TR_GAP: tr_log_gap() tells of a stretch that
 * was passed over; call again. TR_END: all was read; it stays so. TR_ERROR_NOT_A_LOG: nothing in it is a
 * record, and it looks like something else (docs/damage.md); of one file no gap is told then. Anything else:
 * tr_log_error() explains; it stays so. */
tr_status tr_log_next(tr_log *log, tr_record *record);

/* From now on, to be called before the end was met: the log is one that a writer appends to. TR_END then says that
 * nothing more is there now: call again later, as long as tr_log_may_go_on. Segments that come are read too. A record
 * that is being written is waited for: bytes at the end are never a gap, but become one, by the usual rules, when the
 * log has gone on behind them. One segment is followed alone; a pipe and an archive end where they end. */
void tr_log_follow(tr_log *log);
/* After TR_END: whether it is worth calling again. */
bool tr_log_may_go_on(const tr_log *log);

/* About the last answer of tr_log_next; the pointers stay good for the log's life, what they show changes. */
const tr_place *tr_log_place(const tr_log *log);
const tr_gap *tr_log_gap(const tr_log *log);
const tr_error *tr_log_error(const tr_log *log);

/* Where the next record would be read: give it to `from` to go on later. */
tr_position tr_log_position(const tr_log *log);
tr_log_statistics tr_log_get_statistics(const tr_log *log);
/* True when something durable was lost in what has been read so far. */
bool tr_log_is_damaged(const tr_log *log);

/* The snapshot that reading began from, or NULL: there is none, or it was not asked for. Lives as long as the log. */
const tr_snapshot *tr_log_snapshot(const tr_log *log);

typedef struct tr_segment_info {
    const char *name; /* file name without its directory; lives as long as the log */
    uint64_t sequence;
    bool compressed;
} tr_segment_info;

uint32_t tr_log_segment_count(const tr_log *log);
/* False when there is no such segment; `info` is then not changed. */
bool tr_log_segment(const tr_log *log, uint32_t index, tr_segment_info *info);

/* Files that are not read, because another one has the same number: a plain one goes before a compressed one, sixteen
 * digits go before another width. `instead` is the name of the one that is read. False when there is no such file;
 * `info` and `instead` are then not changed. */
uint32_t tr_log_unread_count(const tr_log *log);
bool tr_log_unread(const tr_log *log, uint32_t index, tr_segment_info *info, const char **instead);

/* NULL is allowed. */
void tr_log_close(tr_log *log);

#ifdef __cplusplus
}
#endif
#endif
