/* What a scenario says about times, failures and records. */
#include <stdlib.h>
#include <string.h>

#include "bytes/fail.h"
#include "simulation/parts.h"

static uint64_t mix(uint64_t bits) {
    bits = (bits ^ bits >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94D049BB133111EB);
    return bits ^ bits >> 31;
}

uint64_t tr_simulation_chance(const tr_simulation *simulation, uint64_t series, uint64_t purpose, uint64_t detail) {
    static const uint64_t step = UINT64_C(0x9E3779B97F4A7C15);
    uint64_t bits = mix(simulation->scenario.seed + step);
    bits = mix(bits ^ (series + 1) * step);
    bits = mix(bits ^ (purpose + 1) * step);
    return mix(bits ^ (detail + 1) * step);
}

uint64_t tr_simulation_node_chance(const tr_simulation *simulation, uint64_t series, uint64_t purpose, uint32_t node_id,
                                   uint32_t occurrence, uint32_t attempt) {
    return mix(tr_simulation_chance(simulation, series, purpose, (uint64_t)node_id << 32 | occurrence) ^ attempt);
}

uint64_t tr_simulation_add_ns(uint64_t time_ns, uint64_t span_ns) {
    return span_ns > UINT64_MAX - time_ns ? UINT64_MAX : time_ns + span_ns;
}

/* One product and one sum of doubles, each rounded by itself: the same on every machine. */
uint64_t tr_simulation_scale(uint64_t span_ns, double factor) {
    if (factor == 1) {
        return span_ns;
    }
    double scaled = (double)span_ns;
    scaled *= factor;
    scaled += 0.5;
    return scaled >= 18446744073709549568.0 ? UINT64_MAX : (uint64_t)scaled;
}

const tr_node_rule *tr_simulation_node_rule(const tr_simulation *simulation, uint32_t node_id) {
    const tr_scenario *scenario = &simulation->scenario;
    for (size_t i = 0; i < scenario->node_count; i++) {
        if (scenario->nodes[i].node_id == node_id) {
            return &scenario->nodes[i];
        }
    }
    return scenario->default_node;
}

const tr_time_rule *tr_simulation_suspension_rule(const tr_simulation *simulation, uint32_t node_id) {
    static const tr_time_rule as_recorded = {.kind = TR_TIME_RECORDED};
    const tr_scenario *scenario = &simulation->scenario;
    for (size_t i = 0; i < scenario->suspension_count; i++) {
        if (scenario->suspensions[i].node_id == node_id) {
            return &scenario->suspensions[i].time;
        }
    }
    return &as_recorded;
}

/* The time of one piece of a run: its share of the whole, and the whole to the nanosecond at the run's end. */
static uint64_t piece_of(tr_run *run, const tr_step *step) {
    uint64_t until_ns = run->simulated_ns;
    run->elapsed_ns += step->lag_ns;
    if (step->role != TR_STEP_END && step->role != TR_STEP_START && run->recorded_ns > 0) {
        double share = (double)run->elapsed_ns;
        share /= (double)run->recorded_ns;
        until_ns = tr_simulation_scale(run->simulated_ns, share);
    } else if (step->role != TR_STEP_END && step->role != TR_STEP_START) {
        until_ns = 0;
    }
    uint64_t piece_ns = until_ns > run->passed_ns ? until_ns - run->passed_ns : 0;
    run->passed_ns += piece_ns;
    return piece_ns;
}

uint64_t tr_simulation_lag(const tr_simulation *simulation, const tr_simulated_trace *trace, const tr_step *step) {
    if (step->piece_of != TR_NO_STEP) {
        tr_run *run = &trace->program.runs[step->piece_of];
        return run->simulated_ns == run->recorded_ns ? step->lag_ns : piece_of(run, step);
    }
    if (step->role == TR_STEP_RESUME) {
        const tr_time_rule *rule = tr_simulation_suspension_rule(simulation, step->node_id);
        return rule->kind == TR_TIME_FIXED    ? rule->ns
               : rule->kind == TR_TIME_FACTOR ? tr_simulation_scale(step->lag_ns, rule->factor)
                                              : step->lag_ns;
    }
    return step->lag_ns;
}

