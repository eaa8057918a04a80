/* The snapshots in a log's directory: which one reading begins from, and which ones cannot be read. */
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

/* Looks from the newest snapshot on for one that can be read. TR_OK, also where there is none; TR_ERROR_IO (a snapshot
 * is there and the system refuses it), TR_ERROR_MEMORY. The store is to be cleared whatever the answer. */
tr_status tr_snapshot_store_read(const char *directory, tr_snapshot_store *store, tr_error *error);
void tr_snapshot_store_clear(tr_snapshot_store *store);

#endif
