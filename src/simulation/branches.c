/* Branches that a crash loses. The log does not say on which port a node answered: after a crash, and when a trace is
 * resumed, XERV takes every node that is done as having answered on "out". What follows it on other ports is not ready
 * then, and never will be. */
#include "simulation/branches.h"

#include "simulation/slots.h"
#include "timing/flow.h"

static bool is_done(const tr_program *program, const tr_node_attempt *attempt) {
    const tr_step *end = attempt->end == TR_NO_STEP ? NULL : &program->steps[attempt->end];
    return end != NULL && end->has_fired && !end->is_dead && !attempt->is_error && !attempt->is_end_lost;
}

/* Sets for each node `last_end`, the end by which it is done, and `open_attempt`, its latest attempt. A node_start
 * after the end makes it not done. */
bool tr_simulation_view_nodes(const tr_simulation *simulation, const tr_simulated_trace *trace) {
    const tr_program *program = &trace->program;
    tr_node_views_clear(simulation->views);
    for (uint32_t i = 0; i < program->attempt_count; i++) {
        const tr_node_attempt *attempt = &program->attempts[i];
        tr_node_view *view = tr_node_views_get(simulation->views, attempt->node_id);
        if (view == NULL) {
            return false;
        }
        const tr_step *start = &program->steps[attempt->start];
        bool is_begun = start->has_fired && start->record != 0;
        view->open_attempt = i;
        view->last_end = is_done(program, attempt)       ? attempt->end
                         : is_begun || attempt->is_again ? TR_NO_STEP
                                                         : view->last_end;
    }
    for (uint32_t i = 0; i < program->step_count; i++) { /* a node that only waits is never done */
        const tr_step *step = &program->steps[i];
        if (step->is_suspension && tr_node_views_get(simulation->views, step->node_id) == NULL) {
            return false;
        }
    }
    return true;
}

/* Whether a node is never ready: all that it comes after is done, and none of that counts as having answered on its
 * edge. */
static bool is_cut_off(const tr_simulation *simulation, const tr_flow_node *node) {
    bool has_off_out = false;
    for (uint32_t i = 0; i < node->after_count; i++) {
        const tr_node_view *view = tr_node_views_find(simulation->views, node->after[i]);
        if (view == NULL) {
            continue; /* it is not in this trace */
        } else if (view->last_end == TR_NO_STEP || !node->is_off_out[i]) {
            return false; /* it will still answer, as recorded; or its answer counts */
        }
        has_off_out = true;
    }
    return has_off_out;
}

/* Whether a node begins, or begins to wait, with that step. */
static bool is_first_of_node(const tr_step *step) {
    return step->role == TR_STEP_START || (step->is_suspension && step->piece_of == TR_NO_STEP);
}

static void bury(tr_simulated_trace *trace, tr_step *step) {
    step->has_fired = step->is_dead = true;
    step->is_again = false;
    trace->fired_count++;
    trace->has_lost_branch = true;
}

static bool bury_cut_off(const tr_simulation *simulation, tr_simulated_trace *trace) {
    bool is_any = false;
    for (uint32_t i = 0; i < trace->program.step_count; i++) {
        tr_step *step = &trace->program.steps[i];
        if (step->has_fired || !is_first_of_node(step)) {
            continue;
        }
        uint32_t node_id = step->role == TR_STEP_START ? trace->program.attempts[step->attempt].node_id : step->node_id;
        const tr_flow_node *node = tr_flow_find(simulation->scenario.flow, node_id);
        if (node != NULL && node->is_off_out != NULL && is_cut_off(simulation, node)) {
            bury(trace, step);
            is_any = true;
        }
    }
    return is_any;
}

/* What follows something that never happens does not happen either. Returns whether there was more of it. */
static bool bury_what_follows(tr_simulated_trace *trace) {
    tr_program *program = &trace->program;
    bool is_any = false;
    for (uint32_t i = 0; i < program->step_count; i++) {
        for (uint32_t e = program->steps[i].is_dead ? program->steps[i].first_edge : TR_NO_STEP; e != TR_NO_STEP;
             e = program->edges[e].next) {
            tr_step *waiting = &program->steps[program->edges[e].step];
            if (!waiting->has_fired && waiting->role != TR_STEP_CLOSE) {
                bury(trace, waiting);
                is_any = true;
            }
        }
    }
    return is_any;
}

tr_status tr_simulation_drop_branches(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error) {
    tr_status status = TR_OK;
    if (simulation->scenario.flow == NULL || !bury_cut_off(simulation, trace)) {
        return TR_OK;
    }
    while (bury_what_follows(trace)) {
    }
    for (uint32_t i = 0; i < trace->program.attempt_count && status == TR_OK; i++) {
        tr_node_attempt *attempt = &trace->program.attempts[i];
        if (attempt->is_under_way && trace->program.steps[attempt->start].is_dead) {
            status = tr_simulation_give_slots_back(simulation, trace, attempt, error);
        }
    }
    return status;
}
