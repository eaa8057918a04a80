/* Follows a log while its writer appends: bytes at its end are judged only when it is known what became of them. */
#ifndef TRACEREEL_FOLLOW_H
#define TRACEREEL_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/log.h"

typedef struct tr_follow {
    bool is_on;
    bool is_waiting;      /* at the last check there was nothing to read */
    bool record_follows;  /* a valid record follows the bytes that are waited for */
    uint64_t grown_at_ns; /* monotonic clock: when the log was last seen to grow */
} tr_follow;

/* Call with the reader at the end of the segment, or before bytes that are no record and reach to `gap_end`. Returns
 * true, and sets `is_waiting`, if what is still to be written may change this.
 *
 * Bytes that reach the end of the last segment always wait. So do the beginnings of records that would end after the
 * last byte available, even if a valid record lies among them: it may be part of the text of the record being written.
 * That ends when the log has not grown for a second: then a restarted writer has continued after a torn record. */
bool tr_follow_holds(tr_log *log, size_t gap_end);

/* The same with no segment open. */
bool tr_follow_holds_for_segment(tr_log *log);

/* While `is_waiting`: checks again. TR_OK: there is something to read, and `is_waiting` is cleared. TR_END: not yet.
 * Any other status is a failure, which ends reading. */
tr_status tr_follow_look(tr_log *log);

#endif
