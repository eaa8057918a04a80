#include "tracereel/simulation.h"

#include <stdlib.h>

#include "bytes/fail.h"
#include "simulation/arrivals.h"
#include "simulation/crash.h"
#include "simulation/horizon.h"
#include "simulation/population.h"
#include "simulation/rules.h"
#include "simulation/schedule.h"
#include "simulation/slots.h"
#include "simulation/steps.h"

enum { EVENTS_AT_ONCE = 65536 };

/* Returns NULL on allocation failure. */
static tr_simulation *make(const tr_recording *recording, const tr_scenario *scenario) {
    tr_simulation *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return NULL;
    }
    made->recording = recording;
    made->scenario = *scenario;
    made->arrivals[TR_EVENT_ORPHAN].is_orphan = true;
    made->log.file = (tr_segment_file){.directory_descriptor = -1, .descriptor = -1};
    made->counts_records = scenario->fault_count > 0;
    made->maker = tr_program_maker_new();
    made->views = calloc(1, sizeof *made->views);
    const tr_scenario_limits *limits = &scenario->limits;
    made->has_slots = limits->nodes > 0 || limits->nodes_per_trace > 0 || scenario->pool_count > 0;
    if (made->maker == NULL || made->views == NULL || tr_stations_open(&made->stations, scenario) != TR_OK) {
        tr_program_maker_free(made->maker);
        tr_stations_free(&made->stations);
        free(made->views);
        free(made);
        return NULL;
    }
    return made;
}

