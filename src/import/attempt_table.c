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

static bool is_hashed(const tr_attempt_state *state) {
    return state->place > TR_LISTED_ATTEMPTS;
}

tr_attempt_state *tr_attempt_table_find(const tr_attempt_table *table, tr_attempt_key key, uint32_t first_of_trace) {
    if (first_of_trace == 0) {
        return NULL;
    }
    tr_attempt_state *states = table->states;
    if (!is_hashed(&states[first_of_trace - 1])) {
        uint32_t at = first_of_trace;
        while (at != 0 && !is_same(states[at - 1].key, key)) {
            at = states[at - 1].next_in_trace;
        }
        return at == 0 ? NULL : &states[at - 1];
    }
    uint32_t at = table->buckets[bucket_of(table, key)];
    while (at != 0 && !is_same(states[at - 1].key, key)) {
        at = states[at - 1].next_in_bucket;
    }
    return at == 0 ? NULL : &states[at - 1];
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

/* An unused state; 0: out of memory. Otherwise index + 1. */
static uint32_t take_state(tr_attempt_table *table) {
    uint32_t taken = table->free_state;
    if (taken != 0) {
        table->free_state = table->states[taken - 1].next_in_trace;
        return taken;
    } else if (table->count == table->capacity && !grow_states(table)) {
        return 0;
    }
    return ++table->count;
}

/* Puts a trace's newest attempt into its bucket, and those before it where they are in none yet. */
static void hash_attempts(tr_attempt_table *table, uint32_t newest) {
    tr_attempt_state *states = table->states;
    enter(table, newest - 1);
    table->hashed_count++;
    uint32_t at = states[newest - 1].next_in_trace;
    for (bool is_first = !is_hashed(&states[at - 1]); is_first && at != 0; at = states[at - 1].next_in_trace) {
        enter(table, at - 1);
        table->hashed_count++;
    }
}

tr_attempt_state *tr_attempt_table_get(tr_attempt_table *table, tr_attempt_key key, uint32_t *first_of_trace) {
    if (*first_of_trace != 0 && is_same(table->states[*first_of_trace - 1].key, key)) {
        return &table->states[*first_of_trace - 1]; /* mostly an end, just after its start */
    }
    tr_attempt_state *known = tr_attempt_table_find(table, key, *first_of_trace);
    if (known != NULL) {
        return known;
    }
    unsigned place = *first_of_trace == 0 ? 1 : table->states[*first_of_trace - 1].place + 1u;
    place = place > TR_LISTED_ATTEMPTS ? TR_LISTED_ATTEMPTS + 1 : place;
    bool needs_buckets = place > TR_LISTED_ATTEMPTS;
    if (needs_buckets && table->hashed_count + place > table->bucket_count && !grow_buckets(table)) {
        return NULL;
    }
    uint32_t taken = take_state(table);
    if (taken == 0) {
        return NULL;
    }
    tr_attempt_state *state = &table->states[taken - 1];
    memset(state, 0, sizeof *state);
    state->key = key;
    state->start_ns = TR_TIME_UNKNOWN;
    state->end_ns = TR_TIME_UNKNOWN;
    state->place = (uint8_t)place;
    state->next_in_trace = *first_of_trace;
    *first_of_trace = taken;
    table->used_count++;
    if (needs_buckets) {
        hash_attempts(table, taken);
    }
    return state;
}

void tr_attempt_table_forget(tr_attempt_table *table, uint32_t *first_of_trace) {
    bool are_hashed = *first_of_trace != 0 && is_hashed(&table->states[*first_of_trace - 1]);
    for (uint32_t at = *first_of_trace; at != 0;) {
        tr_attempt_state *state = &table->states[at - 1];
        uint32_t next = state->next_in_trace;
        if (are_hashed) {
            leave(table, at - 1);
            table->hashed_count--;
        }
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
