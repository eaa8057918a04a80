/* What is known of the attempts of open traces, by trace, node and instance. */
#ifndef TRACEREEL_ATTEMPT_TABLE_H
#define TRACEREEL_ATTEMPT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TR_TIME_UNKNOWN UINT64_MAX

typedef struct tr_attempt_key {
    uint32_t trace;
    uint32_t node;
    uint64_t instance;
} tr_attempt_key;

typedef struct tr_attempt_state {
    tr_attempt_key key;
    uint64_t start_ns; /* of the attempt that runs; TR_TIME_UNKNOWN where none does */
    uint64_t end_ns;   /* the latest end */
    bool is_running;
    bool is_waiting;
    bool has_end_first;      /* an end whose start was not added yet */
    bool has_waited;         /* since the last start */
    uint8_t wait_kind;       /* of the latest wait */
    uint8_t place;           /* among those of its trace, from 1; at most one more than TR_LISTED_ATTEMPTS */
    uint32_t next_in_bucket; /* index + 1, as the next one */
    uint32_t next_in_trace;
} tr_attempt_state;

/* A trace with so many attempts or fewer has them in its list only, which is mostly in the cache; one with more has
 * them all in the buckets, too. */
enum { TR_LISTED_ATTEMPTS = 8 };

/* All zero is an empty table. */
typedef struct tr_attempt_table {
    tr_attempt_state *states;
    uint32_t count; /* of `states` that were ever used */
    uint32_t capacity;
    uint32_t free_state; /* index + 1 */
    uint32_t *buckets;
    uint32_t bucket_count; /* a power of two, or 0 */
    uint32_t used_count;
    uint32_t hashed_count; /* of those, how many are in buckets */
    uint64_t seed;
} tr_attempt_table;

/* NULL where there is none. Valid until the table changes. `first_of_trace` is the trace's list. */
tr_attempt_state *tr_attempt_table_find(const tr_attempt_table *table, tr_attempt_key key, uint32_t first_of_trace);

/* Makes it where there is none. The trace's list is 0 at first. NULL: out of memory. */
tr_attempt_state *tr_attempt_table_get(tr_attempt_table *table, tr_attempt_key key, uint32_t *first_of_trace);

/* Forgets all of a trace. */
void tr_attempt_table_forget(tr_attempt_table *table, uint32_t *first_of_trace);

void tr_attempt_table_free(tr_attempt_table *table);

#endif
