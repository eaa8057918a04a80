/* What the files of the loops share. */
#ifndef TRACEREEL_LOOP_PARTS_H
#define TRACEREEL_LOOP_PARTS_H

#include "record/record_view.h"
#include "simulation/loops.h"

typedef struct tr_loop_pass {
    uint32_t run;  /* of a loop, for its records; TR_NO_STEP for all other steps */
    uint32_t next; /* step: the run's next record */
} tr_loop_pass;

/* ---- loops.c ---- */

tr_record tr_loops_record(const tr_recording *recording, const tr_step *step);
/* False: there is no memory. */
bool tr_loops_add(uint32_t **items, uint32_t count, uint32_t *capacity, uint32_t value);

/* ---- loop_bodies.c ---- */

/* Where each node run ends, for the draft's program as it was recorded. False: there is no memory. */
bool tr_loops_find_finishes(tr_loops *loops);
/* Marks which steps belong to which iteration of a run; loops->heads are the run's. */
void tr_loops_mark(tr_loops *loops, const tr_recording *recording, const tr_loop_run *run, const tr_loop_rule *rule,
                   uint32_t copies_from);

#endif
