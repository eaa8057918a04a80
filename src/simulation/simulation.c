#include "tracereel/simulation.h"

#include <stdlib.h>
#include <string.h>

#include "bytes/fail.h"
#include "simulation/parts.h"

/* What an event without a trace is. */
enum { TRACES, STRAYS, ADMISSION };
enum { EVENTS_AT_ONCE = 65536 };

/* ---- arrivals ---- */

/* A trace that is not left out, drawn from all; NULL where there is none. */
static const tr_chain *draw(const tr_simulation *simulation, uint64_t series) {
    uint64_t count = tr_recording_trace_count(simulation->recording);
    if (count <= tr_recording_get_facts(simulation->recording)->tainted_traces) {
        return NULL;
    }
    for (uint64_t attempt = 0;; attempt++) {
        uint64_t chance = tr_simulation_chance(simulation, series, TR_PURPOSE_DRAW, attempt);
        const tr_chain *chain = tr_recording_trace(simulation->recording, chance % count);
        if (!chain->is_left_out) {
            return chain;
        }
    }
}

/* The time between two recorded traces, drawn from all. */
static uint64_t draw_interval(const tr_simulation *simulation, uint64_t series) {
    uint64_t count = tr_recording_trace_count(simulation->recording);
    if (count < 2) {
        return 0;
    }
    uint64_t index = 1 + tr_simulation_chance(simulation, series, TR_PURPOSE_INTERVAL, 0) % (count - 1);
    return tr_recording_trace(simulation->recording, index)->event_ns -
           tr_recording_trace(simulation->recording, index - 1)->event_ns;
}

/* Whether no other trace arrives than the one that is watched. */
static bool is_alone(const tr_simulation *simulation) {
    return simulation->watched != NULL && simulation->watched->watch.is_alone;
}

/* Finds the next chain; its time is the recorded one, or that of the arrival before it where it was drawn. */
static void find_next(tr_simulation *simulation, tr_arrivals *arrivals) {
    const tr_recording *recording = simulation->recording;
    bool is_stray = arrivals->is_stray;
    uint64_t count = is_stray ? tr_recording_stray_count(recording) : tr_recording_trace_count(recording);
    uint64_t wanted = is_stray ? 0 : simulation->scenario.trace_count;
    arrivals->chain = NULL;
    if (is_alone(simulation) || (wanted > 0 && simulation->arrived >= wanted)) {
        return;
    }
    for (; arrivals->chain == NULL && arrivals->index < count; arrivals->index++) {
        const tr_chain *chain =
            is_stray ? tr_recording_stray(recording, arrivals->index) : tr_recording_trace(recording, arrivals->index);
        arrivals->chain = chain->is_left_out ? NULL : chain;
    }
    if (arrivals->chain == NULL && wanted > 0) {
        arrivals->chain = draw(simulation, simulation->arrived);
        arrivals->is_drawn = true;
    }
}

static tr_status expect(tr_simulation *simulation, tr_arrivals *arrivals, tr_error *error) {
    tr_queued_event event = {.time_ns = arrivals->time_ns, .number = arrivals->chain->number, .owner = NULL};
    event.step = arrivals->is_stray ? STRAYS : TRACES;
    event.series = simulation->arrived;
    return tr_event_queue_push(&simulation->queue, &event) ? TR_OK : tr_fail_memory(error, "simulating");
}

static tr_status plan_arrival(tr_simulation *simulation, tr_arrivals *arrivals, tr_error *error) {
    bool is_first = arrivals->index == 0;
    find_next(simulation, arrivals);
    if (arrivals->chain == NULL) {
        return TR_OK;
    }
    const tr_time_rule *rule = &simulation->scenario.arrivals;
    bool has_own_time = is_first || arrivals->is_stray || (rule->kind == TR_TIME_RECORDED && !arrivals->is_drawn);
    if (has_own_time) {
        arrivals->time_ns = arrivals->chain->event_ns;
    } else if (rule->kind == TR_TIME_ASK) {
        tr_simulation_ask(simulation, TR_QUESTION_ARRIVAL, NULL, 0);
        return TR_OK;
    } else if (rule->kind == TR_TIME_FIXED) {
        arrivals->time_ns = tr_simulation_add_ns(arrivals->time_ns, rule->ns);
    } else {
        arrivals->time_ns = tr_simulation_add_ns(arrivals->time_ns, draw_interval(simulation, simulation->arrived));
    }
    return expect(simulation, arrivals, error);
}

