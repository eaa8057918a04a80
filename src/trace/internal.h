/* What the files of this folder know of a trace beside the public tr_trace. */
#ifndef TRACEREEL_TRACE_INTERNAL_H
#define TRACEREEL_TRACE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes/pool.h"
#include "tracereel/trace.h"

/* What the traces of one table share. */
struct tr_trace_home {
    tr_pool pool;
    uint32_t damage_count; /* damaged gaps met so far */
    bool is_measured;      /* tr_traces_measure */
    uint8_t usual_nodes;   /* how long the lists of most traces that have closed became, within TR_USUAL_MAX */
    uint8_t usual_attempts;
    char *scratch; /* for the texts of one record's metadata; NULL until one has imported fields */
    size_t scratch_bytes;
};

/* Longer lists grow from here on like any other. */
enum { TR_USUAL_MAX = 16 };

/* Open addressing. */
typedef struct tr_node_index {
    uint32_t capacity; /* a power of two */
    uint32_t places[]; /* in the trace's `nodes`; TR_NONE where free */
} tr_node_index;

static inline size_t tr_node_index_bytes(uint32_t capacity) {
    return sizeof(tr_node_index) + capacity * sizeof(uint32_t);
}

/* Every tr_trace is the first member of one of these. */
typedef struct tr_trace_state {
    tr_trace trace;
    tr_node_index *node_index;              /* finds a node by its id; NULL in traces with few nodes */
    struct tr_trace_home *home;             /* what the traces of its table share; NULL in a copy */
    uint64_t ready_ns;                      /* the latest event that can have made a node ready */
    struct tr_started_index *started_index; /* which entries of a long started_nodes count; NULL in copies */
    struct tr_imported *imported;           /* what only imported logs say; NULL where nothing was said */
    uint32_t started_capacity;
    uint32_t damage_at_start;   /* damaged gaps in the log before the trace was opened */
    uint32_t forgotten_count;   /* after a restart: nodes that were done, and that no record has restored */
    bool was_tainted : 1;       /* ask tr_trace_is_tainted */
    bool records_starts : 1;    /* a node_start was seen */
    bool is_just_resumed : 1;   /* by the latest record that tracereel did not write, after a wait */
    bool began_afresh : 1;      /* tracereel wrote a trace_start, and nothing has run since */
    bool has_planned : 1;       /* tracereel wrote a record of it */
    bool follows_tracereel : 1; /* its latest record is tracereel's */
    bool is_held_apart : 1;     /* when only what ran counts: its latest record is a suspension that tracereel wrote */
    bool has_unordered_suspensions : 1; /* the clock stepped back: one does not begin after the end of the one before */
    uint8_t first_nodes;                /* the least capacity of its `nodes`, once there is one */
    uint8_t first_attempts;
} tr_trace_state;

/* The state that a trace is a part of: as const as the trace. */
#define tr_own(trace)                                                                                                  \
    _Generic((trace), const tr_trace * : (const tr_trace_state *)(trace), tr_trace * : (tr_trace_state *)(trace))

#endif
