#include "simulation/arrivals.h"

#include <stdlib.h>

#include "bytes/fail.h"
#include "simulation/chance.h"
#include "simulation/crash.h"
#include "simulation/faults.h"
#include "simulation/population.h"
#include "simulation/rules.h"
#include "simulation/schedule.h"
#include "simulation/slots.h"

/* Draws the time between two recorded traces from all such times. */
static uint64_t draw_interval(const tr_simulation *simulation, uint64_t series) {
    uint64_t count = tr_recording_trace_count(simulation->recording);
    if (count < 2) {
        return 0;
    }
    uint64_t index = 1 + tr_chance(simulation->scenario.seed, series, TR_PURPOSE_INTERVAL, 0) % (count - 1);
    return tr_recording_trace(simulation->recording, index)->event_ns -
           tr_recording_trace(simulation->recording, index - 1)->event_ns;
}

/* The next of the timetable. */
static void find_timed(tr_simulation *simulation, tr_arrivals *arrivals) {
    const tr_scenario *scenario = &simulation->scenario;
    if (arrivals->index < scenario->timetable_count) {
        const tr_timed_arrival *next = &scenario->timetable[arrivals->index++];
        arrivals->chain = tr_recording_trace(simulation->recording, next->trace_index);
        arrivals->time_ns = next->time_ns;
        arrivals->is_drawn = next->is_copy;
        arrivals->moment = NULL;
    }
}

static void find_next_orphan(const tr_simulation *simulation, tr_arrivals *arrivals) {
    const tr_recording *recording = simulation->recording;
    arrivals->chain = NULL;
    for (; arrivals->chain == NULL && arrivals->index < tr_recording_orphan_count(recording); arrivals->index++) {
        const tr_chain *chain = tr_recording_orphan(recording, arrivals->index);
        arrivals->chain = chain->is_left_out ? NULL : chain;
    }
    arrivals->moment = arrivals->chain;
}

/* Finds the next chain and, where the log has one, the recorded moment of its arrival. */
static void find_next(tr_simulation *simulation, tr_arrivals *arrivals) {
    arrivals->chain = NULL;
    if (tr_simulation_is_alone(simulation)) {
        return;
    } else if (arrivals->is_orphan) {
        find_next_orphan(simulation, arrivals);
    } else if (simulation->scenario.timetable != NULL) {
        find_timed(simulation, arrivals);
    } else {
        tr_population_next(simulation, arrivals);
    }
}

tr_status tr_arrivals_expect(tr_simulation *simulation, tr_arrivals *arrivals, tr_error *error) {
    const tr_chain *numbered = arrivals->moment != NULL ? arrivals->moment : arrivals->chain;
    tr_queued_event event = {.time_ns = arrivals->time_ns, .number = numbered->number, .owner = NULL};
    event.step = arrivals->is_orphan ? TR_EVENT_ORPHAN : TR_EVENT_TRACE;
    event.series = simulation->arrived;
    return tr_event_queue_push(&simulation->events, &event) ? TR_OK : tr_fail_memory(error, "simulating");
}

tr_status tr_arrivals_schedule(tr_simulation *simulation, tr_arrivals *arrivals, tr_error *error) {
    bool is_first = arrivals->is_orphan || simulation->arrived == 0;
    find_next(simulation, arrivals);
    if (arrivals->chain == NULL) {
        return TR_OK;
    } else if (!arrivals->is_orphan && simulation->scenario.timetable != NULL) {
        return tr_arrivals_expect(simulation, arrivals, error);
    }
    const tr_time_rule *rule = &simulation->scenario.arrivals;
    if (is_first || (rule->kind == TR_TIME_RECORDED && arrivals->moment != NULL)) {
        arrivals->time_ns = arrivals->moment != NULL ? arrivals->moment->event_ns : arrivals->chain->event_ns;
    } else if (rule->kind == TR_TIME_ASK) {
        tr_simulation_ask(simulation, TR_QUESTION_ARRIVAL, NULL, 0);
        return TR_OK;
    } else if (rule->kind == TR_TIME_FIXED) {
        arrivals->time_ns = tr_simulation_add_ns(arrivals->time_ns, rule->ns);
    } else {
        arrivals->time_ns = tr_simulation_add_ns(arrivals->time_ns, draw_interval(simulation, simulation->arrived));
    }
    return tr_arrivals_expect(simulation, arrivals, error);
}

/* Begins a trace at the present time. */
static tr_status begin(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error) {
    return simulation->scenario.asks_events ? tr_simulation_schedule_at(simulation, trace, 0, simulation->now_ns, error)
                                            : tr_simulation_do_step(simulation, trace, 0, error);
}

/* ---- iterations of a trace's loops: asked when the trace arrives, before anything happens in it ---- */

static tr_status find_loops(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error) {
    simulation->arriving = trace;
    simulation->next_loop = 0;
    trace->references++;
    if (tr_loops_find(&simulation->loops, simulation->recording, &trace->program) != TR_OK) {
        return tr_fail_memory(error, "simulating");
    }
    return TR_OK;
}

static void ask_loop(tr_simulation *simulation, const tr_loop_run *attempt) {
    tr_simulation_ask(simulation, TR_QUESTION_LOOP, simulation->arriving, attempt->first);
    tr_question *question = &simulation->question;
    question->node_id = attempt->node_id;
    question->recorded_ns = attempt->iterations;
    question->seed = tr_node_chance(simulation->scenario.seed, simulation->arriving->series,
                                    (uint64_t)TR_PURPOSE_QUESTION + TR_QUESTION_LOOP, attempt->node_id,
                                    attempt->occurrence, question->attempt);
}

