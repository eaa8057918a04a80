#include "simulation/schedule.h"

#include <stdlib.h>
#include <string.h>

#include "bytes/fail.h"
#include "simulation/chance.h"
#include "simulation/rules.h"

tr_status tr_simulation_push(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, uint64_t time_ns,
                             tr_error *error) {
    /* Recovery comes before everything else in the trace, completion after it. */
    uint32_t numbered = step == TR_RECOVERY_STEP     ? 0
                        : step == TR_COMPLETION_STEP ? trace->program.step_count - 1
                                                     : step;
    tr_queued_event event = {.time_ns = time_ns,
                             .number = trace->program.steps[numbered].number,
                             .series = trace->series,
                             .owner = trace,
                             .step = step};
    if (!tr_event_queue_push(&simulation->events, &event)) {
        return tr_fail_memory(error, "simulating");
    }
    trace->references++;
    return TR_OK;
}

/* ---- queues ---- */

tr_status tr_simulation_enqueue(tr_wait_queue *queue, tr_simulated_trace *trace, uint32_t step, uint64_t time_ns,
                                tr_error *error) {
    tr_waiting *waiting = malloc(sizeof *waiting);
    if (waiting == NULL) {
        return tr_fail_memory(error, "simulating");
    }
    *waiting = (tr_waiting){.trace = trace, .time_ns = time_ns, .step = step};
    if (queue->first == NULL) {
        queue->first = waiting;
    } else {
        queue->last->next = waiting;
    }
    queue->last = waiting;
    trace->references++;
    return TR_OK;
}

void tr_simulation_clear_queue(tr_wait_queue *queue) {
    while (queue->first != NULL) {
        tr_waiting *next = queue->first->next;
        queue->first->trace->references--;
        free(queue->first);
        queue->first = next;
    }
}

void tr_simulation_free_trace(tr_simulation *simulation, tr_simulated_trace *trace) {
    if (trace->previous != NULL) {
        trace->previous->next = trace->next;
    } else {
        simulation->traces = trace->next;
    }
    if (trace->next != NULL) {
        trace->next->previous = trace->previous;
    }
    tr_simulation_clear_queue(&trace->held);
    tr_program_free(&trace->program);
    free(trace);
}

void tr_simulation_release(tr_simulation *simulation, tr_simulated_trace *trace) {
    if (--trace->references == 0 && trace->is_over) {
        tr_simulation_free_trace(simulation, trace);
    }
}

bool tr_simulation_dequeue(tr_simulation *simulation, tr_wait_queue *queue, tr_waiting *taken) {
    while (queue->first != NULL) {
        tr_waiting *waiting = queue->first;
        tr_simulated_trace *trace = waiting->trace;
        *taken = *waiting;
        queue->first = waiting->next;
        free(waiting);
        if (!trace->is_over) {
            return true;
        }
        tr_simulation_release(simulation, trace);
    }
    return false;
}

/* Uses an event: a trace that is over as soon as it is open must not recurse. */
tr_status tr_simulation_admit(tr_simulation *simulation, tr_error *error) {
    const tr_waiting_trace *waiting = simulation->first_waiting_trace;
    bool has_room = simulation->open_traces + simulation->admissions < simulation->scenario.limits.traces;
    if (waiting == NULL || simulation->admissions >= simulation->waiting_count || !has_room) {
        return TR_OK;
    }
    tr_queued_event event = {.time_ns = simulation->now_ns, .number = waiting->arrival.chain->number};
    event.step = TR_EVENT_ADMISSION;
    event.series = waiting->series;
    simulation->admissions++;
    return tr_event_queue_push(&simulation->events, &event) ? TR_OK : tr_fail_memory(error, "simulating");
}

/* ---- steps to come ---- */

tr_status tr_simulation_schedule_at(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step,
                                    uint64_t time_ns, tr_error *error) {
    if (!simulation->scenario.asks_events || trace->program.steps[step].record == 0) {
        return tr_simulation_push(simulation, trace, step, time_ns, error);
    }
    return tr_simulation_enqueue(&simulation->unasked, trace, step, time_ns, error);
}

tr_status tr_simulation_schedule(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t index,
                                 tr_error *error) {
    const tr_step *step = &trace->program.steps[index];
    bool is_asked =
        step->role == TR_STEP_RESUME && tr_simulation_suspension_rule(simulation, step->node_id)->kind == TR_TIME_ASK;
    if (is_asked) { /* it fires at once, to ask */
        return tr_simulation_push(simulation, trace, index, simulation->now_ns, error);
    }
    uint64_t lag_ns = tr_simulation_lag(simulation, trace, step);
    uint64_t time_ns = step->piece_of == TR_NO_STEP
                           ? tr_simulation_add_ns(simulation->now_ns, lag_ns)
                           : tr_simulation_after(simulation, &trace->program.attempts[step->piece_of], lag_ns);
    return tr_simulation_schedule_at(simulation, trace, index, time_ns, error);
}