/* A version 4 UUID. */
static void make_id(const tr_simulation *simulation, tr_simulated_trace *trace) {
    for (int i = 0; i < TR_TRACE_ID_BYTES; i++) {
        uint64_t bits = tr_simulation_chance(simulation, trace->series, TR_PURPOSE_ID, (uint64_t)i / 8);
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
                        &trace->program) != TR_OK) {
        free(trace);
        return tr_fail_memory(error, "simulating");
    }
    trace->series = series;
    trace->arrival_ns = arrival->time_ns;
    trace->is_stray = arrival->is_stray;
    if (arrival->is_drawn) {
        make_id(simulation, trace);
    }
    if (simulation->scenario.fault_count > 0 && !trace->is_stray) {
        tr_simulation_find_faults(simulation, trace);
    }
    trace->next = simulation->traces;
    if (trace->next != NULL) {
        trace->next->previous = trace;
    }
    simulation->traces = trace;
    simulation->open_traces += !trace->is_stray;
    trace->references = 1;
    tr_status status = simulation->scenario.loop_count > 0 && !trace->is_stray
                           ? tr_simulation_find_loops(simulation, trace, error)
                           : tr_simulation_begin(simulation, trace, error);
    tr_simulation_let_go(simulation, trace);
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

/* By an event: a trace that is over as soon as it is open must not call itself. */
tr_status tr_simulation_admit(tr_simulation *simulation, tr_error *error) {
    const tr_waiting_trace *waiting = simulation->first_waiting_trace;
    bool has_room = simulation->open_traces + simulation->admissions < simulation->scenario.most_traces;
    if (waiting == NULL || simulation->admissions >= simulation->waiting_count || !has_room) {
        return TR_OK;
    }
    tr_queued_event event = {.time_ns = simulation->now_ns, .number = waiting->arrival.chain->number};
    event.step = ADMISSION;
    event.series = waiting->series;
    simulation->admissions++;
    return tr_event_queue_push(&simulation->queue, &event) ? TR_OK : tr_fail_memory(error, "simulating");
}

static tr_status open_waiting(tr_simulation *simulation, tr_error *error) {
    tr_waiting_trace *waiting = simulation->first_waiting_trace;
    tr_arrivals arrival = waiting->arrival;
    uint64_t series = waiting->series;
    simulation->first_waiting_trace = waiting->next;
    simulation->admissions--;
    simulation->waiting_count--;
    free(waiting);
    return open_trace(simulation, &arrival, series, error);
}

static tr_status arrive(tr_simulation *simulation, tr_arrivals *arrivals, tr_error *error) {
    tr_arrivals arrival = *arrivals;
    uint64_t series = simulation->arrived;
    tr_status status;
    if (arrival.is_stray) {
        status = plan_arrival(simulation, arrivals, error);
        return status == TR_OK ? open_trace(simulation, &arrival, UINT64_MAX, error) : status;
    }
    simulation->arrived++;
    simulation->facts.traces++;
    uint32_t most = simulation->scenario.most_traces;
    bool is_full = most > 0 && simulation->open_traces + simulation->waiting_count >= most;
    status =
        is_full ? wait_for_turn(simulation, &arrival, series, error) : open_trace(simulation, &arrival, series, error);
    return status == TR_OK ? plan_arrival(simulation, arrivals, error) : status;
}

/* ---- the run ---- */

