/* Events that the scenario's function sees, and may move, before they are waited for. */
#include <string.h>

#include "record/record_view.h"
#include "simulation/parts.h"

tr_status tr_simulation_plan(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, uint64_t time_ns,
                             tr_error *error) {
    if (!simulation->scenario.asks_events || trace->program.steps[step].record == 0) {
        return tr_simulation_push(simulation, trace, step, time_ns, error);
    }
    return tr_simulation_stand_in_line(&simulation->planned, trace, step, time_ns, error);
}

tr_status tr_simulation_begin(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error) {
    return simulation->scenario.asks_events ? tr_simulation_plan(simulation, trace, 0, simulation->now_ns, error)
                                            : tr_simulation_happen(simulation, trace, 0, error);
}

/* Which record the step is going to write, and at which node. */
static void describe_record(const tr_simulation *simulation, const tr_simulated_trace *trace, const tr_step *step,
                            tr_question *question) {
    const tr_recorded *recorded = tr_recording_at(simulation->recording, step->record);
    tr_record record = tr_recorded_record(recorded);
    question->record_type = tr_record_type_of(&record);
    if (step->role == TR_STEP_END && trace->program.runs[step->run].fails) {
        question->record_type = TR_TYPE_NODE_ERROR;
    }
    bool names_node = tr_view_type_has(tr_view_type(&record), TR_HAS_NODE);
    question->has_node = step->role == TR_STEP_RESUME || step->role == TR_STEP_RESUMED || names_node;
    if (names_node) {
        question->node_id = tr_view_node_id(&record);
    }
}

void tr_simulation_ask_planned(tr_simulation *simulation) {
    tr_waiting planned;
    if (simulation->planned.first == NULL || !tr_simulation_next_in_line(simulation, &simulation->planned, &planned)) {
        return;
    }
    const tr_step *step = &planned.trace->program.steps[planned.step];
    tr_simulation_ask(simulation, TR_QUESTION_EVENT, planned.trace, planned.step);
    tr_question *question = &simulation->question;
    question->recorded_ns = planned.time_ns;
    describe_record(simulation, planned.trace, step, question);
    uint32_t occurrence = planned.trace->is_stray   ? (uint32_t)step->number
                          : step->run != TR_NO_STEP ? planned.trace->program.runs[step->run].occurrence
                                                    : step->occurrence;
    question->luck =
        tr_simulation_node_chance(simulation, planned.trace->series,
                                  (uint64_t)TR_PURPOSE_QUESTION + TR_QUESTION_KINDS + (uint64_t)question->record_type,
                                  question->node_id, occurrence, question->attempt);
}

tr_status tr_simulation_take_time(tr_simulation *simulation, tr_error *error) {
    tr_simulated_trace *trace = simulation->asked_trace;
    simulation->pending = TR_PENDING_NOTHING;
    trace->references--; /* of the line that it left; the caller holds another */
    if (simulation->asked_step == 0 && simulation->answer <= simulation->now_ns) {
        return tr_simulation_happen(simulation, trace, 0, error); /* as it does where nobody asks */
    }
    return tr_simulation_push(simulation, trace, simulation->asked_step, simulation->answer, error);
}
