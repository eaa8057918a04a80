/* Following a log while its writer appends: what stands at its end is waited for, and judged only when it is known what
 * became of it. */
#ifndef TRACEREEL_FOLLOW_H
#define TRACEREEL_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/log.h"

typedef struct tr_follow {
    bool is_on;
    bool is_waiting;      /* at the last look there was nothing that can be read */
    bool record_behind;   /* a valid record stands behind what is waited for */
    uint64_t grown_at_ns; /* of the monotonic clock: when the log was last seen to grow */
} tr_follow;

/* The reader stands where the segment ends, or before bytes that are no record and reach to `gap_end`. True where more
 * may come that changes this; then `is_waiting` is set.
 *
 * Bytes that reach the end of the last segment always wait. So do those that are the beginning of a record which ends
 * behind the last byte that is there, although a valid record stands among them: it may be part of the text of the one
 * that is being written. That ends when the log has not grown for a second: then a restarted writer has gone on behind
 * a torn record. */
bool tr_follow_holds(tr_log *log, size_t gap_end);

/* The same where no segment is open. */
bool tr_follow_holds_for_segment(tr_log *log);

/* While `is_waiting`: looks again. TR_OK: there is something to be read, and `is_waiting` is over. TR_END: not yet.
 * Otherwise a failure, which ends reading. */
tr_status tr_follow_look(tr_log *log);

#endif