/* Hands the simulation to the caller, or closes it if it could not be begun. */
static tr_status begin(tr_simulation *made, tr_status status, tr_simulation **simulation, tr_error *error) {
    status = status == TR_OK ? tr_population_open(made, error) : status;
    if (!tr_simulation_is_alone(made)) {
        status = status == TR_OK ? tr_arrivals_schedule(made, &made->arrivals[TR_EVENT_ORPHAN], error) : status;
        status = status == TR_OK ? tr_arrivals_schedule(made, &made->arrivals[TR_EVENT_TRACE], error) : status;
    } else if (status == TR_OK) {
        const tr_probe *probe = &made->probe->asked;
        made->arrivals[TR_EVENT_TRACE].chain = tr_recording_trace(made->recording, probe->trace_index);
        made->arrivals[TR_EVENT_TRACE].time_ns = probe->arrival_ns;
        made->arrived = probe->trace_number - 1;
        status = tr_arrivals_expect(made, &made->arrivals[TR_EVENT_TRACE], error);
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
    tr_status status = tr_simulated_log_open(&made->log, directory, tr_recording_get_stats(recording)->first_sequence,
                                             segments, segment_count, hold_count, error);
    made->log.file.is_temporary = scenario->is_temporary;
    return begin(made, status, simulation, error);
}

tr_status tr_simulation_probe(const tr_recording *recording, const tr_scenario *scenario, const tr_probe *probe,
                              tr_simulation **simulation, tr_error *error) {
    *simulation = NULL;
    tr_simulation *made = make(recording, scenario);
    if (made == NULL) {
        return tr_fail_memory(error, "simulating");
    }
    made->counts_records = true;
    made->probe = tr_probe_trace_new(probe);
    return begin(made, made->probe == NULL ? tr_fail_memory(error, "simulating") : TR_OK, simulation, error);
}

tr_status tr_simulation_measure(tr_simulation *simulation, tr_timing *timing) {
    return tr_measured_log_open(&simulation->measured, timing);
}

const tr_probe_result *tr_simulation_get_probe_result(const tr_simulation *simulation) {
    return &simulation->probe->result;
}

static void count_waiting(tr_simulation *simulation) {
    const tr_waiting_trace *waiting = simulation->first_waiting_trace;
    for (; waiting != NULL; waiting = waiting->next) {
        simulation->stats.waiting_traces++;
    }
    for (const tr_simulated_trace *trace = simulation->traces; trace != NULL; trace = trace->next) {
        simulation->stats.waiting_traces += !trace->is_over && !trace->is_orphan;
    }
}

static tr_status finish(tr_simulation *simulation, tr_error *error) {
    simulation->is_over = true;
    if (tr_stations_finish(&simulation->stations, simulation->now_ns) != TR_OK) {
        return tr_fail_memory(error, "simulating");
    }
    if (simulation->scenario.has_crash) {
        tr_status crashed =
            tr_simulated_log_crash(&simulation->log, simulation->has_crashed, simulation->scenario.torn_bytes, error);
        simulation->stats.records = simulation->log.records;
        return crashed == TR_OK ? TR_END : crashed;
    }
    count_waiting(simulation);
    if (simulation->probe != NULL) {
        return TR_END;
    }
    if (simulation->measured.timing != NULL && tr_measured_log_finish(&simulation->measured) != TR_OK) {
        return tr_fail_memory(error, "measuring the simulated log");
    }
    tr_status status = tr_simulated_log_finish(&simulation->log, error);
    return status == TR_OK ? TR_END : status;
}

static tr_status open_station(tr_simulation *simulation, uint32_t station, tr_error *error) {
    simulation->stations.items[station].has_opening = false;
    return tr_simulation_refill_station(simulation, station, error);
}

/* Handles one event. TR_END: there is none left. */
static tr_status do_event(tr_simulation *simulation, tr_error *error) {
    tr_queued_event event;
    if (!tr_event_queue_pop(&simulation->events, &event)) {
        return TR_END;
    }
    simulation->now_ns = event.time_ns > simulation->now_ns ? event.time_ns : simulation->now_ns;
    tr_simulated_trace *trace = event.owner;
    tr_status status = tr_simulation_check_time(simulation, &event, error);
    if (status != TR_OK) {
        return status;
    } else if (trace == NULL) {
        status = event.step == TR_EVENT_ADMISSION ? tr_arrivals_open_waiting(simulation, error)
                 : event.step == TR_EVENT_OPENING
                     ? open_station(simulation, (uint32_t)event.series, error)
                     : tr_arrivals_arrive(simulation, &simulation->arrivals[event.step], error);
    } else {
        status = trace->is_over ? TR_OK : tr_simulation_do_step(simulation, trace, event.step, error);
        tr_simulation_release(simulation, trace);
    }
    return status == TR_OK && simulation->has_crashed ? TR_END : status;
}

/* Does the next thing: whatever precedes the next event, then that event. TR_END: nothing is left to do. */
static tr_status go_on(tr_simulation *simulation, tr_error *error) {
    if (simulation->is_over || simulation->has_crashed) {
        return TR_END;
    } else if (simulation->arriving != NULL) {
        return tr_arrivals_go_on(simulation, error);
    }
    tr_simulation_ask_event(simulation);
    return !simulation->is_asking ? do_event(simulation, error) : TR_OK;
}

/* Takes the answered time of a scheduled event. */
static tr_status take_time(tr_simulation *simulation, tr_error *error) {
    tr_simulated_trace *trace = simulation->asked_trace;
    simulation->is_asking = false;
    trace->references--; /* held by the queue that it left; the caller holds another */
    if (simulation->asked_step == 0 && simulation->answer <= simulation->now_ns) {
        return tr_simulation_do_step(simulation, trace, 0, error); /* as without a question */
    }
    return tr_simulation_push(simulation, trace, simulation->asked_step, simulation->answer, error);
}

static tr_status take_answer(tr_simulation *simulation, tr_error *error) {
    if (simulation->question.kind == TR_QUESTION_LOOP) {
        tr_arrivals_take_iterations(simulation);
        return TR_OK;
    } else if (simulation->question.kind != TR_QUESTION_ARRIVAL) {
        tr_simulated_trace *trace = simulation->asked_trace;
        trace->references++;
        tr_status status = simulation->question.kind == TR_QUESTION_EVENT ? take_time(simulation, error)
                                                                          : tr_simulation_go_on(simulation, error);
        tr_simulation_release(simulation, trace);
        return status;
    }
    simulation->is_asking = false;
    tr_arrivals *arrivals = &simulation->arrivals[TR_EVENT_TRACE];
    arrivals->time_ns = tr_simulation_add_ns(arrivals->time_ns, simulation->answer);
    return tr_arrivals_expect(simulation, arrivals, error);
}

tr_status tr_simulation_next(tr_simulation *simulation, const tr_question **question, tr_error *error) {
    *question = NULL;
    tr_status status = TR_OK;
    if (simulation->is_asking) {
        status = take_answer(simulation, error);
    }
    for (int i = 0; i < EVENTS_AT_ONCE && status == TR_OK && !simulation->is_asking; i++) {
        status = go_on(simulation, error);
    }
    if (status == TR_END) {
        return simulation->is_over ? TR_END : finish(simulation, error);
    }
    if (status == TR_OK && simulation->is_asking) {
        *question = &simulation->question;
    }
    return status;
}

void tr_simulation_answer(tr_simulation *simulation, uint64_t answer) {
    simulation->answer = answer;
}

const tr_simulation_stats *tr_simulation_get_stats(const tr_simulation *simulation) {
    return &simulation->stats;
}

size_t tr_simulation_pool_count(const tr_simulation *simulation) {
    return simulation->stations.count;
}

tr_pool_result tr_simulation_pool_at(const tr_simulation *simulation, size_t index) {
    const tr_station *station = &simulation->stations.items[index];
    return (tr_pool_result){.pool = station->pool,
                            .value = station->value,
                            .capacity = station->capacity,
                            .max_queue = station->max_waiting,
                            .asked_count = station->joined,
                            .waiting_count = station->waiting,
                            .span_ns = simulation->now_ns - simulation->stations.begin_ns,
                            .queue = station->lengths,
                            .taken = station->occupied,
                            .wait_ns = station->waits};
}

void tr_simulation_close(tr_simulation *simulation) {
    if (simulation == NULL) {
        return;
    }
    tr_simulation_clear_queue(&simulation->unasked);
    while (simulation->traces != NULL) {
        tr_simulation_clear_queue(&simulation->traces->slot_queue);
        tr_simulation_free_trace(simulation, simulation->traces);
    }
    while (simulation->first_waiting_trace != NULL) {
        tr_waiting_trace *next = simulation->first_waiting_trace->next;
        free(simulation->first_waiting_trace);
        simulation->first_waiting_trace = next;
    }
    tr_population_free(simulation);
    tr_simulated_log_close(&simulation->log);
    tr_measured_log_close(&simulation->measured);
    tr_probe_trace_free(simulation->probe);
    tr_event_queue_free(&simulation->events);
    tr_stations_free(&simulation->stations);
    tr_program_maker_free(simulation->maker);
    tr_node_views_free(simulation->views);
    free(simulation->views);
    tr_loops_free(&simulation->loops);
    free(simulation->record);
    free(simulation);
}
