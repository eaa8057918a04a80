/* Groups by key: a hash table whose keys are packed lists (aggregate/packed.h). Groups keep the order in which they
 * came first. */
#ifndef TRACEREEL_GROUP_TABLE_H
#define TRACEREEL_GROUP_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tr_group {
    const uint64_t *key; /* owned by the table */
    uint32_t key_words;
    uint32_t hash;
    union {
        uint64_t number;
        void *object;
    } value; /* the caller's; all zero in a new group */
} tr_group;

/* All zero is an empty table. The members are private, except `groups` and `group_count`. */
typedef struct tr_group_table {
    tr_group *groups;
    uint32_t group_count;
    uint32_t group_capacity;
    uint32_t *slots; /* open addressing: index of a group + 1, 0: free */
    uint32_t slot_count;
    uint64_t seed;               /* of its hashes */
    struct tr_key_block *blocks; /* of keys, the newest first */
    size_t memory_bytes;
} tr_group_table;

/* The group of that key, made where there is none. Valid until the next call. Returns NULL on allocation failure: the
 * table is then unchanged. */
tr_group *tr_group_table_need(tr_group_table *table, const uint64_t *key, uint32_t key_words);

/* Bytes of memory in use, without what the values point to. */
static inline size_t tr_group_table_memory_bytes(const tr_group_table *table) {
    return table->memory_bytes;
}

void tr_group_table_free(tr_group_table *table);

#endif
