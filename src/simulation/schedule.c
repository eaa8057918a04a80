#include "simulation/schedule.h"

#include <stdlib.h>
#include <string.h>

#include "bytes/fail.h"
#include "simulation/chance.h"
#include "simulation/rules.h"
#include "simulation/sink.h"

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

/* ---- slots ---- */

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
        *taken = *waiting;
        queue->first = waiting->next;
        free(waiting);
        if (!taken->trace->is_over) {
            return true;
        }
        tr_simulation_release(simulation, taken->trace);
    }
    return false;
}

static tr_node_attempt *attempt_of(const tr_simulated_trace *trace, uint32_t step) {
    return &trace->program.attempts[trace->program.steps[step].attempt];
}

bool tr_simulation_take_slot(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, tr_status *status,
                             tr_error *error) {
    const tr_scenario *scenario = &simulation->scenario;
    tr_node_attempt *attempt = attempt_of(trace, step);
    if (attempt->takes_no_slot) {
        return true;
    }
    if (attempt->slots == 0) {
        if (scenario->limits.nodes_per_trace > 0 && trace->running >= scenario->limits.nodes_per_trace) {
            *status = tr_simulation_enqueue(&trace->slot_queue, trace, step, 0, error);
            return false;
        }
        trace->running++;
        attempt->slots = 1;
    }
    if (attempt->slots == 1) {
        if (scenario->limits.nodes > 0 && simulation->running >= scenario->limits.nodes) {
            *status = tr_simulation_enqueue(&simulation->slot_queue, trace, step, 0, error);
            return false;
        }
        simulation->running++;
        attempt->slots = 2;
    }
    return true;
}

/* Admits the next waiter, at the present time. */
static tr_status admit_next(tr_simulation *simulation, tr_wait_queue *queue, tr_error *error) {
    tr_waiting next;
    if (!tr_simulation_dequeue(simulation, queue, &next)) {
        return TR_OK;
    }
    tr_status status = TR_OK;
    if (tr_simulation_take_slot(simulation, next.trace, next.step, &status, error)) {
        status = tr_simulation_push(simulation, next.trace, next.step, simulation->now_ns, error);
    }
    next.trace->references--; /* held by the queue that it left */
    return status;
}

tr_status tr_simulation_give_slots_back(tr_simulation *simulation, tr_simulated_trace *trace, tr_node_attempt *attempt,
                                        tr_error *error) {
    uint8_t slots = attempt->slots;
    attempt->slots = 0;
    trace->running -= slots >= 1;
    simulation->running -= slots == 2;
    tr_status status = TR_OK;
    /* The queue of all traces first: a waiter from this trace's queue then joins its end. */
    if (slots == 2 && simulation->slot_queue.first != NULL && simulation->running < simulation->scenario.limits.nodes) {
        status = admit_next(simulation, &simulation->slot_queue, error);
    }
    return slots >= 1 && !trace->is_over && status == TR_OK ? admit_next(simulation, &trace->slot_queue, error)
                                                            : status;
}

tr_status tr_simulation_refill(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error) {
    tr_status status = TR_OK;
    uint32_t max_running = simulation->scenario.limits.nodes_per_trace;
    while (trace->slot_queue.first != NULL && trace->running < max_running && status == TR_OK) {
        status = admit_next(simulation, &trace->slot_queue, error);
    }
    return status;
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
    uint64_t time_ns = tr_simulation_add_ns(simulation->now_ns, tr_simulation_lag(simulation, trace, step));
    return tr_simulation_schedule_at(simulation, trace, index, time_ns, error);
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
