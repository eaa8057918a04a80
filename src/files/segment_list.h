/* Which segments and snapshots a directory holds. */
#ifndef TRACEREEL_SEGMENT_LIST_H
#define TRACEREEL_SEGMENT_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "tracereel/status.h"

enum { TR_SEGMENT_NAME_BYTES = 29 }; /* "wal_", 16 digits, ".log", room for ".gz", the final zero */

typedef struct tr_segment {
    char *name; /* owned */
    uint64_t sequence;
    bool compressed;
} tr_segment;

typedef struct tr_segment_list {
    tr_segment *items; /* in ascending order of sequence, each sequence once */
    uint32_t count;
    uint32_t capacity;
    tr_segment *unread; /* files whose number a preferred one has, in the order in which they would be preferred */
    uint32_t unread_count;
} tr_segment_list;

/* The number in a segment's file name (wal_HEX.log, wal_HEX.log.gz, also wal_+HEX.log, which the engine reads); false
 * where the name is not a segment's. */
bool tr_segment_name_parse(const char *name, uint64_t *sequence, bool *compressed);

/* The name that the engine gives to a segment. */
void tr_segment_name_format(uint64_t sequence, char out[TR_SEGMENT_NAME_BYTES]);

/* Lists the segments of a directory. Where one number has several files, a plain one goes before a compressed one (an
 * archiver that was interrupted leaves both), and the engine's sixteen digits before other widths; the others are
 * `unread`. TR_OK (perhaps with none), TR_ERROR_IO, TR_ERROR_MEMORY; on failure the list is empty. */
tr_status tr_segment_list_read(const char *directory, tr_segment_list *list, tr_error *error);

/* The snapshots in `directory`/snapshots in the same form, sequence being the snapshot's number. A directory that is
 * not there is an empty list. */
tr_status tr_snapshot_list_read(const char *directory, tr_segment_list *list, tr_error *error);

/* Leaves the plain ones, which are all that the engine reads. */
void tr_segment_list_drop_compressed(tr_segment_list *list);

/* Leaves those up to that number. */
void tr_segment_list_drop_after(tr_segment_list *list, uint64_t sequence);

/* Adds one; takes a copy of the name. */
tr_status tr_segment_list_add(tr_segment_list *list, const char *name, uint64_t sequence, bool compressed);
void tr_segment_list_clear(tr_segment_list *list);

#endif
