/* The engine dies, starts again after a while, and recovers from its log.
 *
 * What is under way is what the event queue holds, so that all of it is looked at and put into a new queue: what was
 * running begins anew, everything else comes later. Traces that only wait for a place keep it in their lines. */
#include "bytes/fail.h"
#include "simulation/parts.h"

typedef struct restart {
    tr_simulation *simulation;
    tr_event_queue before; /* the queue as it was */
    uint64_t down_ns;
    uint64_t at_ns; /* when the engine is there again */
} restart;

static bool is_live(const tr_simulated_trace *trace) {
    return trace != NULL && !trace->is_over && !trace->is_stray;
}

static bool is_resume(const restart *now, const tr_simulated_trace *trace, uint32_t step) {
    if (step == TR_RECOVERY_STEP || trace->program.steps[step].record == 0) {
        return false;
    }
    const tr_recorded *recorded = tr_recording_at(now->simulation->recording, trace->program.steps[step].record);
    tr_record record = tr_recorded_record(recorded);
    return tr_record_type_of(&record) == TR_TYPE_TRACE_RESUMED;
}

static uint64_t later_of(uint64_t a_ns, uint64_t b_ns) {
    return a_ns > b_ns ? a_ns : b_ns;
}

/* ---- what there is ---- */

static void forget_notes(const restart *now) {
    for (tr_simulated_trace *trace = now->simulation->traces; trace != NULL; trace = trace->next) {
        trace->resume_ns = UINT64_MAX;
        for (uint32_t i = 0; i < trace->program.run_count; i++) {
            trace->program.runs[i].is_start_ahead = false;
        }
    }
}

static void note_resumes(const restart *now) {
    const tr_event_queue *queue = &now->simulation->queue;
    for (size_t i = 0; i < queue->count; i++) {
        tr_simulated_trace *trace = queue->items[i].owner;
        if (is_live(trace) && trace->is_suspended && is_resume(now, trace, queue->items[i].step)) {
            trace->resume_ns = later_of(queue->items[i].time_ns, now->at_ns);
        }
    }
}

/* The run that is under way and about to do that step; NULL where there is none. */
static tr_run *running(const tr_simulated_trace *trace, uint32_t step) {
    uint32_t number = step == TR_RECOVERY_STEP ? TR_NO_STEP : trace->program.steps[step].piece_of;
    tr_run *run = number == TR_NO_STEP ? NULL : &trace->program.runs[number];
    return run != NULL && run->places == 2 ? run : NULL;
}

static void note_runs(const restart *now) {
    for (size_t i = 0; i < now->before.count; i++) {
        const tr_queued_event *event = &now->before.items[i];
        tr_simulated_trace *trace = event->owner;
        if (!is_live(trace) || event->step == TR_RECOVERY_STEP) {
            continue;
        }
        const tr_step *step = &trace->program.steps[event->step];
        tr_run *run = running(trace, event->step);
        if (run != NULL) {
            run->is_again = true;
            run->again = event->step;
        }
        if (step->role == TR_STEP_START) {
            trace->program.runs[step->run].is_start_ahead = true;
        }
    }
}

/* Traces that the engine does not find in its log, or finds suspended with nothing that will resume them. */
static tr_status end_unrecovered(const restart *now, tr_error *error) {
    tr_status status = TR_OK;
    for (tr_simulated_trace *trace = now->simulation->traces, *next; trace != NULL && status == TR_OK; trace = next) {
        trace->references++;
        bool is_stuck = trace->is_suspended && trace->resume_ns == UINT64_MAX;
        if (is_live(trace) && (trace->is_forgotten || is_stuck)) {
            status = tr_simulation_end_trace(now->simulation, trace, error);
        }
        next = trace->next;
        tr_simulation_let_go(now->simulation, trace);
    }
    return status;
}

/* ---- what becomes of it ---- */

