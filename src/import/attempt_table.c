#include "import/attempt_table.h"

#include <stdlib.h>
#include <string.h>

#include "bytes/hash.h"

enum { FIRST_BUCKETS = 1024, FIRST_STATES = 1024 };

/* Traces are numbered as they come, and those that come one after the other are mostly asked for one after the other:
 * the same node of the next trace is a few buckets further on, in the cache. The step is odd, so that the traces of one
 * node take all buckets before any of them twice. */
enum { BUCKETS_BETWEEN_TRACES = 5 };

static uint32_t bucket_of(const tr_attempt_table *table, tr_attempt_key key) {
    uint64_t hash = tr_hash_mix(tr_hash_mix(key.node ^ table->seed) ^ key.instance);
    return ((uint32_t)hash + key.trace * BUCKETS_BETWEEN_TRACES) & (table->bucket_count - 1);
}

static bool is_same(tr_attempt_key a, tr_attempt_key b) {
    return a.trace == b.trace && a.node == b.node && a.instance == b.instance;
}

tr_attempt_state *tr_attempt_table_find(const tr_attempt_table *table, tr_attempt_key key) {
    if (table->bucket_count == 0) {
        return NULL;
    }
    for (uint32_t at = table->buckets[bucket_of(table, key)]; at != 0; at = table->states[at - 1].next_in_bucket) {
        if (is_same(table->states[at - 1].key, key)) {
            return &table->states[at - 1];
        }
    }
    return NULL;
}

static void enter(tr_attempt_table *table, uint32_t index) {
    uint32_t *bucket = &table->buckets[bucket_of(table, table->states[index].key)];
    table->states[index].next_in_bucket = *bucket;
    *bucket = index + 1;
}

static void leave(tr_attempt_table *table, uint32_t index) {
    uint32_t *link = &table->buckets[bucket_of(table, table->states[index].key)];
    while (*link != index + 1) {
        link = &table->states[*link - 1].next_in_bucket;
    }
    *link = table->states[index].next_in_bucket;
}

/* Twice as many buckets; each state's link is made anew. */
static bool grow_buckets(tr_attempt_table *table) {
    uint32_t count = table->bucket_count == 0 ? FIRST_BUCKETS : table->bucket_count * 2;
    uint32_t *buckets = calloc(count, sizeof *buckets);
    if (buckets == NULL) {
        return false;
    }
    uint32_t *old = table->buckets;
    uint32_t old_count = table->bucket_count;
    table->seed = tr_hash_seed();
    table->buckets = buckets;
    table->bucket_count = count;
    for (uint32_t i = 0; i < old_count; i++) {
        for (uint32_t at = old[i]; at != 0;) {
            uint32_t next = table->states[at - 1].next_in_bucket;
            enter(table, at - 1);
            at = next;
        }
    }
    free(old);
    return true;
}

static bool grow_states(tr_attempt_table *table) {
    uint32_t capacity = table->capacity == 0 ? FIRST_STATES : table->capacity * 2;
    tr_attempt_state *states = realloc(table->states, (size_t)capacity * sizeof *states);
    if (states == NULL) {
        return false;
    }
    table->states = states;
    table->capacity = capacity;
    return true;
}

tr_attempt_state *tr_attempt_table_get(tr_attempt_table *table, tr_attempt_key key, uint32_t *first_of_trace) {
    if (*first_of_trace != 0 && is_same(table->states[*first_of_trace - 1].key, key)) {
        return &table->states[*first_of_trace - 1]; /* mostly an end, just after its start */
    }
    tr_attempt_state *known = tr_attempt_table_find(table, key);
    if (known != NULL) {
        return known;
    }
    if ((table->used_count >= table->bucket_count && !grow_buckets(table)) ||
        (table->free_state == 0 && table->count == table->capacity && !grow_states(table))) {
        return NULL;
    }
    uint32_t index = table->free_state != 0 ? table->free_state - 1 : table->count++;
    if (table->free_state != 0) {
        table->free_state = table->states[index].next_in_trace;
    }
    tr_attempt_state *state = &table->states[index];
    memset(state, 0, sizeof *state);
    state->key = key;
    state->start_ns = TR_TIME_UNKNOWN;
    state->end_ns = TR_TIME_UNKNOWN;
    state->next_in_trace = *first_of_trace;
    *first_of_trace = index + 1;
    enter(table, index);
    table->used_count++;
    return state;
}

void tr_attempt_table_forget(tr_attempt_table *table, uint32_t *first_of_trace) {
    for (uint32_t at = *first_of_trace; at != 0;) {
        tr_attempt_state *state = &table->states[at - 1];
        uint32_t next = state->next_in_trace;
        leave(table, at - 1);
        state->next_in_trace = table->free_state;
        table->free_state = at;
        table->used_count--;
        at = next;
    }
    *first_of_trace = 0;
}

void tr_attempt_table_free(tr_attempt_table *table) {
    free(table->states);
    free(table->buckets);
    memset(table, 0, sizeof *table);
}
