/* The order in which the segments of a log are read, and which are missing between them. */
#ifndef TRACEREEL_SEGMENT_WALK_H
#define TRACEREEL_SEGMENT_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "files/segment_list.h"
#include "tracereel/log.h"

typedef struct tr_segment_walk {
    tr_segment_list segments;
    uint32_t next_segment; /* index of the one to be read next */
    uint64_t start_offset; /* where reading begins in it: not 0 at the very beginning only */
    uint64_t missing_next; /* numbers missing_next <= n < missing_end are missing before it */
    uint64_t missing_end;
    bool skips_compressed; /* `segments` has plain ones only */
} tr_segment_walk;

/* Makes the walk begin at a position. What should be there and is not, up to the first segment behind it, is missing:
 * then false is returned. */
bool tr_walk_begin_at(tr_segment_walk *walk, tr_position position);

/* How many segments in a row are missing before the next one, to be reported as one gap; 0 = none. `*first` is the
 * number of the first. They are passed over by this call. */
uint64_t tr_walk_take_missing(tr_segment_walk *walk, uint64_t *first);

/* The segment to be read next, or NULL at the end of the log. */
const tr_segment *tr_walk_peek(const tr_segment_walk *walk);
/* Goes on to the one after it. */
void tr_walk_advance(tr_segment_walk *walk);

/* At the end: adds the segments that a directory has got since, behind those that are known. `*found`: there were some.
 * TR_OK, TR_ERROR_IO, TR_ERROR_MEMORY. */
tr_status tr_walk_extend(tr_segment_walk *walk, const char *directory, bool *found, tr_error *error);

static inline bool tr_walk_is_at_end(const tr_segment_walk *walk) {
    return walk->next_segment == walk->segments.count;
}

/* The next number is missing; tr_walk_take_missing tells of it. */
static inline bool tr_walk_is_at_missing(const tr_segment_walk *walk) {
    return walk->missing_next < walk->missing_end;
}

#endif
