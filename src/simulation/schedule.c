#include "simulation/schedule.h"

#include <stdlib.h>
#include <string.h>

#include "bytes/fail.h"
#include "simulation/chance.h"
#include "simulation/rules.h"
#include "simulation/sink.h"

tr_status tr_simulation_push(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, uint64_t time_ns,
                             tr_error *error) {
    /* The first comes before all else in the trace, the second after it. */
    uint32_t numbered = step == TR_RECOVERY_STEP     ? 0
                        : step == TR_COMPLETION_STEP ? trace->program.step_count - 1
                                                     : step;
    tr_queued_event event = {.time_ns = time_ns,
                             .number = trace->program.steps[numbered].number,
                             .series = trace->series,
                             .owner = trace,
                             .step = step};
    if (!tr_event_queue_push(&simulation->queue, &event)) {
        return tr_fail_memory(error, "simulating");
    }
    trace->references++;
    return TR_OK;
}

/* ---- places ---- */

tr_status tr_simulation_stand_in_line(tr_waiting_line *line, tr_simulated_trace *trace, uint32_t step, uint64_t time_ns,
                                      tr_error *error) {
    tr_waiting *waiting = malloc(sizeof *waiting);
    if (waiting == NULL) {
        return tr_fail_memory(error, "simulating");
    }
    *waiting = (tr_waiting){.trace = trace, .time_ns = time_ns, .step = step};
    if (line->first == NULL) {
        line->first = waiting;
    } else {
        line->last->next = waiting;
    }
    line->last = waiting;
    trace->references++;
    return TR_OK;
}

