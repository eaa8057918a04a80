/* What XERV (the engine) does again after a crash: every node that is not done in its log, once all that it comes after
 * is done. A node that waited is never done in the log, nor is one that ended with an error. */
#include "simulation/redo.h"

#include "bytes/fail.h"
#include "simulation/branches.h"
#include "simulation/sink.h"
#include "simulation/slots.h"

static uint32_t attempt_of(const tr_step *step) {
    return step->role == TR_STEP_START || step->role == TR_STEP_END ? step->attempt : step->piece_of;
}

/* The step that ends a suspension, and waits for it; TR_NO_STEP if the log does not have it. */
static uint32_t resume_of(const tr_program *program, uint32_t suspension) {
    for (uint32_t i = program->steps[suspension].first_edge; i != TR_NO_STEP; i = program->edges[i].next) {
        uint8_t role = program->steps[program->edges[i].step].role;
        if (role == TR_STEP_RESUME || role == TR_STEP_RESUMED) {
            return program->edges[i].step;
        }
    }
    return TR_NO_STEP;
}

static bool has_fired(const tr_program *program, uint32_t step) {
    return step != TR_NO_STEP && program->steps[step].has_fired;
}

/* ---- what is done again ---- */

static void note_waits(tr_simulated_trace *trace) {
    tr_program *program = &trace->program;
    for (uint32_t i = 0; i < program->attempt_count; i++) {
        program->attempts[i].has_waited = program->attempts[i].is_waiting = false;
    }
    for (uint32_t i = 0; i < program->step_count; i++) {
        const tr_step *step = &program->steps[i];
        if (!step->is_suspension || !step->has_fired || step->is_dead || step->piece_of == TR_NO_STEP) {
            continue;
        }
        tr_node_attempt *attempt = &program->attempts[step->piece_of];
        bool is_over = has_fired(program, resume_of(program, i));
        attempt->has_waited |= is_over;
        attempt->is_waiting |= !is_over && trace->is_suspended;
    }
}

/* Whether the attempt is under way, or ended in a way that the engine does not count as an end. */
static bool begins_anew(const tr_simulation *simulation, const tr_simulated_trace *trace, uint32_t number) {
    const tr_program *program = &trace->program;
    const tr_node_attempt *attempt = &program->attempts[number];
    const tr_step *start = &program->steps[attempt->start];
    if (!start->has_fired || start->is_dead || attempt->is_waiting || attempt->is_queued) {
        return false;
    } else if (has_fired(program, attempt->end)) {
        const tr_node_view *view = tr_node_views_find(simulation->views, attempt->node_id);
        bool is_overcome = view == NULL || view->open_attempt != number; /* another attempt comes, or came, after it */
        return attempt->is_end_lost || (attempt->is_error && !is_overcome);
    }
    return attempt->is_under_way || attempt->is_start_ahead || (attempt->end == TR_NO_STEP && attempt->has_waited);
}

/* Whether a wait of a node without an attempt (no start of it was written) happens again: it does until the node is
 * resumed and done. */
static bool waits_anew(const tr_simulation *simulation, const tr_simulated_trace *trace, uint32_t index) {
    const tr_step *step = &trace->program.steps[index];
    if (!step->is_suspension || step->piece_of != TR_NO_STEP || !step->has_fired || step->is_dead) {
        return false;
    }
    const tr_node_view *view = tr_node_views_find(simulation->views, step->node_id);
    bool is_done = view != NULL && view->last_end != TR_NO_STEP && view->last_end > index;
    bool is_over = has_fired(&trace->program, resume_of(&trace->program, index));
    return !is_done && (is_over || !trace->is_suspended);
}

