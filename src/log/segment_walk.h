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
    uint64_t start_offset; /* where reading begins in it: nonzero only for the very first segment */
    uint64_t missing_next; /* numbers missing_next <= n < missing_end are missing before it */
    uint64_t missing_end;
    bool skips_compressed; /* `segments` has plain ones only */
} tr_segment_walk;

/* Begins the walk at a position. Returns false if its segment does not exist: the numbers from it up to the first
 * segment after it are then missing (it alone if there is none). */
bool tr_walk_begin_at(tr_segment_walk *walk, tr_position position);

/* Skips the segments that are missing before the next one, as far as they are reported as one gap. Returns how many; 0
 * = none. `*first` is the number of the first. */
uint64_t tr_walk_take_missing(tr_segment_walk *walk, uint64_t *first);

/* The next segment to read, or NULL at the end of the log. */
const tr_segment *tr_walk_peek(const tr_segment_walk *walk);
/* Moves on to the one after it. */
void tr_walk_advance(tr_segment_walk *walk);

/* At the end: adds the segments that were created in the directory since, after the known ones. `*found` says whether
 * there were any. Returns TR_OK, TR_ERROR_IO or TR_ERROR_MEMORY. */
tr_status tr_walk_extend(tr_segment_walk *walk, const char *directory, bool *found, tr_error *error);

static inline bool tr_walk_is_at_end(const tr_segment_walk *walk) {
    return walk->next_segment == walk->segments.count;
}

/* Whether the next number is missing; tr_walk_take_missing reports it. */
static inline bool tr_walk_is_at_missing(const tr_segment_walk *walk) {
    return walk->missing_next < walk->missing_end;
}

#endif
