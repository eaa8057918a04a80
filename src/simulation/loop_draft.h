/* A program that is being changed: steps are left out and repeated, and what waited for them waits for others. */
#ifndef TRACEREEL_LOOP_DRAFT_H
#define TRACEREEL_LOOP_DRAFT_H

#include "simulation/program.h"

/* That a step waits for another one. */
typedef struct tr_draft_link {
    uint64_t lag_ns;
    uint32_t awaited; /* step */
    uint32_t next;    /* link of the same step that waits; TR_NO_STEP: it is the last */
} tr_draft_link;

typedef struct tr_draft_step {
    uint32_t first_link; /* what it waits for */
    uint32_t origin;     /* the recorded step that it is, or is a copy of */
    uint32_t block;      /* for the changes to one loop: the iteration that it belongs to; TR_NO_STEP: none */
    uint32_t twin;       /* its latest copy; TR_NO_STEP: there is none */
    bool is_left_out;
} tr_draft_step;

/* All zero is good; it can be used for one program after another. */
typedef struct tr_draft {
    tr_program *program; /* its steps and runs are the draft's; its edges are not, until the end */
    const uint64_t *event_ns;
    uint32_t recorded_count; /* steps; the copies follow them */
    tr_draft_step *steps;
    uint32_t step_capacity;
    tr_draft_link *links;
    uint32_t link_count;
    uint32_t link_capacity;
    uint32_t *attempt_twins; /* the latest copy of each run */
    uint32_t attempt_twin_capacity;
    bool has_failed; /* no memory: nothing is changed any more */
} tr_draft;

/* `event_ns` are those of the program's steps, and must outlive the draft's end. */
void tr_draft_begin(tr_draft *draft, tr_program *program, const uint64_t *event_ns);
void tr_draft_wait(tr_draft *draft, uint32_t step, uint32_t awaited, uint64_t lag_ns);
/* Copies a step that waits for nothing yet. What a run consists of is copied in the recorded order. Copies of one step
 * differ by their `serial`, from 1. */
uint32_t tr_draft_copy(tr_draft *draft, uint32_t step, uint32_t serial);
/* The step, or the latest one that it waited for and that is not left out; the time in between is added to `lag_ns`. */
uint32_t tr_draft_kept(const tr_draft *draft, uint32_t step, uint64_t *lag_ns);
/* From one recorded step, or copy of one, to another, as recorded. */
uint64_t tr_draft_span(const tr_draft *draft, uint32_t from, uint32_t to);
/* Makes the program what the draft says. TR_ERROR_MEMORY: it is good for nothing but tr_program_free. */
tr_status tr_draft_end(tr_draft *draft);
void tr_draft_free(tr_draft *draft);

#endif
