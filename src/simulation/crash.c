/* XERV (the engine) dies, starts again after a while, and recovers from its log.
 *
 * The event queue holds everything under way, so that all of it is examined and put into a new queue: what was running
 * begins anew, everything else comes later. Traces that only wait for a slot stay in their queues. */
#include "simulation/crash.h"

#include <stdlib.h>

#include "bytes/fail.h"
#include "simulation/ends.h"
#include "simulation/redo.h"
#include "simulation/rules.h"
#include "simulation/schedule.h"
#include "simulation/sink.h"
#include "simulation/slots.h"
#include "simulation/steps.h"
#include "simulation/waits.h"

typedef struct restart {
    tr_simulation *simulation;
    tr_event_queue before; /* the queue as it was */
    uint64_t down_ns;
    uint64_t at_ns; /* when the engine starts again */
} restart;

static bool is_live(const tr_simulated_trace *trace) {
    return trace != NULL && !trace->is_over && !trace->is_orphan;
}

static bool is_resume(const restart *now, const tr_simulated_trace *trace, uint32_t step) {
    return !tr_is_made_step(step) && trace->program.steps[step].record != 0 &&
           tr_simulation_type_of(now->simulation, &trace->program.steps[step]) == TR_TYPE_TRACE_RESUMED;
}

static uint64_t later_of(uint64_t a_ns, uint64_t b_ns) {
    return a_ns > b_ns ? a_ns : b_ns;
}

/* ---- what there is ---- */

/* What was held in a trace moves to the queue, like everything else that is under way. */
static tr_status forget_notes(const restart *now, tr_error *error) {
    tr_status status = TR_OK;
    for (tr_simulated_trace *trace = now->simulation->traces; trace != NULL && status == TR_OK; trace = trace->next) {
        trace->resume_ns = UINT64_MAX;
        for (uint32_t i = 0; i < trace->program.attempt_count; i++) {
            trace->program.attempts[i].is_start_ahead = trace->program.attempts[i].is_queued = false;
        }
        status = trace->is_over ? TR_OK : tr_simulation_requeue_held(now->simulation, trace, error);
    }
    return status;
}

/* Timeouts do not survive a crash: a suspension that would have ended by one lasts for ever. */
static void note_resumes(const restart *now) {
    const tr_event_queue *queue = &now->simulation->events;
    for (size_t i = 0; i < queue->count; i++) {
        tr_simulated_trace *trace = queue->items[i].owner;
        uint32_t step = queue->items[i].step;
        if (is_live(trace) && trace->is_suspended && is_resume(now, trace, step) &&
            !trace->program.steps[step].is_timeout) {
            trace->resume_ns = later_of(queue->items[i].time_ns, now->at_ns);
        }
    }
}

/* That the attempt which begins with the step waits for a slot. One that goes on with it is under way. */
static void note_waiter(tr_simulated_trace *trace, uint32_t index) {
    const tr_step *step = &trace->program.steps[index];
    if (step->role == TR_STEP_START && tr_simulation_waiting_attempt(trace, index) == step->attempt) {
        trace->program.attempts[step->attempt].is_queued = true;
    }
}

static void note_starts(const restart *now) {
    const tr_stations *stations = &now->simulation->stations;
    for (uint32_t i = 0; i < stations->count; i++) {
        for (size_t j = 0; j < stations->items[i].line.count; j++) {
            note_waiter(stations->items[i].line.items[j].owner, stations->items[i].line.items[j].step);
        }
    }
    for (tr_simulated_trace *trace = now->simulation->traces; trace != NULL; trace = trace->next) {
        for (const tr_waiting *waiting = trace->slot_queue.first; waiting != NULL; waiting = waiting->next) {
            note_waiter(trace, waiting->step);
        }
    }
    for (size_t i = 0; i < now->before.count; i++) {
        const tr_queued_event *event = &now->before.items[i];
        tr_simulated_trace *trace = event->owner;
        if (is_live(trace) && !tr_is_made_step(event->step)) {
            const tr_step *step = &trace->program.steps[event->step];
            tr_node_attempt *attempt = step->role == TR_STEP_START ? &trace->program.attempts[step->attempt] : NULL;
            if (attempt != NULL) {
                attempt->is_start_ahead = true;
            }
        }
    }
}