/* NULL where there is no memory. */
static tr_simulation *make(const tr_recording *recording, const tr_scenario *scenario) {
    tr_simulation *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return NULL;
    }
    made->recording = recording;
    made->scenario = *scenario;
    made->arrivals[STRAYS].is_stray = true;
    made->log.file = (tr_segment_file){.directory_descriptor = -1, .descriptor = -1};
    made->counts_records = scenario->fault_count > 0;
    made->maker = tr_program_maker_new();
    made->views = calloc(1, sizeof *made->views);
    if (made->maker == NULL || made->views == NULL) {
        tr_program_maker_free(made->maker);
        free(made->views);
        free(made);
        return NULL;
    }
    return made;
}

/* Gives the simulation out, or closes it where it could not be begun. */
static tr_status begin(tr_simulation *made, tr_status status, tr_simulation **simulation, tr_error *error) {
    if (!is_alone(made)) {
        status = status == TR_OK ? plan_arrival(made, &made->arrivals[STRAYS], error) : status;
        status = status == TR_OK ? plan_arrival(made, &made->arrivals[TRACES], error) : status;
    } else if (status == TR_OK) {
        const tr_watch *watch = &made->watched->watch;
        made->arrivals[TRACES].chain = tr_recording_trace(made->recording, watch->trace_index);
        made->arrivals[TRACES].time_ns = watch->arrival_ns;
        made->arrived = watch->trace_number - 1;
        status = expect(made, &made->arrivals[TRACES], error);
    }
    if (status != TR_OK) {
        tr_simulation_close(made);
        return status;
    }
    *simulation = made;
    return TR_OK;
}

tr_status tr_simulation_open(const tr_recording *recording, const tr_scenario *scenario, const char *directory,
                             tr_simulation **simulation, tr_error *error) {
    *simulation = NULL;
    tr_simulation *made = make(recording, scenario);
    if (made == NULL) {
        return tr_fail_memory(error, "simulating");
    }
    size_t segment_count;
    const uint64_t *segments = tr_recording_segments(recording, &segment_count);
    uint32_t hold_count = scenario->has_crash ? scenario->lost_records + 1 : 0;
    tr_status status = tr_simulated_log_open(&made->log, directory, tr_recording_get_facts(recording)->first_sequence,
                                             segments, segment_count, hold_count, error);
    made->log.is_temporary = scenario->is_temporary;
    return begin(made, status, simulation, error);
}

tr_status tr_simulation_watch(const tr_recording *recording, const tr_scenario *scenario, const tr_watch *watch,
                              tr_simulation **simulation, tr_error *error) {
    *simulation = NULL;
    tr_simulation *made = make(recording, scenario);
    if (made == NULL) {
        return tr_fail_memory(error, "simulating");
    }
    made->counts_records = true;
    made->watched = tr_watched_trace_new(watch);
    return begin(made, made->watched == NULL ? tr_fail_memory(error, "simulating") : TR_OK, simulation, error);
}

const tr_watched *tr_simulation_get_watched(const tr_simulation *simulation) {
    return &simulation->watched->shown;
}

static void count_waiting(tr_simulation *simulation) {
    const tr_waiting_trace *waiting = simulation->first_waiting_trace;
    for (; waiting != NULL; waiting = waiting->next) {
        simulation->facts.waiting_traces++;
    }
    for (const tr_simulated_trace *trace = simulation->traces; trace != NULL; trace = trace->next) {
        simulation->facts.waiting_traces += !trace->is_over && !trace->is_stray;
    }
}

static tr_status finish(tr_simulation *simulation, tr_error *error) {
    simulation->is_over = true;
    if (simulation->scenario.has_crash) {
        tr_status crashed =
            tr_simulated_log_crash(&simulation->log, simulation->has_crashed, simulation->scenario.torn_bytes, error);
        simulation->facts.records = simulation->log.records;
        return crashed == TR_OK ? TR_END : crashed;
    }
    count_waiting(simulation);
    if (simulation->watched != NULL) {
        return TR_END;
    }
    tr_status status = tr_simulated_log_finish(&simulation->log, error);
    return status == TR_OK ? TR_END : status;
}