void tr_simulation_clear_line(tr_waiting_line *line) {
    while (line->first != NULL) {
        tr_waiting *next = line->first->next;
        line->first->trace->references--;
        free(line->first);
        line->first = next;
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
    tr_simulation_clear_line(&trace->held);
    tr_program_free(&trace->program);
    free(trace);
}

void tr_simulation_let_go(tr_simulation *simulation, tr_simulated_trace *trace) {
    if (--trace->references == 0 && trace->is_over) {
        tr_simulation_free_trace(simulation, trace);
    }
}

bool tr_simulation_next_in_line(tr_simulation *simulation, tr_waiting_line *line, tr_waiting *taken) {
    while (line->first != NULL) {
        tr_waiting *waiting = line->first;
        *taken = *waiting;
        line->first = waiting->next;
        free(waiting);
        if (!taken->trace->is_over) {
            return true;
        }
        tr_simulation_let_go(simulation, taken->trace);
    }
    return false;
}

static tr_run *run_of(const tr_simulated_trace *trace, uint32_t step) {
    return &trace->program.runs[trace->program.steps[step].run];
}

bool tr_simulation_take_place(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, tr_status *status,
                              tr_error *error) {
    const tr_scenario *scenario = &simulation->scenario;
    tr_run *run = run_of(trace, step);
    if (run->places == 0) {
        if (scenario->most_nodes_per_trace > 0 && trace->running >= scenario->most_nodes_per_trace) {
            *status = tr_simulation_stand_in_line(&trace->line, trace, step, 0, error);
            return false;
        }
        trace->running++;
        run->places = 1;
    }
    if (run->places == 1) {
        if (scenario->most_nodes > 0 && simulation->running >= scenario->most_nodes) {
            *status = tr_simulation_stand_in_line(&simulation->line, trace, step, 0, error);
            return false;
        }
        simulation->running++;
        run->places = 2;
    }
    return true;
}

/* Those who can go on now do so at this time. */
static tr_status let_in(tr_simulation *simulation, tr_waiting_line *line, tr_error *error) {
    tr_waiting next;
    if (!tr_simulation_next_in_line(simulation, line, &next)) {
        return TR_OK;
    }
    tr_status status = TR_OK;
    if (tr_simulation_take_place(simulation, next.trace, next.step, &status, error)) {
        status = tr_simulation_push(simulation, next.trace, next.step, simulation->now_ns, error);
    }
    next.trace->references--; /* of the line that it left */
    return status;
}

tr_status tr_simulation_give_place_back(tr_simulation *simulation, tr_simulated_trace *trace, tr_run *run,
                                        tr_error *error) {
    uint8_t places = run->places;
    run->places = 0;
    trace->running -= places >= 1;
    simulation->running -= places == 2;
    tr_status status = TR_OK;
    /* Those in the long line first: who comes out of the short one now gets behind them. */
    if (places == 2 && simulation->line.first != NULL && simulation->running < simulation->scenario.most_nodes) {
        status = let_in(simulation, &simulation->line, error);
    }
    return places >= 1 && !trace->is_over && status == TR_OK ? let_in(simulation, &trace->line, error) : status;
}

tr_status tr_simulation_refill(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error) {
    tr_status status = TR_OK;
    uint32_t most = simulation->scenario.most_nodes_per_trace;
    while (trace->line.first != NULL && trace->running < most && status == TR_OK) {
        status = let_in(simulation, &trace->line, error);
    }
    return status;
}

/* By an event: a trace that is over as soon as it is open must not call itself. */
tr_status tr_simulation_admit(tr_simulation *simulation, tr_error *error) {
    const tr_waiting_trace *waiting = simulation->first_waiting_trace;
    bool has_room = simulation->open_traces + simulation->admissions < simulation->scenario.most_traces;
    if (waiting == NULL || simulation->admissions >= simulation->waiting_count || !has_room) {
        return TR_OK;
    }
    tr_queued_event event = {.time_ns = simulation->now_ns, .number = waiting->arrival.chain->number};
    event.step = TR_EVENT_ADMISSION;
    event.series = waiting->series;
    simulation->admissions++;
    return tr_event_queue_push(&simulation->queue, &event) ? TR_OK : tr_fail_memory(error, "simulating");
}

tr_status tr_simulation_end_trace(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error) {
    trace->is_over = true;
    tr_simulation_clear_line(&trace->line);
    tr_simulation_clear_line(&trace->held);
    tr_status status = TR_OK;
    for (uint32_t i = 0; i < trace->program.run_count && status == TR_OK; i++) {
        if (trace->program.runs[i].places > 0) {
            status = tr_simulation_give_place_back(simulation, trace, &trace->program.runs[i], error);
        }
    }
    if (!trace->is_stray) {
        simulation->open_traces--;
        status = status == TR_OK ? tr_simulation_admit(simulation, error) : status;
    }
    return status;
}

/* ---- steps that come ---- */

tr_status tr_simulation_plan(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, uint64_t time_ns,
                             tr_error *error) {
    if (!simulation->scenario.asks_events || trace->program.steps[step].record == 0) {
        return tr_simulation_push(simulation, trace, step, time_ns, error);
    }
    return tr_simulation_stand_in_line(&simulation->planned, trace, step, time_ns, error);
}

tr_status tr_simulation_schedule(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t index,
                                 tr_error *error) {
    const tr_step *step = &trace->program.steps[index];
    bool is_asked =
        step->role == TR_STEP_RESUME && tr_simulation_suspension_rule(simulation, step->node_id)->kind == TR_TIME_ASK;
    if (is_asked) { /* it comes up at once, to ask */
        return tr_simulation_push(simulation, trace, index, simulation->now_ns, error);
    }
    uint64_t time_ns = tr_simulation_add_ns(simulation->now_ns, tr_simulation_lag(simulation, trace, step));
    return tr_simulation_plan(simulation, trace, index, time_ns, error);
}

/* A branch was lost, and the rest is done: the engine closes the trace as complete, whatever was recorded. */
static bool is_complete_without_branch(const tr_simulation *simulation, const tr_simulated_trace *trace) {
    const tr_step *last = &trace->program.steps[trace->program.step_count - 1];
    bool has_close = last->role == TR_STEP_CLOSE;
    return trace->has_lost_branch && trace->happened + has_close >= trace->program.step_count &&
           !(has_close && tr_simulation_type_of(simulation, last) == TR_TYPE_TRACE_COMPLETE);
}

tr_status tr_simulation_end_where_done(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error) {
    const tr_program *program = &trace->program;
    uint32_t last = program->step_count - 1;
    if (is_complete_without_branch(simulation, trace)) {
        return tr_simulation_push(simulation, trace, TR_COMPLETION_STEP, simulation->now_ns, error);
    } else if (trace->happened == program->step_count) {
        return tr_simulation_end_trace(simulation, trace, error);
    } else if (trace->happened == last && program->steps[last].role == TR_STEP_CLOSE) {
        return tr_simulation_schedule(simulation, trace, last, error);
    }
    return TR_OK;
}
