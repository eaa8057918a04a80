#include "trace/id_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "bytes/bytes.h"

enum { FIRST_CAPACITY = 64 };

void tr_id_seed(tr_id_table *ids) {
    if (getrandom(ids->seed, sizeof ids->seed, GRND_NONBLOCK) != (ssize_t)sizeof ids->seed) {
        ids->seed[0] = (uint64_t)(uintptr_t)ids; /* early in a boot: some seed is better than none */
    }
}

/* Ids are random in honest logs. The seed keeps a log that was made for it from filling one run of the table. */
uint32_t tr_id_hash(const tr_id_table *ids, const uint8_t *id) {
    uint64_t mixed = (tr_load_u64(id) ^ ids->seed[0]) * 0x9e3779b97f4a7c15u;
    mixed ^= mixed >> 32;
    mixed = (mixed ^ tr_load_u64(id + 8) ^ ids->seed[1]) * 0xd6e8feb86659fd93u;
    return (uint32_t)(mixed >> 32);
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

/* The entry of the trace with that id, or the empty one where it would stand. */
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

/* Empties an entry and moves up those after it that an empty place would hide. */
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
