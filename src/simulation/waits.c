/* A node that waits lets those that run beside it end, and none begin; then its trace is suspended, until it is
 * resumed.
 *
 * Recorded traces already did so, or did otherwise, and are left as they are. Only after a crash does a trace go ways
 * that were not recorded. */
#include "simulation/waits.h"

#include "bytes/fail.h"
#include "simulation/branches.h"
#include "simulation/schedule.h"
#include "simulation/slots.h"

static bool is_running(const tr_simulated_trace *trace, const tr_node_attempt *attempt) {
    return attempt->is_under_way && trace->program.steps[attempt->start].has_fired;
}

static bool runs_beside(const tr_simulated_trace *trace, const tr_step *suspension) {
    for (uint32_t i = 0; i < trace->program.attempt_count; i++) {
        if (i != suspension->piece_of && is_running(trace, &trace->program.attempts[i])) {
            return true;
        }
    }
    return false;
}

bool tr_simulation_is_held(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t index, tr_status *status,
                           tr_error *error) {
    const tr_step *step = &trace->program.steps[index];
    if (!trace->is_recovered) {
        return false;
    }
    bool is_held = step->is_suspension ? trace->is_waiting || runs_beside(trace, step) : trace->is_stopping;
    trace->is_stopping |= step->is_suspension;
    trace->is_waiting |= step->is_suspension && !is_held;
    if (is_held) {
        *status = tr_simulation_enqueue(&trace->held, trace, index, 0, error);
    }
    if (is_held && !step->is_suspension && *status == TR_OK) {
        *status = tr_simulation_give_slots_back(simulation, trace, &trace->program.attempts[step->attempt], error);
    }
    return is_held;
}

tr_status tr_simulation_requeue_held(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error) {
    tr_wait_queue queue = trace->held;
    trace->held = (tr_wait_queue){0};
    tr_status status = TR_OK;
    for (tr_waiting *waiting = queue.first; waiting != NULL && status == TR_OK; waiting = waiting->next) {
        status = tr_simulation_push(simulation, trace, waiting->step, simulation->now_ns, error);
    }
    tr_simulation_clear_queue(&queue);
    return status;
}

/* The attempt that waited, if the log has no more of it because its trace went on with something else; otherwise NULL.
 */
static tr_node_attempt *attempt_that_is_over(const tr_simulated_trace *trace, uint32_t resume) {
    const tr_program *program = &trace->program;
    for (uint32_t i = 0; i < program->attempt_count; i++) {
        tr_node_attempt *attempt = &program->attempts[i];
        if (attempt->node_id != program->steps[resume].node_id || attempt->end != TR_NO_STEP ||
            !is_running(trace, attempt)) {
            continue;
        }
        for (uint32_t step = resume + 1; step < program->step_count; step++) {
            const tr_step *later = &program->steps[step];
            if (later->piece_of == i && later->role != TR_STEP_START && !later->has_fired) {
                return NULL;
            }
        }
        return resume + 1 < program->step_count ? attempt : NULL;
    }
    return NULL;
}

tr_status tr_simulation_leave_wait(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step,
                                   tr_error *error) {
    tr_node_attempt *over = attempt_that_is_over(trace, step);
    tr_status status = over == NULL ? TR_OK : tr_simulation_give_slots_back(simulation, trace, over, error);
    if (status != TR_OK || !trace->is_recovered) {
        return status;
    }
    trace->is_stopping = trace->is_waiting = false;
    if (!tr_simulation_view_nodes(simulation, trace)) {
        return tr_fail_memory(error, "simulating");
    }
    status = tr_simulation_drop_branches(simulation, trace, error);
    return status == TR_OK ? tr_simulation_requeue_held(simulation, trace, error) : status;
}
