#include "log/segment_walk.h"

#include "bytes/fail.h"

/* Up to this many missing segments in a row are reported one by one, more as one gap: a file named
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
    if (!tr_walk_is_at_missing(walk)) {
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

/* Lists the directory into `list`; returns how many entries at its end come after the known ones. */
static uint32_t list_new(const tr_segment_walk *walk, const char *directory, tr_segment_list *list, tr_status *status,
                         tr_error *error) {
    uint32_t known = 0;
    *status = tr_segment_list_read(directory, list, error);
    if (walk->skips_compressed) {
        tr_segment_list_drop_compressed(list);
    }
    uint32_t read_count = walk->segments.count;
    uint64_t highest = read_count > 0 ? walk->segments.items[read_count - 1].sequence : 0;
    while (read_count > 0 && known < list->count && list->items[known].sequence <= highest) {
        known++;
    }
    return list->count - known;
}

tr_status tr_walk_extend(tr_segment_walk *walk, const char *directory, bool *found, tr_error *error) {
    tr_segment_list list;
    tr_status status;
    uint32_t count = list_new(walk, directory, &list, &status, error);
    if (count > 0) {
        /* A listing can miss a file that is created meanwhile and still contain one created later: the missed one
         * exists before the second listing begins. */
        tr_segment_list_clear(&list);
        count = list_new(walk, directory, &list, &status, error);
    }
    for (uint32_t i = list.count - count; i < list.count && status == TR_OK; i++) {
        const tr_segment *segment = &list.items[i];
        status = tr_segment_list_add(&walk->segments, segment->name, segment->sequence, segment->compressed);
        if (status != TR_OK) {
            status = tr_fail_memory(error, "following a log");
        }
        *found = true;
    }
    tr_segment_list_clear(&list);
    const tr_segment *next = tr_walk_peek(walk);
    walk->missing_end = next != NULL ? next->sequence : walk->missing_end;
    return status;
}
