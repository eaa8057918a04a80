#include "simulation/faults.h"

#include <string.h>

/* ---- which faults a trace has ---- */

/* Whose faults to look for: by number or by id. */
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

/* The first fault after all smaller ones or, with `is_end`, also after the equal ones. */
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

/* Takes the fault for the trace's record of that number; NULL if there is none. */
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
    const tr_node_attempt *attempt = &trace->program.attempts[step->attempt];
    return !attempt->is_error && !attempt->fails;
}

/* Tells the probe which record the step is about to write. */
static tr_status tell_probe(tr_simulation *simulation, const tr_simulated_trace *trace, uint32_t index,
                            const tr_fault *fault, tr_error *error) {
    tr_probe_record told = {.time_ns = simulation->now_ns,
                            .type = index == TR_RECOVERY_STEP ? TR_TYPE_TRACE_RESUMED : TR_TYPE_TRACE_COMPLETE,
                            .is_written = fault == NULL || fault->kind == TR_FAULT_ERROR};
    if (!tr_is_made_step(index)) {
        const tr_step *step = &trace->program.steps[index];
        const tr_recorded *recorded = tr_recording_at(simulation->recording, step->record);
        tr_record record = tr_recorded_record(recorded);
        bool is_failure = step->role == TR_STEP_END && (trace->program.attempts[step->attempt].fails ||
                                                        (fault != NULL && fault->kind == TR_FAULT_ERROR));
        told.type = (uint8_t)(is_failure ? TR_TYPE_NODE_ERROR : tr_record_type_of(&record));
        told.node_id = tr_record_node_id(&record);
    }
    return tr_probe_trace_note(simulation->probe, &told, error);
}

tr_status tr_simulation_meet_fault(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step,
                                   tr_fault_effect *effect, tr_error *error) {
    *effect = (tr_fault_effect){.kind = TR_EFFECT_NONE};
    trace->fault = NULL;
    if (trace->is_orphan || (!tr_is_made_step(step) && trace->program.steps[step].record == 0)) {
        return TR_OK;
    }
    const tr_fault *fault = take(trace, trace->written + 1);
    bool is_met = fault != NULL && fits(fault, trace, step);
    simulation->stats.faults += is_met;
    if (is_met && fault->kind == TR_FAULT_DELAY) {
        *effect = (tr_fault_effect){.kind = TR_EFFECT_DELAY, .ns = fault->ns};
        return TR_OK;
    }
    trace->written++;
    tr_status status = tr_simulation_is_probed(simulation, trace)
                           ? tell_probe(simulation, trace, step, is_met ? fault : NULL, error)
                           : TR_OK;
    if (status == TR_OK && is_met && fault->kind == TR_FAULT_CRASH) {
        *effect = (tr_fault_effect){.kind = TR_EFFECT_CRASH, .ns = fault->ns};
        return TR_OK;
    }
    trace->fault = is_met ? fault : NULL;
    return status;
}
