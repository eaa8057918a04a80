/* Which segments and snapshots a directory holds. */
#ifndef TRACEREEL_SEGMENT_LIST_H
#define TRACEREEL_SEGMENT_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "tracereel/status.h"

enum { TR_SEGMENT_NAME_BYTES = 29 }; /* "wal_", 16 digits, ".log", room for ".zst", the final zero */

typedef struct tr_segment {
    char *name; /* owned */
    uint64_t sequence;
    bool compressed;
    bool is_command; /* `source` is a shell command that writes it */
    char *source;    /* owned; NULL: the file of that name in the log's directory. Otherwise its path */
} tr_segment;

typedef struct tr_segment_list {
    tr_segment *items; /* ascending by sequence, each sequence once */
    uint32_t count;
    uint32_t capacity;
    tr_segment *unread; /* files whose number a preferred file has, in order of preference */
    uint32_t unread_count;
} tr_segment_list;

/* Parses a segment's file name: wal_HEX.log, with .gz or .zst, also wal_+HEX.log, which XERV (the engine) reads.
 * Returns false if the name is not a segment's. */
bool tr_segment_name_parse(const char *name, uint64_t *sequence, bool *compressed);

/* Writes the name that the engine gives to a segment. */
void tr_segment_name_format(uint64_t sequence, char out[TR_SEGMENT_NAME_BYTES]);

/* Lists the segments of a directory. If several files have one number, a plain one is preferred to a compressed one (an
 * interrupted archiver leaves both), and the engine's sixteen digits to other widths; the others become `unread`.
 * Returns TR_OK (the list may be empty), TR_ERROR_IO or TR_ERROR_MEMORY; on failure the list is empty. */
tr_status tr_segment_list_read(const char *directory, tr_segment_list *list, tr_error *error);

/* Lists the snapshots in `directory`/snapshots in the same form; `sequence` is the snapshot's number. A missing
 * directory gives an empty list. */
tr_status tr_snapshot_list_read(const char *directory, tr_segment_list *list, tr_error *error);

/* Keeps only the plain ones, which are all that the engine reads. */
void tr_segment_list_drop_compressed(tr_segment_list *list);

/* Keeps only those up to that number. */
void tr_segment_list_drop_after(tr_segment_list *list, uint64_t sequence);

/* Adds a segment, with a copy of the name. */
tr_status tr_segment_list_add(tr_segment_list *list, const char *name, uint64_t sequence, bool compressed);
/* Says where the segment that was added last is; copies `source`. */
tr_status tr_segment_list_set_source(tr_segment_list *list, const char *source, bool is_command);

/* Sorts what was added, and sets aside what tr_segment_list_read sets aside. On failure nothing is lost. */
tr_status tr_segment_list_sort(tr_segment_list *list);

void tr_segment_list_clear(tr_segment_list *list);

#endif
