#include "trace/id_table.h"

#include <stdlib.h>
#include <string.h>

#include "bytes/bytes.h"
#include "bytes/hash.h"

enum { FIRST_CAPACITY = 64 };

__extension__ typedef unsigned __int128 wide;

void tr_id_seed(tr_id_table *ids) {
    ids->seed[0] = tr_hash_seed();
    ids->seed[1] = tr_hash_mix(ids->seed[0]);
}

/* Ids are mostly random, but a producer may number its traces at either end. Every bit of both halves affects the
 * middle of their product. Consecutive numbers give multiples of one number there, hence the second multiplication. */
uint32_t tr_id_hash(const tr_id_table *ids, const uint8_t *id) {
    wide product = (wide)(tr_load_u64(id) ^ ids->seed[0]) * (tr_load_u64(id + 8) ^ ids->seed[1]);
    uint64_t folded = (uint64_t)product ^ (uint64_t)(product >> 64);
    folded ^= folded >> 32;
    return (uint32_t)(folded * 0xd6e8feb86659fd93u >> 32);
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