/* Does one event. TR_END: there is none left. */
static tr_status do_event(tr_simulation *simulation, tr_error *error) {
    tr_queued_event event;
    if (!tr_event_queue_pop(&simulation->queue, &event)) {
        return TR_END;
    }
    simulation->now_ns = event.time_ns > simulation->now_ns ? event.time_ns : simulation->now_ns;
    tr_simulated_trace *trace = event.owner;
    tr_status status = tr_simulation_check_time(simulation, &event, error);
    if (status != TR_OK) {
        return status;
    } else if (trace == NULL) {
        status = event.step == ADMISSION ? open_waiting(simulation, error)
                                         : arrive(simulation, &simulation->arrivals[event.step], error);
    } else {
        status = trace->is_over ? TR_OK : tr_simulation_happen(simulation, trace, event.step, error);
        tr_simulation_let_go(simulation, trace);
    }
    return status == TR_OK && simulation->has_crashed ? TR_END : status;
}

/* What stands before the next event comes first. TR_END: nothing is left to do. */
static tr_status go_on(tr_simulation *simulation, tr_error *error) {
    if (simulation->is_over || simulation->has_crashed) {
        return TR_END;
    } else if (simulation->arriving != NULL) {
        return tr_simulation_go_on_arriving(simulation, error);
    }
    tr_simulation_ask_planned(simulation);
    return simulation->pending == TR_PENDING_NOTHING ? do_event(simulation, error) : TR_OK;
}

static tr_status take_answer(tr_simulation *simulation, tr_error *error) {
    if (simulation->pending == TR_PENDING_LOOP) {
        tr_simulation_take_iterations(simulation);
        return TR_OK;
    } else if (simulation->pending != TR_PENDING_ARRIVAL) {
        tr_simulated_trace *trace = simulation->asked_trace;
        trace->references++;
        tr_status status = simulation->pending == TR_PENDING_EVENT ? tr_simulation_take_time(simulation, error)
                                                                   : tr_simulation_go_on(simulation, error);
        tr_simulation_let_go(simulation, trace);
        return status;
    }
    simulation->pending = TR_PENDING_NOTHING;
    tr_arrivals *arrivals = &simulation->arrivals[TRACES];
    arrivals->time_ns = tr_simulation_add_ns(arrivals->time_ns, simulation->answer);
    return expect(simulation, arrivals, error);
}

tr_status tr_simulation_next(tr_simulation *simulation, const tr_question **question, tr_error *error) {
    *question = NULL;
    tr_status status = TR_OK;
    if (simulation->pending != TR_PENDING_NOTHING) {
        status = take_answer(simulation, error);
    }
    for (int i = 0; i < EVENTS_AT_ONCE && status == TR_OK && simulation->pending == TR_PENDING_NOTHING; i++) {
        status = go_on(simulation, error);
    }
    if (status == TR_END) {
        return simulation->is_over ? TR_END : finish(simulation, error);
    }
    if (status == TR_OK && simulation->pending != TR_PENDING_NOTHING) {
        *question = &simulation->question;
    }
    return status;
}

void tr_simulation_answer(tr_simulation *simulation, uint64_t answer) {
    simulation->answer = answer;
}

const tr_simulation_facts *tr_simulation_get_facts(const tr_simulation *simulation) {
    return &simulation->facts;
}

void tr_simulation_close(tr_simulation *simulation) {
    if (simulation == NULL) {
        return;
    }
    tr_simulation_clear_line(&simulation->line);
    tr_simulation_clear_line(&simulation->planned);
    while (simulation->traces != NULL) {
        tr_simulation_clear_line(&simulation->traces->line);
        tr_simulation_free_trace(simulation, simulation->traces);
    }
    while (simulation->first_waiting_trace != NULL) {
        tr_waiting_trace *next = simulation->first_waiting_trace->next;
        free(simulation->first_waiting_trace);
        simulation->first_waiting_trace = next;
    }
    tr_simulated_log_close(&simulation->log);
    tr_watched_trace_free(simulation->watched);
    tr_event_queue_free(&simulation->queue);
    tr_program_maker_free(simulation->maker);
    tr_node_views_free(simulation->views);
    free(simulation->views);
    tr_loops_free(&simulation->loops);
    free(simulation->record);
    free(simulation);
}
