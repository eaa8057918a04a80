/* Questions to the scenario's functions. */
#include <string.h>

#include "record/record_view.h"
#include "simulation/chance.h"
#include "simulation/schedule.h"
#include "simulation/sink.h"

const char *tr_question_kind_name(tr_question_kind kind) {
    static const char *const names[] = {
#define QUESTION_NAME(constant, name) [TR_QUESTION_##constant] = name,
        TR_QUESTIONS(QUESTION_NAME)
#undef QUESTION_NAME
    };
    return names[kind];
}

static void describe_trace(tr_simulation *simulation, const tr_simulated_trace *trace) {
    tr_question *question = &simulation->question;
    question->trace_number = trace->series + 1;
    question->trace_arrival_ns = trace->arrival_ns;
    const tr_recorded *recorded = tr_recording_at(simulation->recording, trace->program.steps[0].record);
    tr_record_fields fields = {.type = TR_TYPE_CHECKPOINT};
    tr_simulation_unpack(recorded, &fields);
    memcpy(question->trace_id, trace->has_own_id ? trace->id : fields.trace_id, TR_TRACE_ID_BYTES);
    question->metadata = fields.metadata;
}

void tr_simulation_ask(tr_simulation *simulation, tr_question_kind kind, tr_simulated_trace *trace, uint32_t step) {
    simulation->is_asking = true;
    simulation->asked_trace = trace;
    simulation->asked_step = step;
    simulation->question = (tr_question){.kind = kind, .has_node = true, .now_ns = simulation->now_ns};
    uint64_t purpose = kind == TR_QUESTION_PRIORITY ? TR_PURPOSE_PRIORITY : (uint64_t)TR_PURPOSE_QUESTION + kind;
    if (trace == NULL) {
        simulation->question.seed = tr_chance(simulation->scenario.seed, simulation->arrived, purpose, 0);
        return;
    }
    uint32_t occurrence = 0;
    const tr_step *asked = &trace->program.steps[step];
    if (asked->attempt != TR_NO_STEP) {
        const tr_node_attempt *attempt = &trace->program.attempts[asked->attempt];
        simulation->question.node_id = attempt->node_id;
        simulation->question.attempt = attempt->number;
        simulation->question.recorded_ns = attempt->recorded_ns;
        occurrence = attempt->occurrence;
    } else {
        simulation->question.node_id = asked->node_id;
        simulation->question.attempt = 1;
        simulation->question.recorded_ns = asked->lag_ns;
        occurrence = asked->occurrence;
    }
    simulation->question.seed = tr_node_chance(simulation->scenario.seed, trace->series, purpose,
                                               simulation->question.node_id, occurrence, simulation->question.attempt);
    describe_trace(simulation, trace);
}

/* Describes the record that the step is going to write, and its node. */
static void describe_record(const tr_simulation *simulation, const tr_simulated_trace *trace, const tr_step *step,
                            tr_question *question) {
    const tr_recorded *recorded = tr_recording_at(simulation->recording, step->record);
    tr_record record = tr_recorded_record(recorded);
    question->record_type = tr_record_type_of(&record);
    if (step->role == TR_STEP_END && trace->program.attempts[step->attempt].fails) {
        question->record_type = TR_TYPE_NODE_ERROR;
    }
    bool names_node = tr_view_type_has(tr_view_type(&record), TR_HAS_NODE);
    question->has_node = step->role == TR_STEP_RESUME || step->role == TR_STEP_RESUMED || names_node;
    if (names_node) {
        question->node_id = tr_view_node_id(&record);
    }
}

void tr_simulation_ask_event(tr_simulation *simulation) {
    tr_waiting scheduled;
    if (simulation->unasked.first == NULL || !tr_simulation_dequeue(simulation, &simulation->unasked, &scheduled)) {
        return;
    }
    const tr_step *step = &scheduled.trace->program.steps[scheduled.step];
    tr_simulation_ask(simulation, TR_QUESTION_EVENT, scheduled.trace, scheduled.step);
    tr_question *question = &simulation->question;
    question->recorded_ns = scheduled.time_ns;
    describe_record(simulation, scheduled.trace, step, question);
    uint32_t occurrence = scheduled.trace->is_orphan    ? (uint32_t)step->number
                          : step->attempt != TR_NO_STEP ? scheduled.trace->program.attempts[step->attempt].occurrence
                                                        : step->occurrence;
    question->seed = tr_node_chance(simulation->scenario.seed, scheduled.trace->series,
                                    (uint64_t)TR_PURPOSE_EVENT + (uint64_t)question->record_type, question->node_id,
                                    occurrence, question->attempt);
}
