/* Finds the slot of a trace by its id. */
#ifndef TRACEREEL_ID_TABLE_H
#define TRACEREEL_ID_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/trace.h"

/* One entry of the open-addressed table (linear probing; capacity is a power of two, at most 3/4 full). */
typedef struct tr_id_entry {
    uint32_t hash;
    uint32_t slot; /* TR_NONE: empty */
} tr_id_entry;

/* All zero is an empty table: seed and grow it before use. Free `entries` with free(). */
typedef struct tr_id_table {
    tr_id_entry *entries;
    size_t capacity;
    uint64_t seed[2]; /* a copy of the process's seed: every record is hashed with it */
} tr_id_table;

void tr_id_seed(tr_id_table *ids);
/* Doubles the capacity. Returns false on allocation failure; nothing is changed then. */
bool tr_id_grow(tr_id_table *ids);

uint32_t tr_id_hash(const tr_id_table *ids, const uint8_t *id);
/* The index of the entry of the trace with that id, or of the empty entry where it belongs. */
size_t tr_id_find(const tr_id_table *ids, tr_trace *const *slots, const uint8_t *id, uint32_t hash);
/* Removes the entry at index `at`. */
void tr_id_remove(tr_id_table *ids, size_t at);

#endif
