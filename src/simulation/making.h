/* A chain that is being made into a program: its steps so far, what they wait for, and what is known of each node. */
#ifndef TRACEREEL_MAKING_H
#define TRACEREEL_MAKING_H

#include "simulation/node_views.h"
#include "simulation/program.h"

/* The end of one of a node's parallel instances, in a list of the node. */
typedef struct tr_instance_end {
    uint32_t step;
    uint32_t next; /* place in the list of ends; TR_NO_STEP: none */
} tr_instance_end;

struct tr_program_maker {
    tr_node_views views;
    uint64_t *event_ns; /* of each step */
    tr_instance_end *ends;
    uint32_t event_capacity;
    uint32_t end_capacity;
};

typedef struct tr_making {
    tr_program_maker *maker;
    tr_program *program;
    const tr_flow *flow;
    const tr_recording *recording;
    const tr_contention *contention; /* to leave out; or NULL */
    tr_text instance;    /* of the record that is being added: which of the node's instances; empty: the node itself */
    bool is_own_wait;    /* it is about a wait of its node's own */
    uint32_t latest_end; /* the latest step that can have made a node ready */
    uint32_t latest_fan; /* the latest end of an instance, */
    uint32_t fan_node;   /* and of which node it is one */
    uint32_t end_count;  /* in the maker's list */
    uint32_t joined_count; /* edges from ends of instances */
    uint32_t trace_start;
    uint32_t suspended_step;
    uint32_t suspended_node;
    uint32_t suspended_occurrence;
    uint64_t timeout_ns;   /* timeout of that suspension; UINT64_MAX: none */
    uint32_t latest_known; /* step of the latest record of a known type */
    uint32_t kept_count;   /* records of other types since */
    uint32_t other_count;  /* steps of no node */
    bool has_failed;       /* memory ran out */
} tr_making;

/* The view of the node, or of the record's instance of it, valid until the next call. Returns NULL on allocation
 * failure, and then `has_failed`. */
static inline tr_node_view *tr_making_view(tr_making *now, uint32_t node_id) {
    tr_node_view *view = now->instance.length_bytes == 0
                             ? tr_node_views_get(&now->maker->views, node_id)
                             : tr_node_views_get_instance(&now->maker->views, node_id, now->instance);
    now->has_failed = now->has_failed || view == NULL;
    return view;
}

/* The same of the node itself. */
static inline tr_node_view *tr_making_node(tr_making *now, uint32_t node_id) {
    tr_node_view *view = tr_node_views_get(&now->maker->views, node_id);
    now->has_failed = now->has_failed || view == NULL;
    return view;
}

/* Adds a step; TR_NO_STEP on allocation failure. */
uint32_t tr_making_add_step(tr_making *now, tr_step_role role, uint64_t record, const tr_recorded *recorded);
/* Makes a step wait for another one, if that is one; of several, the latest counts. */
void tr_making_wait(tr_making *now, uint32_t step, uint32_t awaited);
/* Adds what a node waits for before it starts. */
void tr_making_wait_to_start(tr_making *now, uint32_t step, uint32_t node_id);
/* The node, or the record's instance of it, began to run. */
void tr_making_note_begin(tr_making *now, uint32_t node_id);
/* That of which `view` is has ended with that step, which can have made others ready. `ran`: what note_begin was told
 * is over. */
void tr_making_note_end(tr_making *now, tr_node_view *view, uint32_t step, bool ran);

#endif
