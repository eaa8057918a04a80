/* Reads one segment, record by record, skipping what is no record.
 *
 * The members are for tr_reader_try, which must be inline; others use the functions. */
#ifndef TRACEREEL_SEGMENT_READER_H
#define TRACEREEL_SEGMENT_READER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes/span_crc.h"
#include "files/source.h"
#include "record/record_view.h"

typedef struct tr_segment_reader {
    const uint8_t *bytes; /* never NULL */
    size_t offset;        /* where the next record is expected */
    size_t available_bytes;
    size_t suspect_end;                /* records before this offset lie inside the span of a broken one */
    size_t direct_bytes;               /* records up to this length are checked directly, longer ones with `spans` */
    size_t limit_bytes;                /* bytes from here on are not read */
    bool complete;                     /* no more bytes will arrive */
    tr_source *source;                 /* NULL while no segment is open */
    const volatile sig_atomic_t *stop; /* from the log's options: checked during a search */
    tr_span_crc spans;                 /* of `bytes` */
    tr_file_window *window;            /* for large files; NULL: they are mapped, and looked at in any order */
} tr_segment_reader;

/* Initializes a reader with no segment open. `window` may be NULL, and must outlive the reader; with one, only bytes
 * from `offset` on are there. */
void tr_reader_init(tr_segment_reader *reader, tr_file_window *window);

/* Opens a segment at its beginning; arguments and statuses are those of tr_source_open. */
tr_status tr_reader_open(tr_segment_reader *reader, const char *path, const char *name, tr_source_kind kind,
                         tr_error *error);
/* The same for what a command writes: tr_source_open_command. */
tr_status tr_reader_open_command(tr_segment_reader *reader, const char *command, const char *name, bool compressed,
                                 tr_error *error);
/* Closes the open segment, if any. */
void tr_reader_close(tr_segment_reader *reader);

/* Ends the open segment at `limit_bytes`, if it is longer. */
void tr_reader_limit(tr_segment_reader *reader, uint64_t limit_bytes);

/* Goes to `offset`, or to the end if the segment is shorter: then `*reached` is false. The statuses are those of
 * tr_source_more. */
tr_status tr_reader_seek(tr_segment_reader *reader, uint64_t offset, bool *reached, tr_error *error);

/* Whether a valid record is at the offset, with all its bytes available. Does not move. Also false for a long record
 * after a gap, which tr_reader_find checks at bounded cost. */
static inline bool tr_reader_try(const tr_segment_reader *reader, tr_record *record) {
    return tr_record_is_plausible(reader->bytes + reader->offset, reader->available_bytes - reader->offset, record) &&
           record->length_bytes <= reader->direct_bytes && tr_record_crc_matches(record);
}

/* TR_OK: a valid record is at the offset; does not move. TR_GAP: no record is there; `*gap_end`, which is after the
 * offset, is where the next one begins or the segment ends. TR_END: the segment ends at the offset. Otherwise the
 * statuses of tr_source_more. */
tr_status tr_reader_find(tr_segment_reader *reader, tr_record *record, size_t *gap_end, tr_error *error);

/* Why no record is at the offset. Returns false if one is; `defect` is then unchanged. */
bool tr_reader_find_defect(tr_segment_reader *reader, tr_defect *defect);

/* Notices that the file shrank or grew since its size was taken: `*changed`. */
tr_status tr_reader_recheck(tr_segment_reader *reader, bool *changed, tr_error *error);

/* Skips a gap that tr_reader_find reported. */
void tr_reader_skip_gap(tr_segment_reader *reader, size_t gap_end);

#endif