static void mark(const tr_simulation *simulation, tr_simulated_trace *trace) {
    tr_program *program = &trace->program;
    for (uint32_t i = 0; i < program->attempt_count; i++) {
        program->attempts[i].is_again = begins_anew(simulation, trace, i);
    }
    for (uint32_t i = 0; i < program->step_count; i++) {
        tr_step *step = &program->steps[i];
        uint32_t attempt = attempt_of(step);
        bool is_again = attempt != TR_NO_STEP ? program->attempts[attempt].is_again : waits_anew(simulation, trace, i);
        step->is_again |= is_again && step->has_fired && !step->is_dead;
        uint32_t resume = step->is_again && step->is_suspension ? resume_of(program, i) : TR_NO_STEP;
        if (has_fired(program, resume)) {
            program->steps[resume].is_again = true;
        }
    }
}

/* ---- what waits for it ---- */

static void forget_firing(tr_simulated_trace *trace) {
    tr_program *program = &trace->program;
    for (uint32_t i = 0; i < program->step_count; i++) {
        tr_step *step = &program->steps[i];
        if (step->is_again) {
            step->has_fired = false;
            step->role = step->role == TR_STEP_RESUMED ? TR_STEP_RESUME : step->role;
            trace->fired_count--;
        }
    }
    for (uint32_t i = 0; i < program->attempt_count; i++) {
        tr_node_attempt *attempt = &program->attempts[i];
        if (attempt->is_again) {
            attempt->elapsed_ns = attempt->passed_ns = 0;
            attempt->due_ns = UINT64_MAX;
            attempt->is_end_lost = false;
        }
    }
}

static void wait_again(tr_program *program) {
    for (uint32_t i = 0; i < program->step_count; i++) {
        for (uint32_t e = program->steps[i].is_again ? program->steps[i].first_edge : TR_NO_STEP; e != TR_NO_STEP;
             e = program->edges[e].next) {
            tr_step *waiting = &program->steps[program->edges[e].step];
            waiting->waits_for += waiting->role != TR_STEP_CLOSE && !waiting->has_fired;
        }
    }
}

/* What must wait for a node that runs again gives up its slot meanwhile. */
static tr_status give_slots_back(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error) {
    tr_status status = TR_OK;
    for (uint32_t i = 0; i < trace->program.attempt_count && status == TR_OK; i++) {
        tr_node_attempt *attempt = &trace->program.attempts[i];
        if (attempt->is_under_way && trace->program.steps[attempt->start].waits_for > 0) {
            status = tr_simulation_give_slots_back(simulation, trace, attempt, error);
        }
    }
    return status;
}

tr_status tr_simulation_redo(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error) {
    if (!tr_simulation_view_nodes(simulation, trace)) {
        return tr_fail_memory(error, "simulating");
    }
    note_waits(trace);
    mark(simulation, trace);
    forget_firing(trace);
    wait_again(&trace->program);
    tr_status status = give_slots_back(simulation, trace, error);
    if (status == TR_OK && !tr_simulation_view_nodes(simulation, trace)) {
        return tr_fail_memory(error, "simulating");
    }
    return status == TR_OK ? tr_simulation_drop_branches(simulation, trace, error) : status;
}

/* ---- failures ---- */

/* Without a record of the trace's end, an error ended it if nothing begins after the error. */
static bool is_last_of_all(const tr_program *program, uint32_t failure) {
    for (uint32_t i = failure + 1; i < program->step_count; i++) {
        const tr_step *step = &program->steps[i];
        if (step->role != TR_STEP_END || program->attempts[step->attempt].start > failure) {
            return false;
        }
    }
    return true;
}

bool tr_simulation_has_failed(const tr_simulation *simulation, const tr_simulated_trace *trace) {
    const tr_program *program = &trace->program;
    const tr_step *last = &program->steps[program->step_count - 1];
    uint32_t failure = TR_NO_STEP;
    for (uint32_t i = 0; i < program->step_count; i++) {
        const tr_step *step = &program->steps[i];
        if (step->role == TR_STEP_END && program->attempts[step->attempt].is_error) {
            failure = i;
        }
    }
    if (!has_fired(program, failure) || program->steps[failure].is_dead || trace->is_suspended) {
        return false;
    }
    return last->role == TR_STEP_CLOSE ? tr_simulation_type_of(simulation, last) == TR_TYPE_TRACE_FAILED
                                       : is_last_of_all(program, failure);
}
