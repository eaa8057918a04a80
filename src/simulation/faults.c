/* What goes wrong when a trace writes a certain record, as the scenario says. */
#include <string.h>

#include "simulation/parts.h"

/* ---- which faults a trace has ---- */

/* Whose faults are looked for: those of a number, or of an id. */
typedef struct wanted {
    uint64_t number;
    const uint8_t *id;
} wanted;

static int compare(const tr_fault *fault, const wanted *whose) {
    if (fault->trace_number != whose->number) {
        return fault->trace_number < whose->number ? -1 : 1;
    }
    return whose->id == NULL ? 0 : memcmp(fault->trace_id, whose->id, TR_TRACE_ID_BYTES);
}

/* The place of the first fault that stands behind all smaller ones or, `is_end`, also behind the equal ones. */
static const tr_fault *place_of(const tr_scenario *scenario, const wanted *whose, bool is_end) {
    size_t low = 0, high = scenario->fault_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(&scenario->faults[middle], whose);
        if (order < 0 || (order == 0 && is_end)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return scenario->faults + low;
}

void tr_simulation_find_faults(const tr_simulation *simulation, tr_simulated_trace *trace) {
    const tr_scenario *scenario = &simulation->scenario;
    const tr_recorded *first = tr_recording_at(simulation->recording, trace->program.steps[0].record);
    tr_record record = tr_recorded_record(first);
    wanted by_number = {trace->series + 1, NULL};
    wanted by_id = {0, trace->has_own_id ? trace->id : tr_record_trace_id(&record)};
    trace->due[0] = (tr_due_faults){place_of(scenario, &by_number, false), place_of(scenario, &by_number, true)};
    trace->due[1] = (tr_due_faults){place_of(scenario, &by_id, false), place_of(scenario, &by_id, true)};
}

/* ---- meeting them ---- */

/* The fault for the trace's record of that number, which is taken; NULL where there is none. */
static const tr_fault *take(tr_simulated_trace *trace, uint64_t record) {
    for (size_t i = 0; i < sizeof trace->due / sizeof *trace->due; i++) {
        tr_due_faults *due = &trace->due[i];
        while (due->next < due->end && due->next->record < record) {
            due->next++;
        }
        if (due->next < due->end && due->next->record == record) {
            return due->next++;
        }
    }
    return NULL;
}

static bool fits(const tr_fault *fault, const tr_simulated_trace *trace, uint32_t index) {
    if (fault->kind != TR_FAULT_ERROR) {
        return true;
    }
    const tr_step *step = tr_is_made_step(index) ? NULL : &trace->program.steps[index];
    if (step == NULL || step->role != TR_STEP_END) {
        return false;
    }
    const tr_run *run = &trace->program.runs[step->run];
    return !run->is_error && !run->fails;
}

/* What the watcher is told of the record that the step is about to write. */
static tr_status tell_watcher(tr_simulation *simulation, const tr_simulated_trace *trace, uint32_t index,
                              const tr_fault *fault, tr_error *error) {
    tr_watched_record told = {.time_ns = simulation->now_ns,
                              .type = index == TR_RECOVERY_STEP ? TR_TYPE_TRACE_RESUMED : TR_TYPE_TRACE_COMPLETE,
                              .is_written = fault == NULL || fault->kind == TR_FAULT_ERROR};
    if (!tr_is_made_step(index)) {
        const tr_step *step = &trace->program.steps[index];
        const tr_recorded *recorded = tr_recording_at(simulation->recording, step->record);
        tr_record record = tr_recorded_record(recorded);
        bool is_failure = step->role == TR_STEP_END &&
                          (trace->program.runs[step->run].fails || (fault != NULL && fault->kind == TR_FAULT_ERROR));
        told.type = (uint8_t)(is_failure ? TR_TYPE_NODE_ERROR : tr_record_type_of(&record));
        told.node_id = tr_record_node_id(&record);
    }
    return tr_watched_trace_note(simulation->watched, &told, error);
}

bool tr_simulation_meet_fault(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, tr_status *status,
                              tr_error *error) {
    trace->fault = NULL;
    if (trace->is_stray || (!tr_is_made_step(step) && trace->program.steps[step].record == 0)) {
        return false;
    }
    const tr_fault *fault = take(trace, trace->written + 1);
    bool is_met = fault != NULL && fits(fault, trace, step);
    simulation->facts.faults += is_met;
    if (is_met && fault->kind == TR_FAULT_DELAY) {
        *status =
            tr_simulation_push(simulation, trace, step, tr_simulation_add_ns(simulation->now_ns, fault->ns), error);
        return true;
    }
    trace->written++;
    if (tr_simulation_is_watched(simulation, trace)) {
        *status = tell_watcher(simulation, trace, step, is_met ? fault : NULL, error);
        if (*status != TR_OK) {
            return true;
        }
    }
    if (is_met && fault->kind == TR_FAULT_CRASH) {
        *status = tr_simulation_crash(simulation, trace, step, fault->ns, error);
        return true;
    }
    trace->fault = is_met ? fault : NULL;
    return false;
}

/* ---- what the log says of a trace ---- */

/* The engine learns from a later node_done of the same node that it is done. */
static void forget_lost_ends(tr_program *program, uint32_t node_id) {
    for (uint32_t i = 0; i < program->run_count; i++) {
        tr_run *run = &program->runs[i];
        if (run->node_id == node_id) {
            run->is_end_lost = false;
        }
    }
}

static void note_end(tr_simulated_trace *trace, tr_run *run, bool is_lost) {
    if (run->is_error) {
        return; /* the engine recovers alike with and without a node_error */
    } else if (is_lost) {
        run->is_end_lost = true;
        trace->has_lost_ends = true;
    } else if (trace->has_lost_ends) {
        forget_lost_ends(&trace->program, run->node_id);
    }
}

void tr_simulation_note_in_log(const tr_simulation *simulation, tr_simulated_trace *trace, const tr_step *step,
                               bool is_lost) {
    if (step->role == TR_STEP_END) {
        note_end(trace, &trace->program.runs[step->run], is_lost);
        return;
    }
    const tr_recorded *recorded = tr_recording_at(simulation->recording, step->record);
    tr_record record = tr_recorded_record(recorded);
    tr_record_type type = tr_record_type_of(&record);
    if (step == trace->program.steps) {
        trace->is_known = !is_lost;
        trace->is_forgotten = is_lost;
    } else if (!is_lost && (type == TR_TYPE_TRACE_SUSPENDED || type == TR_TYPE_TRACE_RESUMED)) {
        trace->is_suspended = type == TR_TYPE_TRACE_SUSPENDED;
    }
}