/* Returns false if it asked a question. */
static bool ask_iterations(tr_simulation *simulation) {
    const tr_scenario *scenario = &simulation->scenario;
    tr_loops *loops = &simulation->loops;
    for (; simulation->next_loop < loops->run_count; simulation->next_loop++) {
        tr_loop_run *attempt = &loops->runs[simulation->next_loop];
        const tr_loop_rule *rule = tr_loops_rule(scenario->loops, scenario->loop_count, attempt->node_id);
        if (rule == NULL || !attempt->has_exit) {
            continue;
        } else if (rule->asks) {
            ask_loop(simulation, attempt);
            return false;
        }
        attempt->wanted = rule->iterations;
    }
    return true;
}

tr_status tr_arrivals_go_on(tr_simulation *simulation, tr_error *error) {
    if (!ask_iterations(simulation)) {
        return TR_OK;
    }
    const tr_scenario *scenario = &simulation->scenario;
    tr_simulated_trace *trace = simulation->arriving;
    simulation->arriving = NULL;
    tr_status status = tr_loops_change(&simulation->loops, simulation->recording, &trace->program,
                                       tr_program_event_ns(simulation->maker), scenario->loops, scenario->loop_count);
    status = status == TR_OK ? begin(simulation, trace, error) : tr_fail_memory(error, "simulating a trace's loops");
    tr_simulation_release(simulation, trace);
    return status;
}

void tr_arrivals_take_iterations(tr_simulation *simulation) {
    simulation->is_asking = false;
    simulation->loops.runs[simulation->next_loop++].wanted = (uint32_t)simulation->answer;
}

/* ---- opening ---- */

/* A version 4 UUID. */
static void make_id(const tr_simulation *simulation, tr_simulated_trace *trace) {
    for (int i = 0; i < TR_TRACE_ID_BYTES; i++) {
        uint64_t bits = tr_chance(simulation->scenario.seed, trace->series, TR_PURPOSE_ID, (uint64_t)i / 8);
        trace->id[i] = (uint8_t)(bits >> (i % 8 * 8));
    }
    trace->id[6] = (uint8_t)((trace->id[6] & 0x0f) | 0x40);
    trace->id[8] = (uint8_t)((trace->id[8] & 0x3f) | 0x80);
    trace->has_own_id = true;
}

static tr_status open_trace(tr_simulation *simulation, const tr_arrivals *arrival, uint64_t series, tr_error *error) {
    tr_simulated_trace *trace = calloc(1, sizeof *trace);
    if (trace == NULL) {
        return tr_fail_memory(error, "simulating");
    }
    if (tr_program_make(simulation->maker, simulation->recording, arrival->chain, simulation->scenario.flow,
                        simulation->scenario.contention, &trace->program) != TR_OK) {
        free(trace);
        return tr_fail_memory(error, "simulating");
    }
    tr_simulation_count_work(simulation, &trace->program);
    trace->series = series;
    trace->arrival_ns = arrival->time_ns;
    trace->is_orphan = arrival->is_orphan;
    if (arrival->is_drawn) {
        make_id(simulation, trace);
    }
    if (simulation->scenario.fault_count > 0 && !trace->is_orphan) {
        tr_simulation_find_faults(simulation, trace);
    }
    trace->next = simulation->traces;
    if (trace->next != NULL) {
        trace->next->previous = trace;
    }
    simulation->traces = trace;
    simulation->open_traces += !trace->is_orphan;
    trace->references = 1;
    tr_status status = simulation->scenario.loop_count > 0 && !trace->is_orphan ? find_loops(simulation, trace, error)
                                                                                : begin(simulation, trace, error);
    tr_simulation_release(simulation, trace);
    return status;
}

static tr_status wait_for_turn(tr_simulation *simulation, const tr_arrivals *arrival, uint64_t series,
                               tr_error *error) {
    tr_waiting_trace *waiting = malloc(sizeof *waiting);
    if (waiting == NULL) {
        return tr_fail_memory(error, "simulating");
    }
    *waiting = (tr_waiting_trace){.arrival = *arrival, .series = series};
    if (simulation->first_waiting_trace == NULL) {
        simulation->first_waiting_trace = waiting;
    } else {
        simulation->last_waiting_trace->next = waiting;
    }
    simulation->last_waiting_trace = waiting;
    simulation->waiting_count++;
    return TR_OK;
}

tr_status tr_arrivals_open_waiting(tr_simulation *simulation, tr_error *error) {
    tr_waiting_trace *waiting = simulation->first_waiting_trace;
    tr_arrivals arrival = waiting->arrival;
    uint64_t series = waiting->series;
    simulation->first_waiting_trace = waiting->next;
    simulation->admissions--;
    simulation->waiting_count--;
    free(waiting);
    return open_trace(simulation, &arrival, series, error);
}

tr_status tr_arrivals_arrive(tr_simulation *simulation, tr_arrivals *arrivals, tr_error *error) {
    tr_arrivals arrival = *arrivals;
    uint64_t series = simulation->arrived;
    tr_status status;
    if (arrival.is_orphan) {
        status = tr_arrivals_schedule(simulation, arrivals, error);
        return status == TR_OK ? open_trace(simulation, &arrival, UINT64_MAX, error) : status;
    }
    if (simulation->arrived == 0) {
        tr_stations_begin(&simulation->stations, simulation->now_ns);
    }
    simulation->arrived++;
    simulation->stats.traces++;
    uint32_t max_traces = simulation->scenario.limits.traces;
    bool is_full = max_traces > 0 && simulation->open_traces + simulation->waiting_count >= max_traces;
    status =
        is_full ? wait_for_turn(simulation, &arrival, series, error) : open_trace(simulation, &arrival, series, error);
    return status == TR_OK ? tr_arrivals_schedule(simulation, arrivals, error) : status;
}
