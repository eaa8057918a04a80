/* The loops of a trace, and programs in which they have more or fewer iterations than recorded. */
#ifndef TRACEREEL_LOOPS_H
#define TRACEREEL_LOOPS_H

#include "record/record_view.h"
#include "simulation/loop_draft.h"

/* One run of a loop: from its first iteration to its exit. */
typedef struct tr_loop_run {
    uint32_t node_id;
    uint32_t first; /* step: its first loop_iteration */
    uint32_t last;  /* step: its latest record */
    bool has_exit;
    uint32_t iterations; /* recorded */
    uint32_t wanted;
    uint32_t occurrence; /* among the loop's runs in the trace, from 0 */
} tr_loop_run;

typedef struct tr_loop_pass {
    uint32_t run;  /* for records of a loop: index of its run; TR_NO_STEP for all other steps */
    uint32_t next; /* step: the run's next record */
} tr_loop_pass;

/* All zero is empty. Reusable from program to program. */
typedef struct tr_loops {
    tr_loop_run *runs; /* in the order of their first iterations */
    uint32_t run_count;
    uint32_t run_capacity;
    tr_loop_pass *passes; /* one for each step */
    uint32_t pass_capacity;
    uint32_t *by_exit; /* the runs that have an exit, in the order of their exits */
    uint32_t exit_count;
    uint32_t exit_capacity;
    uint32_t *copies_from; /* for each of these, the step count before it was changed */
    uint32_t copies_capacity;
    uint32_t *finishes; /* by attempt: the step at which the last of the consecutive attempts ends */
    uint32_t finish_capacity;
    uint32_t *heads; /* of the loop being changed: the records of its iterations, and its exit */
    uint32_t head_capacity;
    uint32_t *members; /* of the iteration being copied */
    uint32_t member_count;
    uint32_t member_capacity;
    tr_draft draft;
} tr_loops;

/* Finds the loops of an unchanged program. */
tr_status tr_loops_find(tr_loops *loops, const tr_recording *recording, const tr_program *program);
/* Gives each run that has an exit its `wanted` iterations. `program` must be the one given to tr_loops_find, and
 * `event_ns` its event times. The rules say what belongs to a loop. TR_ERROR_MEMORY: the program can only be freed, by
 * tr_program_free. */
tr_status tr_loops_change(tr_loops *loops, const tr_recording *recording, tr_program *program, const uint64_t *event_ns,
                          const tr_loop_rule *rules, size_t rule_count);
const tr_loop_rule *tr_loops_rule(const tr_loop_rule *rules, size_t rule_count, uint32_t node_id);
void tr_loops_free(tr_loops *loops);
/* The record of a step, which must have one. */
tr_record tr_loops_record(const tr_recording *recording, const tr_step *step);
/* Appends to a list. Returns false on allocation failure. */
bool tr_loops_add(uint32_t **items, uint32_t count, uint32_t *capacity, uint32_t value);

#endif
