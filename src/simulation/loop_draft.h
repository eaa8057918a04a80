/* A program being changed: steps are left out or repeated, and what waited for them waits for others. */
#ifndef TRACEREEL_LOOP_DRAFT_H
#define TRACEREEL_LOOP_DRAFT_H

#include "simulation/program.h"

/* One step waits for another. */
typedef struct tr_draft_link {
    uint64_t lag_ns;
    uint32_t awaited; /* step */
    uint32_t next;    /* link of the same waiting step; TR_NO_STEP: it is the last */
} tr_draft_link;

typedef struct tr_draft_step {
    uint32_t first_link; /* what the step waits for */
    uint32_t origin;     /* the recorded step that it is a copy of, or its own index */
    uint32_t block;      /* while one loop is changed: the iteration that it belongs to; TR_NO_STEP: none */
    uint32_t twin;       /* its latest copy; TR_NO_STEP: none */
    bool is_left_out;
} tr_draft_step;

/* All zero is an empty draft. Reusable from program to program. */
typedef struct tr_draft {
    tr_program *program; /* its steps and attempts are the draft's; its edges only after tr_draft_end */
    const uint64_t *event_ns;
    uint32_t recorded_count; /* number of recorded steps; the copies follow them */
    tr_draft_step *steps;
    uint32_t step_capacity;
    tr_draft_link *links;
    uint32_t link_count;
    uint32_t link_capacity;
    uint32_t *attempt_twins; /* the latest copy of each attempt */
    uint32_t attempt_twin_capacity;
    bool has_failed; /* memory ran out: nothing is changed any more */
} tr_draft;

/* Begins to change `program`. `event_ns` are the event times of its steps; they must live until tr_draft_end. */
void tr_draft_begin(tr_draft *draft, tr_program *program, const uint64_t *event_ns);
void tr_draft_wait(tr_draft *draft, uint32_t step, uint32_t awaited, uint64_t lag_ns);
/* Copies a step; the copy waits for nothing yet. Copy the steps of an attempt in the recorded order. Copies of one step
 * differ by their `serial`, from 1. Returns the copy. */
uint32_t tr_draft_copy(tr_draft *draft, uint32_t step, uint32_t serial);
/* Returns the step, or if it is left out the latest one that it waited for and that is not; adds the time in between to
 * `*lag_ns`. */
uint32_t tr_draft_kept(const tr_draft *draft, uint32_t step, uint64_t *lag_ns);
/* The recorded time from one step, or the original of a copy, to another. */
uint64_t tr_draft_span(const tr_draft *draft, uint32_t from, uint32_t to);
/* Applies the draft to the program. TR_ERROR_MEMORY: the program can only be freed, by tr_program_free. */
tr_status tr_draft_end(tr_draft *draft);
void tr_draft_free(tr_draft *draft);

#endif