static tr_status append(tr_simulation *simulation, const tr_simulated_trace *trace, const uint8_t *bytes, size_t length,
                        tr_error *error) {
    if (simulation->watched == NULL) {
        return tr_simulated_log_append(&simulation->log, bytes, length, error);
    }
    return tr_simulation_is_watched(simulation, trace)
               ? tr_watched_trace_append(simulation->watched, bytes, length, error)
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

/* The record's own time is as far behind the event's as it was recorded. */
static uint64_t timestamp_of(const tr_simulation *simulation, const tr_recorded *recorded) {
    return simulation->now_ns > recorded->behind_ns ? simulation->now_ns - recorded->behind_ns : 0;
}

static void note_record(tr_simulation *simulation) {
    simulation->facts.records++;
    simulation->facts.last_ns = simulation->now_ns;
    const tr_scenario *scenario = &simulation->scenario;
    simulation->has_crashed = scenario->has_crash && (simulation->now_ns > scenario->crash_ns ||
                                                      simulation->facts.records > scenario->crash_records);
}

static void unpack(const tr_recorded *recorded, tr_record_fields *fields) {
    tr_record record;
    tr_defect defect; /* it was a record when it was recorded */
    if (tr_record_decode(tr_recorded_bytes(recorded), (size_t)recorded->length_bytes, &record, &defect) == TR_OK) {
        tr_record_unpack(&record, fields);
    }
}

/* Whether a fault takes the record that is about to be written. */
static bool is_lost(const tr_simulated_trace *trace) {
    return trace->fault != NULL && trace->fault->kind == TR_FAULT_LOST;
}

tr_status tr_simulation_write(tr_simulation *simulation, tr_simulated_trace *trace, const tr_step *step,
                              tr_error *error) {
    if (step->record == 0) {
        return TR_OK;
    }
    if (simulation->scenario.fault_count > 0) {
        tr_simulation_note_in_log(simulation, trace, step, is_lost(trace));
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
    unpack(recorded, &fields);
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
    unpack(recorded, &done);
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
    unpack(tr_recording_at(simulation->recording, trace->program.steps[0].record), &start);
    tr_record_fields fields = {.type = step == TR_RECOVERY_STEP ? TR_TYPE_TRACE_RESUMED : TR_TYPE_TRACE_COMPLETE,
                               .timestamp_ns = simulation->now_ns};
    memcpy(fields.trace_id, start.trace_id, TR_TRACE_ID_BYTES);
    return append_fields(simulation, trace, &fields, error);
}

tr_record_type tr_simulation_type_of(const tr_simulation *simulation, const tr_step *step) {
    tr_record record = tr_recorded_record(tr_recording_at(simulation->recording, step->record));
    return tr_record_type_of(&record);
}

void tr_simulation_describe_trace(tr_simulation *simulation, const tr_simulated_trace *trace) {
    tr_question *question = &simulation->question;
    question->trace_number = trace->series + 1;
    question->trace_arrival_ns = trace->arrival_ns;
    const tr_recorded *recorded = tr_recording_at(simulation->recording, trace->program.steps[0].record);
    tr_record_fields fields = {.type = TR_TYPE_CHECKPOINT};
    unpack(recorded, &fields);
    memcpy(question->trace_id, trace->has_own_id ? trace->id : fields.trace_id, TR_TRACE_ID_BYTES);
    question->metadata = fields.metadata;
}

void tr_simulation_ask(tr_simulation *simulation, tr_question_kind kind, tr_simulated_trace *trace, uint32_t step) {
    static const tr_pending pending_of[] = {TR_PENDING_TIME,    TR_PENDING_FAIL,  TR_PENDING_RESUME,
                                            TR_PENDING_ARRIVAL, TR_PENDING_EVENT, TR_PENDING_LOOP};
    simulation->pending = pending_of[kind];
    simulation->asked_trace = trace;
    simulation->asked_step = step;
    simulation->question = (tr_question){.kind = kind, .has_node = true, .now_ns = simulation->now_ns};
    uint64_t purpose = (uint64_t)TR_PURPOSE_QUESTION + kind;
    if (trace == NULL) {
        simulation->question.luck = tr_simulation_chance(simulation, simulation->arrived, purpose, 0);
        return;
    }
    uint32_t occurrence = 0;
    const tr_step *asked = &trace->program.steps[step];
    if (asked->run != TR_NO_STEP) {
        const tr_run *run = &trace->program.runs[asked->run];
        simulation->question.node_id = run->node_id;
        simulation->question.attempt = run->attempt;
        simulation->question.recorded_ns = run->recorded_ns;
        occurrence = run->occurrence;
    } else {
        simulation->question.node_id = asked->node_id;
        simulation->question.attempt = 1;
        simulation->question.recorded_ns = asked->lag_ns;
        occurrence = asked->occurrence;
    }
    simulation->question.luck = tr_simulation_node_chance(
        simulation, trace->series, purpose, simulation->question.node_id, occurrence, simulation->question.attempt);
    tr_simulation_describe_trace(simulation, trace);
}
