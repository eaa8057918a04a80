/* Finds the slot of a trace by its id. */
#ifndef TRACEREEL_ID_TABLE_H
#define TRACEREEL_ID_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/id_hash.h"
#include "tracereel/trace.h"

/* One entry of the open-addressed table (linear probing; capacity is a power of two, at most half full). */
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

static inline uint32_t tr_id_hash(const tr_id_table *ids, const uint8_t *id) {
    return tr_id_hash_with(ids->seed[0], ids->seed[1], id);
}

static inline bool tr_id_equals(const uint8_t *id, const uint8_t *other) {
    return ((tr_load_u64(id) ^ tr_load_u64(other)) | (tr_load_u64(id + 8) ^ tr_load_u64(other + 8))) == 0;
}

/* The index of the entry of the trace with that id, or of the empty entry where it belongs. */
static inline size_t tr_id_find(const tr_id_table *ids, tr_trace *const *slots, const uint8_t *id, uint32_t hash) {
    size_t mask = ids->capacity - 1;
    size_t at = hash & mask;
    for (;; at = (at + 1) & mask) {
        tr_id_entry seen = ids->entries[at];
        if (seen.slot == TR_NONE || (seen.hash == hash && tr_id_equals(slots[seen.slot]->id, id))) {
            return at;
        }
    }
}

/* Removes the entry at index `at`. */
void tr_id_remove(tr_id_table *ids, size_t at);

#endif
