#include "simulation/ends.h"

#include "simulation/schedule.h"
#include "simulation/sink.h"
#include "simulation/slots.h"

tr_status tr_simulation_end_trace(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error) {
    trace->is_over = true;
    tr_simulation_clear_queue(&trace->slot_queue);
    tr_simulation_clear_queue(&trace->held);
    tr_status status = TR_OK;
    for (uint32_t i = 0; i < trace->program.attempt_count && status == TR_OK; i++) {
        if (trace->program.attempts[i].slots > 0) {
            status = tr_simulation_give_slots_back(simulation, trace, &trace->program.attempts[i], error);
        }
    }
    if (!trace->is_orphan) {
        simulation->open_traces--;
        status = status == TR_OK ? tr_simulation_admit(simulation, error) : status;
    }
    return status;
}

/* Whether a branch was lost and the rest is done: the engine then closes the trace as complete, whatever was recorded.
 */
static bool is_complete_without_branch(const tr_simulation *simulation, const tr_simulated_trace *trace) {
    const tr_step *last = &trace->program.steps[trace->program.step_count - 1];
    bool has_close = last->role == TR_STEP_CLOSE;
    return trace->has_lost_branch && trace->fired_count + has_close >= trace->program.step_count &&
           !(has_close && tr_simulation_type_of(simulation, last) == TR_TYPE_TRACE_COMPLETE);
}

tr_status tr_simulation_end_where_done(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error) {
    const tr_program *program = &trace->program;
    uint32_t last = program->step_count - 1;
    if (is_complete_without_branch(simulation, trace)) {
        return tr_simulation_push(simulation, trace, TR_COMPLETION_STEP, simulation->now_ns, error);
    } else if (trace->fired_count == program->step_count) {
        return tr_simulation_end_trace(simulation, trace, error);
    } else if (trace->fired_count == last && program->steps[last].role == TR_STEP_CLOSE) {
        return tr_simulation_schedule(simulation, trace, last, error);
    }
    return TR_OK;
}
