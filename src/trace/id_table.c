#include "trace/id_table.h"

#include <stdlib.h>
#include <string.h>

#include "bytes/hash.h"
#include "trace/id_hash.h"

enum { FIRST_CAPACITY = 64 };

void tr_id_seed(tr_id_table *ids) {
    ids->seed[0] = tr_hash_seed();
    ids->seed[1] = tr_hash_mix(ids->seed[0]);
}

uint32_t tr_id_hash(const tr_id_table *ids, const uint8_t *id) {
    return tr_id_hash_with(ids->seed[0], ids->seed[1], id);
}

bool tr_id_grow(tr_id_table *ids) {
    size_t capacity = ids->capacity == 0 ? FIRST_CAPACITY : ids->capacity * 2;
    tr_id_entry *entries = malloc(capacity * sizeof *entries);
    if (entries == NULL) {
        return false;
    }
    memset(entries, 0xff, capacity * sizeof *entries); /* every slot TR_NONE */
    for (size_t i = 0; i < ids->capacity; i++) {
        tr_id_entry moved = ids->entries[i];
        if (moved.slot != TR_NONE) {
            size_t at = moved.hash & (capacity - 1);
            while (entries[at].slot != TR_NONE) {
                at = (at + 1) & (capacity - 1);
            }
            entries[at] = moved;
        }
    }
    free(ids->entries);
    ids->entries = entries;
    ids->capacity = capacity;
    return true;
}

size_t tr_id_find(const tr_id_table *ids, tr_trace *const *slots, const uint8_t *id, uint32_t hash) {
    size_t at = hash & (ids->capacity - 1);
    for (;;) {
        tr_id_entry seen = ids->entries[at];
        if (seen.slot == TR_NONE || (seen.hash == hash && memcmp(slots[seen.slot]->id, id, TR_TRACE_ID_BYTES) == 0)) {
            return at;
        }
        at = (at + 1) & (ids->capacity - 1);
    }
}

/* Also moves up the entries after it that an empty entry would hide. */
void tr_id_remove(tr_id_table *ids, size_t at) {
    size_t mask = ids->capacity - 1;
    for (size_t next = (at + 1) & mask; ids->entries[next].slot != TR_NONE; next = (next + 1) & mask) {
        size_t home = ids->entries[next].hash & mask;
        if (((next - home) & mask) >= ((next - at) & mask)) {
            ids->entries[at] = ids->entries[next];
            at = next;
        }
    }
    ids->entries[at].slot = TR_NONE;
}
