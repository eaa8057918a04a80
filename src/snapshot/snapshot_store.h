/* The snapshots in a log's directory: the one that reading begins from, and those that cannot be read. */
#ifndef TRACEREEL_SNAPSHOT_STORE_H
#define TRACEREEL_SNAPSHOT_STORE_H

#include <stdint.h>

#include "tracereel/snapshot.h"

/* A snapshot file that could not be read. */
typedef struct tr_snapshot_problem {
    char *name; /* "snapshots/snapshot_....snap"; owned */
    uint64_t file_bytes;
    tr_error error;
} tr_snapshot_problem;

typedef struct tr_snapshot_store {
    tr_snapshot *newest;           /* the newest readable one, or NULL */
    tr_snapshot_problem *problems; /* newer ones that are damaged */
    uint32_t problem_count;
} tr_snapshot_store;

/* Finds the newest readable snapshot. Returns TR_OK (also if there is none), TR_ERROR_IO (the system refuses to read a
 * snapshot) or TR_ERROR_MEMORY. Always clear the store, also on failure. */
tr_status tr_snapshot_store_read(const char *directory, tr_snapshot_store *store, tr_error *error);
void tr_snapshot_store_clear(tr_snapshot_store *store);

#endif
