/* Which steps belong to an iteration of a loop. */
#include "simulation/loop_bodies.h"

bool tr_loops_find_finishes(tr_loops *loops) {
    const tr_program *program = loops->draft.program;
    for (uint32_t i = 0; i < program->attempt_count; i++) {
        if (!tr_loops_add(&loops->finishes, i, &loops->finish_capacity, program->attempts[i].end)) {
            return false;
        }
    }
    /* An attempt that the next start ended finishes when that one does. That one comes later, so go backwards. */
    for (uint32_t i = program->step_count; i-- > 0;) {
        const tr_step *step = &program->steps[i];
        if (step->role == TR_STEP_START && step->piece_of != TR_NO_STEP) {
            loops->finishes[step->piece_of] = loops->finishes[step->attempt];
        }
    }
    return true;
}

/* One iteration: the steps from its record up to the loop's next one. */
typedef struct iteration {
    const tr_loops *loops;
    const tr_recording *recording;
    const tr_loop_rule *rule;
    uint32_t number; /* from 0 */
    uint32_t first;
    uint32_t bound;
} iteration;

static bool contains(const iteration *within, uint32_t step) {
    const tr_draft_step *drafted = &within->loops->draft.steps[step];
    return drafted->origin >= within->first && drafted->origin < within->bound &&
           within->loops->draft.steps[drafted->origin].block == within->number;
}

static bool waits_for_it(const iteration *within, uint32_t step) {
    const tr_draft *draft = &within->loops->draft;
    for (uint32_t i = draft->steps[step].first_link; i != TR_NO_STEP; i = draft->links[i].next) {
        if (contains(within, draft->links[i].awaited)) {
            return true;
        }
    }
    return false;
}

/* Whether the loop's rule has the node or, if the rule has no body, the step waits for the iteration. */
static bool is_inside(const iteration *within, uint32_t step, uint32_t node_id) {
    if (within->rule->body == NULL) {
        return waits_for_it(within, step);
    }
    for (size_t i = 0; i < within->rule->body_count; i++) {
        if (within->rule->body[i] == node_id) {
            return true;
        }
    }
    return false;
}

/* For a record of another loop: either the whole run of that loop is inside, or none of it. */
static bool has_pass(const iteration *within, uint32_t step, uint32_t node_id) {
    uint32_t index = within->loops->passes[step].run;
    if (index == TR_NO_STEP) {
        return is_inside(within, step, node_id);
    }
    const tr_loop_run *run = &within->loops->runs[index];
    if (run->first <= within->first || run->last >= within->bound) {
        return false;
    }
    return run->first == step ? is_inside(within, step, node_id) : contains(within, run->first);
}

static bool has_plain(const iteration *within, uint32_t step) {
    tr_record record = tr_loops_record(within->recording, &within->loops->draft.program->steps[step]);
    switch (tr_view_type(&record)) {
    case TR_TYPE_LOOP_ITERATION:
    case TR_TYPE_LOOP_EXIT:
        return has_pass(within, step, tr_view_node_id(&record));
    case TR_TYPE_TRACE_SUSPENDED:
        return is_inside(within, step, tr_view_node_id(&record));
    case TR_TYPE_TRACE_RESUMED:
        return waits_for_it(within, step);
    default:
        return false;
    }
}

static bool has_step(const iteration *within, uint32_t index) {
    const tr_program *program = within->loops->draft.program;
    const tr_step *step = &program->steps[index];
    if (step->piece_of != TR_NO_STEP && !contains(within, program->attempts[step->piece_of].start)) {
        return false;
    } else if (step->role == TR_STEP_START) {
        return within->loops->finishes[step->attempt] < within->bound &&
               (step->piece_of != TR_NO_STEP || is_inside(within, index, program->attempts[step->attempt].node_id));
    } else if (step->piece_of != TR_NO_STEP) {
        return true;
    } else if (step->role == TR_STEP_RESUME) {
        return waits_for_it(within, index);
    }
    return step->role == TR_STEP_PLAIN && has_plain(within, index);
}

void tr_loops_mark(tr_loops *loops, const tr_recording *recording, const tr_loop_run *run, const tr_loop_rule *rule,
                   uint32_t copies_from) {
    tr_draft *draft = &loops->draft;
    for (uint32_t i = 0; i < run->iterations; i++) {
        iteration within = {loops, recording, rule, i, loops->heads[i], loops->heads[i + 1]};
        draft->steps[within.first].block = i;
        for (uint32_t step = within.first + 1; step < within.bound; step++) {
            draft->steps[step].block = TR_NO_STEP;
            if (has_step(&within, step)) {
                draft->steps[step].block = i;
            }
        }
    }
    for (uint32_t i = copies_from; i < draft->program->step_count; i++) {
        uint32_t origin = draft->steps[i].origin;
        bool is_between = origin >= run->first && origin < run->last;
        draft->steps[i].block = is_between ? draft->steps[origin].block : TR_NO_STEP;
    }
}
