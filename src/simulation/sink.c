#include "simulation/sink.h"

#include <stdlib.h>
#include <string.h>

#include "bytes/fail.h"

static tr_status append(tr_simulation *simulation, const tr_simulated_trace *trace, const uint8_t *bytes, size_t length,
                        tr_error *error) {
    if (simulation->probe == NULL) {
        return tr_simulated_log_append(&simulation->log, bytes, length, error);
    }
    return tr_simulation_is_probed(simulation, trace) ? tr_probe_trace_append(simulation->probe, bytes, length, error)
                                                      : TR_OK;
}

static tr_status append_fields(tr_simulation *simulation, const tr_simulated_trace *trace, tr_record_fields *fields,
                               tr_error *error) {
    if (trace->has_own_id) {
        memcpy(fields->trace_id, trace->id, TR_TRACE_ID_BYTES);
    }
    size_t length = tr_record_encoded_bytes(fields);
    if (length > simulation->record_capacity_bytes) {
        uint8_t *larger = realloc(simulation->record, length);
        if (larger == NULL) {
            return tr_fail_memory(error, "making a record");
        }
        simulation->record = larger;
        simulation->record_capacity_bytes = length;
    }
    if (length == 0 || tr_record_encode(fields, simulation->record, length) != TR_OK) {
        return tr_fail(error, TR_ERROR_ARGUMENT,
                       "the message of a simulated error makes a record longer than 32 bits "
                       "can say");
    }
    return append(simulation, trace, simulation->record, length, error);
}

/* The record's own timestamp lags the event time as it did when recorded. */
static uint64_t timestamp_of(const tr_simulation *simulation, const tr_recorded *recorded) {
    return simulation->now_ns > recorded->earlier_by_ns ? simulation->now_ns - recorded->earlier_by_ns : 0;
}

static void note_record(tr_simulation *simulation) {
    simulation->stats.records++;
    simulation->stats.last_ns = simulation->now_ns;
    const tr_scenario *scenario = &simulation->scenario;
    simulation->has_crashed = scenario->has_crash && (simulation->now_ns > scenario->crash_ns ||
                                                      simulation->stats.records > scenario->crash_records);
}

void tr_simulation_unpack(const tr_recorded *recorded, tr_record_fields *fields) {
    tr_record record;
    tr_defect defect; /* it was a record when it was recorded */
    if (tr_record_decode(tr_recorded_bytes(recorded), (size_t)recorded->length_bytes, &record, &defect) == TR_OK) {
        tr_record_unpack(&record, fields);
    }
}

/* ---- what the log says about a trace ---- */

/* By a later node_done of the same node the engine knows that it is done. */
static void forget_lost_ends(tr_program *program, uint32_t node_id) {
    for (uint32_t i = 0; i < program->attempt_count; i++) {
        tr_node_attempt *attempt = &program->attempts[i];
        if (attempt->node_id == node_id) {
            attempt->is_end_lost = false;
        }
    }
}

static void note_end(tr_simulated_trace *trace, tr_node_attempt *attempt, bool is_lost) {
    if (attempt->is_error) {
        return; /* the engine recovers the same with and without a node_error */
    } else if (is_lost) {
        attempt->is_end_lost = true;
        trace->has_lost_ends = true;
    } else if (trace->has_lost_ends) {
        forget_lost_ends(&trace->program, attempt->node_id);
    }
}

/* Notes what the engine would know after a crash, when the record was written or, with `is_lost`, taken by a fault. */
static void note_in_log(const tr_simulation *simulation, tr_simulated_trace *trace, const tr_step *step, bool is_lost) {
    if (step->role == TR_STEP_END) {
        note_end(trace, &trace->program.attempts[step->attempt], is_lost);
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

/* ---- records ---- */

/* Whether a fault takes the record about to be written. */
static bool is_lost(const tr_simulated_trace *trace) {
    return trace->fault != NULL && trace->fault->kind == TR_FAULT_LOST;
}

tr_status tr_simulation_write(tr_simulation *simulation, tr_simulated_trace *trace, const tr_step *step,
                              tr_error *error) {
    if (step->record == 0) {
        return TR_OK;
    }
    if (simulation->scenario.fault_count > 0) {
        note_in_log(simulation, trace, step, is_lost(trace));
        if (is_lost(trace)) {
            return TR_OK;
        }
    }
    note_record(simulation);
    const tr_recorded *recorded = tr_recording_at(simulation->recording, step->record);
    if (simulation->now_ns == recorded->event_ns && !trace->has_own_id && !step->is_renumbered) {
        return append(simulation, trace, tr_recorded_bytes(recorded), (size_t)recorded->length_bytes, error);
    }
    tr_record_fields fields = {.type = TR_TYPE_CHECKPOINT};
    tr_simulation_unpack(recorded, &fields);
    fields.timestamp_ns = timestamp_of(simulation, recorded);
    fields.iteration = step->is_renumbered ? step->iteration : fields.iteration;
    return append_fields(simulation, trace, &fields, error);
}

tr_status tr_simulation_write_error(tr_simulation *simulation, tr_simulated_trace *trace, const tr_step *step,
                                    tr_text message, tr_error *error) {
    if (is_lost(trace)) {
        return TR_OK;
    }
    note_record(simulation);
    const tr_recorded *recorded = tr_recording_at(simulation->recording, step->record);
    tr_record_fields done = {.type = TR_TYPE_CHECKPOINT};
    tr_simulation_unpack(recorded, &done);
    tr_record_fields fields = {.type = TR_TYPE_NODE_ERROR,
                               .node_id = done.node_id,
                               .timestamp_ns = timestamp_of(simulation, recorded),
                               .error_message = message};
    memcpy(fields.trace_id, done.trace_id, TR_TRACE_ID_BYTES);
    return append_fields(simulation, trace, &fields, error);
}

tr_status tr_simulation_write_made(tr_simulation *simulation, const tr_simulated_trace *trace, uint32_t step,
                                   tr_error *error) {
    if (is_lost(trace)) {
        return TR_OK;
    }
    note_record(simulation);
    tr_record_fields start = {.type = TR_TYPE_CHECKPOINT};
    tr_simulation_unpack(tr_recording_at(simulation->recording, trace->program.steps[0].record), &start);
    tr_record_fields fields = {.type = step == TR_RECOVERY_STEP ? TR_TYPE_TRACE_RESUMED : TR_TYPE_TRACE_COMPLETE,
                               .timestamp_ns = simulation->now_ns};
    memcpy(fields.trace_id, start.trace_id, TR_TRACE_ID_BYTES);
    return append_fields(simulation, trace, &fields, error);
}

tr_record_type tr_simulation_type_of(const tr_simulation *simulation, const tr_step *step) {
    tr_record record = tr_recorded_record(tr_recording_at(simulation->recording, step->record));
    return tr_record_type_of(&record);
}
