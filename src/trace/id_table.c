#include "trace/id_table.h"

#include <stdlib.h>
#include <string.h>

#include "bytes/hash.h"

enum { FIRST_CAPACITY = 64 };

void tr_id_seed(tr_id_table *ids) {
    ids->seed[0] = tr_hash_seed();
    ids->seed[1] = tr_hash_mix(ids->seed[0]);
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
