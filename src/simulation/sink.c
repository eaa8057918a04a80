#include "simulation/sink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/fail.h"
#include "record/record_view.h"
#include "simulation/member.h"

static tr_status append(tr_simulation *simulation, const tr_simulated_trace *trace, const uint8_t *bytes, size_t length,
                        tr_error *error) {
    if (simulation->measured.timing != NULL && tr_measured_log_append(&simulation->measured, bytes, length) != TR_OK) {
        return tr_fail_memory(error, "measuring the simulated log");
    }
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
    tr_record record; /* its CRC was right when it was recorded */
    if (tr_record_is_plausible(tr_recorded_bytes(recorded), (size_t)recorded->length_bytes, &record)) {
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

/* ---- what the metadata of imported logs say ---- */

/* The metadata with other digits in place of `old`, which is a part of it. NULL on allocation failure; the caller frees
 * it. */
static char *with_number(tr_text *metadata, tr_text old, uint64_t number) {
    char digits[24];
    size_t digit_count = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, number);
    size_t before = (size_t)(old.bytes - metadata->bytes), rest = metadata->length_bytes - before - old.length_bytes;
    char *made = malloc(before + digit_count + rest + 1);
    if (made != NULL) {
        memcpy(made, metadata->bytes, before);
        memcpy(made + before, digits, digit_count);
        memcpy(made + before + digit_count, old.bytes + old.length_bytes, rest);
        *metadata = (tr_text){made, (uint32_t)(before + digit_count + rest)};
    }
    return made;
}

/* When a node was ready, as the source of an imported log says it, moves with the time at which it would begin if there
 * were a slot: what it waits for a slot is added to what it waited for one when recorded, if that is kept. Returns
 * false on allocation failure; `*made` is what the caller frees, or NULL. */
static bool move_ready(const tr_simulated_trace *trace, const tr_step *step, const tr_recorded *recorded,
                       tr_text *metadata, char **made) {
    tr_text old;
    uint64_t due_ns = step->role == TR_STEP_START ? trace->program.attempts[step->attempt].due_ns : UINT64_MAX;
    uint64_t scheduled_ns = due_ns == UINT64_MAX ? UINT64_MAX : tr_member_number(recorded, "scheduled_ns", &old);
    *made = NULL;
    if (scheduled_ns == UINT64_MAX || metadata->bytes == NULL) {
        return true;
    }
    const tr_node_attempt *attempt = &trace->program.attempts[step->attempt];
    uint64_t queue_ns = recorded->event_ns > scheduled_ns ? recorded->event_ns - scheduled_ns : 0;
    uint64_t left_out_ns = attempt->contention_ns + attempt->dispatch_ns;
    queue_ns = queue_ns > left_out_ns ? queue_ns - left_out_ns : 0;
    *made = with_number(metadata, old, due_ns > queue_ns ? due_ns - queue_ns : 0);
    return *made != NULL;
}

/* The metadata of an error in place of an end: of which instance it is. Returns false on allocation failure;
 * `metadata->bytes` is what the caller frees, or NULL. */
static bool make_instance_metadata(const tr_recorded *recorded, tr_text *metadata) {
    static const char before[] = "{\"instance\":";
    enum { BEFORE_BYTES = sizeof before - 1 };
    tr_text instance;
    *metadata = (tr_text){NULL, 0};
    if (!tr_member_find_text(recorded, "instance", &instance)) {
        return true;
    }
    char *made = malloc((size_t)BEFORE_BYTES + instance.length_bytes + 1);
    if (made == NULL) {
        return false;
    }
    memcpy(made, before, BEFORE_BYTES);
    memcpy(made + BEFORE_BYTES, instance.bytes, instance.length_bytes);
    made[BEFORE_BYTES + instance.length_bytes] = '}';
    *metadata = (tr_text){made, BEFORE_BYTES + instance.length_bytes + 1};
    return true;
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
    bool is_same = simulation->now_ns == recorded->event_ns && !trace->has_own_id && !step->is_renumbered;
    if (is_same && (step->role != TR_STEP_START || trace->program.attempts[step->attempt].contention_ns == 0)) {
        return append(simulation, trace, tr_recorded_bytes(recorded), (size_t)recorded->length_bytes, error);
    }
    tr_record_fields fields = {.type = TR_TYPE_CHECKPOINT};
    tr_simulation_unpack(recorded, &fields);
    fields.timestamp_ns = timestamp_of(simulation, recorded);
    fields.iteration = step->is_renumbered ? step->iteration : fields.iteration;
    char *made;
    if (!move_ready(trace, step, recorded, &fields.metadata, &made)) {
        return tr_fail_memory(error, "making a record");
    }
    tr_status status = append_fields(simulation, trace, &fields, error);
    free(made);
    return status;
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
    if (!make_instance_metadata(recorded, &fields.metadata)) {
        return tr_fail_memory(error, "making a record");
    }
    tr_status status = append_fields(simulation, trace, &fields, error);
    free((char *)fields.metadata.bytes);
    return status;
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
