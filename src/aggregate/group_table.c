#include "aggregate/group_table.h"

#include <stdlib.h>
#include <string.h>

#include "bytes/hash.h"

enum {
    FIRST_GROUPS = 8,
    FIRST_BLOCK_WORDS = 64,
    LARGEST_BLOCK_WORDS = 128 * 1024, /* a key that is longer has a block of its own */
    MAX_GROUPS = 1 << 30
};

typedef struct tr_key_block {
    struct tr_key_block *next;
    size_t used;
    size_t capacity;
    uint64_t words[];
} tr_key_block;

static inline uint32_t hash_of(const tr_group_table *table, const uint64_t *key, uint32_t key_words) {
    uint64_t hash = table->seed;
    for (uint32_t i = 0; i < key_words; i++) {
        hash = tr_hash_mix(hash ^ key[i]) + i;
    }
    return (uint32_t)hash;
}

/* Most keys are a few words: a call would take longer. */
static inline bool is_equal(const uint64_t *left, const uint64_t *right, uint32_t words) {
    for (uint32_t i = 0; i < words; i++) {
        if (left[i] != right[i]) {
            return false;
        }
    }
    return true;
}

/* The slot of the key, or the free one where it belongs. At least one slot is free. */
static inline uint32_t slot_of(const tr_group_table *table, const uint64_t *key, uint32_t key_words, uint32_t hash) {
    uint32_t mask = table->slot_count - 1;
    uint32_t slot = hash & mask;
    while (table->slots[slot] != 0) {
        const tr_group *group = &table->groups[table->slots[slot] - 1];
        if (group->hash == hash && group->key_words == key_words && is_equal(group->key, key, key_words)) {
            break;
        }
        slot = (slot + 1) & mask;
    }
    return slot;
}

/* ---- growing ---- */

static bool grow_groups(tr_group_table *table) {
    uint32_t capacity = table->group_capacity == 0 ? FIRST_GROUPS : table->group_capacity * 2;
    tr_group *grown = capacity > MAX_GROUPS ? NULL : realloc(table->groups, capacity * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    table->memory_bytes += (size_t)(capacity - table->group_capacity) * sizeof *grown;
    table->groups = grown;
    table->group_capacity = capacity;
    return true;
}

/* Twice as many slots as there can be groups now. */
static bool grow_slots(tr_group_table *table) {
    uint32_t slot_count = table->group_capacity * 2;
    uint32_t *slots = calloc(slot_count, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    table->memory_bytes += (slot_count - table->slot_count) * sizeof *slots;
    free(table->slots);
    table->slots = slots;
    table->slot_count = slot_count;
    for (uint32_t i = 0; i < table->group_count; i++) {
        uint32_t slot = table->groups[i].hash & (slot_count - 1);
        while (slots[slot] != 0) {
            slot = (slot + 1) & (slot_count - 1);
        }
        slots[slot] = i + 1;
    }
    return true;
}

static bool has_room(tr_group_table *table) {
    if (table->group_count == table->group_capacity && !grow_groups(table)) {
        return false;
    }
    return table->slot_count >= table->group_capacity * 2 || grow_slots(table);
}

static const uint64_t *keep_key(tr_group_table *table, const uint64_t *key, uint32_t key_words) {
    tr_key_block *block = table->blocks;
    if (block == NULL || block->capacity - block->used < key_words) {
        size_t capacity = block == NULL ? FIRST_BLOCK_WORDS : block->capacity * 2;
        capacity = capacity < LARGEST_BLOCK_WORDS ? capacity : LARGEST_BLOCK_WORDS;
        capacity = capacity < key_words ? key_words : capacity;
        size_t bytes = sizeof *block + capacity * sizeof *key;
        block = malloc(bytes);
        if (block == NULL) {
            return NULL;
        }
        *block = (tr_key_block){.next = table->blocks, .capacity = capacity};
        table->blocks = block;
        table->memory_bytes += bytes;
    }
    uint64_t *kept = &block->words[block->used];
    if (key_words > 0) {
        memcpy(kept, key, key_words * sizeof *key);
    }
    block->used += key_words;
    return kept;
}

/* ---- the table ---- */

static tr_group *add_group(tr_group_table *table, const uint64_t *key, uint32_t key_words) {
    if (!has_room(table)) {
        return NULL;
    }
    const uint64_t *kept = keep_key(table, key, key_words);
    if (kept == NULL) {
        return NULL;
    }
    uint32_t hash = hash_of(table, key, key_words);
    tr_group *group = &table->groups[table->group_count++];
    *group = (tr_group){.key = kept, .key_words = key_words, .hash = hash};
    table->slots[slot_of(table, key, key_words, hash)] = table->group_count;
    return group;
}

tr_group *tr_group_table_need(tr_group_table *table, const uint64_t *key, uint32_t key_words) {
    if (table->slot_count > 0) {
        uint32_t hash = hash_of(table, key, key_words);
        uint32_t found = table->slots[slot_of(table, key, key_words, hash)];
        if (found != 0) {
            return &table->groups[found - 1];
        }
    } else {
        table->seed = tr_hash_seed();
    }
    return add_group(table, key, key_words);
}

void tr_group_table_free(tr_group_table *table) {
    while (table->blocks != NULL) {
        tr_key_block *next = table->blocks->next;
        free(table->blocks);
        table->blocks = next;
    }
    free(table->groups);
    free(table->slots);
    *table = (tr_group_table){0};
}