/* Nothing is done in a suspended trace before it is resumed. */
static uint64_t earliest_ns(const restart *now, const tr_simulated_trace *trace) {
    return trace->is_suspended ? trace->resume_ns : now->at_ns;
}

/* Whether a node runs again that had ended: then the trace's end has to wait for it. */
static bool repeats_node(const tr_simulated_trace *trace) {
    bool repeats = false;
    for (uint32_t i = 0; trace->has_lost_ends && i < trace->program.run_count; i++) {
        repeats |= trace->program.runs[i].is_end_lost;
    }
    return repeats;
}

static bool is_dropped(const tr_simulated_trace *trace, uint32_t step) {
    return trace->is_over || step == TR_RECOVERY_STEP || running(trace, step) != NULL ||
           (trace->program.steps[step].role == TR_STEP_CLOSE && repeats_node(trace));
}

static tr_status move(const restart *now, const tr_queued_event *event, tr_error *error) {
    tr_simulation *simulation = now->simulation;
    tr_simulated_trace *trace = event->owner;
    tr_queued_event moved = *event;
    if (!is_live(trace)) {
        moved.time_ns = later_of(event->time_ns, now->at_ns);
    } else if (trace->is_suspended && is_resume(now, trace, event->step)) {
        moved.time_ns = trace->resume_ns;
    } else {
        moved.time_ns = later_of(tr_simulation_add_ns(event->time_ns, now->down_ns), earliest_ns(now, trace));
    }
    if (trace != NULL && is_dropped(trace, event->step)) {
        tr_simulation_let_go(simulation, trace);
        return TR_OK;
    }
    return tr_event_queue_push(&simulation->queue, &moved) ? TR_OK : tr_fail_memory(error, "simulating");
}

/* A run is under way again, or once more; or it is not touched. */
static bool begins_anew(const tr_simulated_trace *trace, tr_run *run) {
    if (run->is_end_lost) {
        run->is_end_lost = false;
        run->is_repeat = true;
        run->is_again = true;
        run->again = run->end;
        return true;
    } else if (run->places < 2 || run->is_start_ahead) {
        return false;
    } else if (!run->is_again && !trace->is_suspended && trace->program.steps[run->start].record != 0) {
        run->is_again = true;
        run->again = TR_NO_STEP;
    }
    return run->is_again;
}

static tr_status recover(const restart *now, tr_simulated_trace *trace, tr_error *error) {
    tr_status status = TR_OK;
    for (uint32_t i = 0; i < trace->program.run_count && status == TR_OK; i++) {
        tr_run *run = &trace->program.runs[i];
        if (begins_anew(trace, run)) {
            trace->happened -= run->places == 0; /* it had ended */
            status = tr_simulation_plan(now->simulation, trace, run->start, earliest_ns(now, trace), error);
        }
    }
    if (status == TR_OK && trace->is_known && !trace->is_suspended) {
        status = tr_simulation_push(now->simulation, trace, TR_RECOVERY_STEP, now->at_ns, error);
    }
    return status;
}

tr_status tr_simulation_crash(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, uint64_t down_ns,
                              tr_error *error) {
    restart now = {
        .simulation = simulation, .down_ns = down_ns, .at_ns = tr_simulation_add_ns(simulation->now_ns, down_ns)};
    tr_status status = tr_simulation_push(simulation, trace, step, simulation->now_ns, error);
    forget_notes(&now);
    note_resumes(&now);
    status = status == TR_OK ? end_unrecovered(&now, error) : status;
    now.before = simulation->queue;
    simulation->queue = (tr_event_queue){0};
    simulation->now_ns = now.at_ns;
    note_runs(&now);
    for (size_t i = 0; i < now.before.count && status == TR_OK; i++) {
        status = move(&now, &now.before.items[i], error);
    }
    for (tr_simulated_trace *one = simulation->traces; one != NULL && status == TR_OK; one = one->next) {
        status = is_live(one) ? recover(&now, one, error) : TR_OK;
    }
    tr_event_queue_free(&now.before);
    return status;
}
