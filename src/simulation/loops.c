#include "simulation/loops.h"

#include <stdlib.h>

#include "simulation/loop_bodies.h"

void tr_loops_free(tr_loops *loops) {
    free(loops->runs);
    free(loops->passes);
    free(loops->by_exit);
    free(loops->copies_from);
    free(loops->finishes);
    free(loops->heads);
    free(loops->members);
    tr_draft_free(&loops->draft);
    *loops = (tr_loops){0};
}

const tr_loop_rule *tr_loops_rule(const tr_loop_rule *rules, size_t rule_count, uint32_t node_id) {
    for (size_t i = 0; i < rule_count; i++) {
        if (rules[i].node_id == node_id) {
            return &rules[i];
        }
    }
    return NULL;
}

tr_record tr_loops_record(const tr_recording *recording, const tr_step *step) {
    return tr_recorded_record(tr_recording_at(recording, step->record));
}

bool tr_loops_add(uint32_t **items, uint32_t count, uint32_t *capacity, uint32_t value) {
    uint32_t *grown = tr_program_room(*items, count, capacity, sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    *items = grown;
    grown[count] = value;
    return true;
}

/* The run that a loop's record continues; TR_NO_STEP: it begins one, or belongs to none. */
static uint32_t run_before(const tr_loops *loops, const tr_step *step, uint32_t trace_start) {
    uint32_t previous = step->previous_pass;
    if (previous == TR_NO_STEP || previous < trace_start) {
        return TR_NO_STEP;
    }
    return loops->passes[previous].run;
}

static bool begin_run(tr_loops *loops, uint32_t index, uint32_t node_id, uint32_t before) {
    tr_loop_run *runs = tr_program_room(loops->runs, loops->run_count, &loops->run_capacity, sizeof *runs);
    if (runs == NULL) {
        return false;
    }
    loops->runs = runs;
    runs[loops->run_count] = (tr_loop_run){.node_id = node_id,
                                           .first = index,
                                           .last = index,
                                           .iterations = 1,
                                           .wanted = 1,
                                           .occurrence = before == TR_NO_STEP ? 0 : runs[before].occurrence + 1};
    loops->passes[index].run = loops->run_count++;
    return true;
}

/* After a recovery an iteration can come again with the same number; a loop entered again begins at 0. */
static bool pass(tr_loops *loops, const tr_program *program, uint32_t index, const tr_record *record,
                 uint32_t trace_start) {
    uint32_t before = run_before(loops, &program->steps[index], trace_start);
    bool is_open = before != TR_NO_STEP && !loops->runs[before].has_exit;
    bool is_exit = tr_view_type(record) == TR_TYPE_LOOP_EXIT;
    if (!is_exit && (!is_open || tr_view_iteration(record) == 0)) {
        return begin_run(loops, index, tr_view_node_id(record), before);
    } else if (!is_open) {
        return true; /* an exit whose iterations are not known */
    }
    tr_loop_run *run = &loops->runs[before];
    loops->passes[index].run = before;
    loops->passes[run->last].next = index;
    run->last = index;
    if (is_exit) {
        run->has_exit = true;
        return tr_loops_add(&loops->by_exit, loops->exit_count++, &loops->exit_capacity, before);
    }
    run->wanted = ++run->iterations;
    return true;
}

tr_status tr_loops_find(tr_loops *loops, const tr_recording *recording, const tr_program *program) {
    uint32_t trace_start = 0;
    loops->run_count = loops->exit_count = 0;
    for (uint32_t i = 0; i < program->step_count; i++) {
        tr_loop_pass *passes = tr_program_room(loops->passes, i, &loops->pass_capacity, sizeof *passes);
        if (passes == NULL) {
            return TR_ERROR_MEMORY;
        }
        loops->passes = passes;
        passes[i] = (tr_loop_pass){TR_NO_STEP, TR_NO_STEP};
        if (program->steps[i].role != TR_STEP_PLAIN) {
            continue;
        }
        tr_record record = tr_loops_record(recording, &program->steps[i]);
        unsigned type = tr_view_type(&record);
        trace_start = type == TR_TYPE_TRACE_START ? i : trace_start;
        bool is_pass = type == TR_TYPE_LOOP_ITERATION || type == TR_TYPE_LOOP_EXIT;
        if (i > 0 && is_pass && !pass(loops, program, i, &record, trace_start)) {
            return TR_ERROR_MEMORY;
        }
    }
    return TR_OK;
}
