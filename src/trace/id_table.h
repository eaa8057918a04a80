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

/* All zero is an empty one, to be grown before use. `entries` is to be freed. */
typedef struct tr_id_table {
    tr_id_entry *entries;
    size_t capacity;
} tr_id_table;

/* Doubles the room. False when there is no memory; nothing is changed then. */
bool tr_id_grow(tr_id_table *ids);

uint32_t tr_id_hash(const uint8_t *id);
/* The place of the trace with that id, or the empty one where it would stand. */
size_t tr_id_find(const tr_id_table *ids, tr_trace *const *slots, const uint8_t *id, uint32_t hash);
/* Empties a place. */
void tr_id_remove(tr_id_table *ids, size_t at);

#endif