/* Ends the traces that the engine does not find in its log, finds suspended with nothing to resume them, or finds
 * without an arena, which it deletes when an error ends a trace. */
static tr_status end_unrecovered(const restart *now, tr_error *error) {
    tr_status status = TR_OK;
    for (tr_simulated_trace *trace = now->simulation->traces, *next; trace != NULL && status == TR_OK; trace = next) {
        trace->references++;
        bool is_stuck = trace->is_suspended && trace->resume_ns == UINT64_MAX;
        bool is_lost = trace->is_forgotten || is_stuck || tr_simulation_has_failed(now->simulation, trace);
        if (is_live(trace) && is_lost) {
            status = tr_simulation_end_trace(now->simulation, trace, error);
        }
        next = trace->next;
        tr_simulation_release(now->simulation, trace);
    }
    return status;
}

/* ---- what happens to it ---- */

/* Nothing happens in a suspended trace before it is resumed. */
static uint64_t earliest_ns(const restart *now, const tr_simulated_trace *trace) {
    return trace->is_suspended ? trace->resume_ns : now->at_ns;
}

/* Whether the step leaves the queue: it comes again when what it waits for has fired, or it never comes. */
static bool is_dropped(const tr_simulated_trace *trace, uint32_t index) {
    if (trace->is_over || tr_is_made_step(index)) {
        return true;
    }
    const tr_step *step = &trace->program.steps[index];
    if (step->role == TR_STEP_CLOSE) {
        return trace->has_lost_branch || trace->fired_count + 1 < trace->program.step_count;
    }
    return step->is_dead || step->is_again || step->waits_for > 0;
}

/* Waits of nodes without an attempt, as the engine logs them: the node ran until then, and runs again. */
static bool is_node_under_way(const tr_simulated_trace *trace, uint32_t step) {
    return trace->program.steps[step].is_suspension && trace->program.steps[step].piece_of == TR_NO_STEP;
}

static uint64_t time_after(const restart *now, const tr_queued_event *event) {
    const tr_simulated_trace *trace = event->owner;
    if (!is_live(trace)) {
        return later_of(event->time_ns, now->at_ns);
    } else if (trace->is_suspended && is_resume(now, trace, event->step)) {
        return trace->resume_ns;
    } else if (!tr_is_made_step(event->step) && is_node_under_way(trace, event->step)) {
        return tr_simulation_add_ns(earliest_ns(now, trace), trace->program.steps[event->step].lag_ns);
    }
    return later_of(tr_simulation_add_ns(event->time_ns, now->down_ns), earliest_ns(now, trace));
}

static tr_status move(const restart *now, const tr_queued_event *event, tr_error *error) {
    tr_simulation *simulation = now->simulation;
    tr_simulated_trace *trace = event->owner;
    if (trace != NULL && is_dropped(trace, event->step)) {
        tr_simulation_release(simulation, trace);
        return TR_OK;
    }
    tr_queued_event moved = *event;
    moved.time_ns = time_after(now, event);
    return tr_event_queue_push(&simulation->events, &moved) ? TR_OK : tr_fail_memory(error, "simulating");
}

/* Whether the waiter must now wait for something else, or will never begin. */
static bool is_to_leave(const tr_simulated_trace *trace, uint32_t index) {
    const tr_step *step = &trace->program.steps[index];
    return !trace->is_over && (step->is_dead || step->waits_for > 0);
}

static tr_status leave(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, tr_error *error) {
    tr_node_attempt *attempt = &trace->program.attempts[tr_simulation_waiting_attempt(trace, step)];
    tr_status status = tr_simulation_give_slots_back(simulation, trace, attempt, error);
    tr_simulation_release(simulation, trace);
    return status;
}

static tr_status clean_queue(tr_simulation *simulation, tr_wait_queue *queue, tr_error *error) {
    tr_wait_queue kept = {0};
    tr_status status = TR_OK;
    for (tr_waiting *waiting = queue->first, *next; waiting != NULL; waiting = next) {
        next = waiting->next;
        if (status != TR_OK || !is_to_leave(waiting->trace, waiting->step)) {
            waiting->next = NULL;
            *(kept.first == NULL ? &kept.first : &kept.last->next) = waiting;
            kept.last = waiting;
            continue;
        }
        status = leave(simulation, waiting->trace, waiting->step, error);
        free(waiting);
    }
    *queue = kept;
    return status;
}

