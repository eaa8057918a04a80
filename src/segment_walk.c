#include "segment_walk.h"

/* Missing segments in a row are reported one by one up to this many, beyond it as one gap: a file named
 * wal_ffffffffffffffff.log must not cost 2^64 reports. */
enum { MISSING_ONE_BY_ONE = 1000 };

bool tr_walk_begin_at(tr_segment_walk *walk, tr_position position) {
    const tr_segment_list *segments = &walk->segments;
    while (walk->next_segment < segments->count && segments->items[walk->next_segment].sequence < position.sequence) {
        walk->next_segment++;
    }
    const tr_segment *segment = tr_walk_peek(walk);
    if (segment != NULL && segment->sequence == position.sequence) {
        walk->start_offset = position.offset;
        return true;
    }
    walk->missing_next = position.sequence;
    walk->missing_end = segment != NULL ? segment->sequence : position.sequence + 1;
    return false;
}

uint64_t tr_walk_take_missing(tr_segment_walk *walk, uint64_t *first) {
    if (walk->missing_next >= walk->missing_end) {
        return 0;
    }
    uint64_t count = walk->missing_end - walk->missing_next;
    count = count > MISSING_ONE_BY_ONE ? count : 1;
    *first = walk->missing_next;
    walk->missing_next += count;
    return count;
}

const tr_segment *tr_walk_peek(const tr_segment_walk *walk) {
    return tr_walk_is_at_end(walk) ? NULL : &walk->segments.items[walk->next_segment];
}

void tr_walk_advance(tr_segment_walk *walk) {
    walk->missing_next = walk->segments.items[walk->next_segment++].sequence + 1;
    const tr_segment *following = tr_walk_peek(walk);
    walk->missing_end = following != NULL ? following->sequence : walk->missing_next;
}