static tr_status clean_line(tr_simulation *simulation, tr_station *station, tr_error *error) {
    tr_event_queue line = station->line;
    tr_status status = TR_OK;
    station->line = (tr_event_queue){0};
    for (size_t i = 0; i < line.count && status == TR_OK; i++) {
        tr_simulated_trace *trace = line.items[i].owner;
        if (is_to_leave(trace, line.items[i].step)) {
            status = leave(simulation, trace, line.items[i].step, error);
        } else if (!tr_event_queue_push(&station->line, &line.items[i])) {
            status = tr_fail_memory(error, "simulating");
        }
    }
    tr_event_queue_free(&line);
    return status;
}

static tr_status redo(const restart *now, tr_error *error) {
    tr_simulation *simulation = now->simulation;
    tr_status status = TR_OK;
    for (tr_simulated_trace *trace = simulation->traces; trace != NULL && status == TR_OK; trace = trace->next) {
        if (is_live(trace)) {
            trace->is_recovered = true;
            trace->is_stopping = trace->is_waiting = trace->is_suspended;
            status = tr_simulation_redo(simulation, trace, error);
            status = status == TR_OK ? clean_queue(simulation, &trace->slot_queue, error) : status;
        }
    }
    for (uint32_t i = 0; i < simulation->stations.count && status == TR_OK; i++) {
        status = clean_line(simulation, &simulation->stations.items[i], error);
    }
    simulation->is_restarting = false;
    return status == TR_OK ? tr_simulation_refill_stations(simulation, error) : status;
}

/* Begins what happens again and waits for nothing else. */
static tr_status begin_anew(const restart *now, tr_simulated_trace *trace, tr_error *error) {
    tr_status status = TR_OK;
    for (uint32_t i = 0; i < trace->program.step_count && status == TR_OK; i++) {
        tr_step *step = &trace->program.steps[i];
        if (step->is_again && step->waits_for == 0) {
            uint64_t lag_ns = step->role == TR_STEP_START ? 0 : step->lag_ns;
            status = tr_simulation_schedule_at(now->simulation, trace, i,
                                               tr_simulation_add_ns(earliest_ns(now, trace), lag_ns), error);
        }
        step->is_again = false;
    }
    return status;
}

static tr_status recover(const restart *now, tr_simulated_trace *trace, tr_error *error) {
    tr_status status = begin_anew(now, trace, error);
    if (status == TR_OK && trace->is_known && !trace->is_suspended) {
        status = tr_simulation_push(now->simulation, trace, TR_RECOVERY_STEP, now->at_ns, error);
    }
    if (status == TR_OK && trace->has_lost_branch) {
        status = tr_simulation_end_where_done(now->simulation, trace, error);
    }
    return status == TR_OK ? tr_simulation_refill(now->simulation, trace, error) : status;
}

static tr_status crash(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, uint64_t down_ns,
                       tr_error *error) {
    restart now = {
        .simulation = simulation, .down_ns = down_ns, .at_ns = tr_simulation_add_ns(simulation->now_ns, down_ns)};
    tr_status status = tr_simulation_push(simulation, trace, step, simulation->now_ns, error);
    status = status == TR_OK ? forget_notes(&now, error) : status;
    note_resumes(&now);
    status = status == TR_OK ? end_unrecovered(&now, error) : status;
    now.before = simulation->events;
    simulation->events = (tr_event_queue){0};
    simulation->now_ns = now.at_ns;
    simulation->is_restarting = true;
    note_starts(&now);
    status = status == TR_OK ? redo(&now, error) : status;
    for (size_t i = 0; i < now.before.count && status == TR_OK; i++) {
        status = move(&now, &now.before.items[i], error);
    }
    for (tr_simulated_trace *one = simulation->traces; one != NULL && status == TR_OK; one = one->next) {
        status = is_live(one) ? recover(&now, one, error) : TR_OK;
    }
    tr_event_queue_free(&now.before);
    return status;
}

tr_status tr_simulation_do_step(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, tr_error *error) {
    tr_status status = tr_simulation_fire(simulation, trace, step, error);
    tr_due_crash due = simulation->due_crash;
    simulation->due_crash = (tr_due_crash){0};
    return status == TR_OK && due.trace != NULL ? crash(simulation, due.trace, due.step, due.down_ns, error) : status;
}
