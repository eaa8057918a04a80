#include "simulation/slots.h"

#include "bytes/fail.h"
#include "simulation/calendar.h"
#include "simulation/schedule.h"

/* ---- where ---- */

/* Finds the attempt's station and, where its trace's metadata say it, its rank there. Returns false on allocation
 * failure. */
static bool place(tr_simulation *simulation, const tr_simulated_trace *trace, tr_node_attempt *attempt) {
    const tr_pool *pool = tr_stations_pool(&simulation->stations, attempt->node_id);
    attempt->station = TR_NO_STATION;
    attempt->is_placed = true;
    if (pool == NULL) {
        return true;
    }
    const tr_program *program = &trace->program;
    uint32_t step = program->steps[attempt->start].record != 0 ? attempt->start
                    : attempt->end != TR_NO_STEP               ? attempt->end
                                                               : 0;
    const tr_recorded *trace_start = tr_recording_at(simulation->recording, program->steps[0].record);
    const tr_recorded *recorded = tr_recording_at(simulation->recording, program->steps[step].record);
    tr_station *station = tr_stations_get(&simulation->stations, pool, tr_pool_value(pool, recorded, trace_start));
    if (station == NULL) {
        return false;
    }
    attempt->station = (uint32_t)(station - simulation->stations.items);
    if (pool->order == TR_ORDER_MEMBER) {
        attempt->rank = tr_pool_rank(tr_pool_priority(pool, trace_start));
        attempt->has_rank = true;
    }
    return true;
}

/* The station that gives these slots to the attempt; NULL: they need none. */
static tr_station *station_for(tr_simulation *simulation, const tr_node_attempt *attempt, tr_slots slots) {
    tr_stations *stations = &simulation->stations;
    uint32_t index = slots == TR_SLOTS_POOL ? attempt->station : stations->has_all ? 0 : TR_NO_STATION;
    return index == TR_NO_STATION ? NULL : &stations->items[index];
}

static bool holds(const tr_simulation *simulation, const tr_node_attempt *attempt) {
    return attempt->station != TR_NO_STATION && simulation->stations.items[attempt->station].pool->holds;
}

bool tr_simulation_asks_priority(tr_simulation *simulation, tr_simulated_trace *trace, tr_node_attempt *attempt,
                                 tr_status *status, tr_error *error) {
    if (simulation->stations.pool_of == NULL || attempt->has_rank) {
        return false;
    } else if (!attempt->is_placed && !place(simulation, trace, attempt)) {
        *status = tr_fail_memory(error, "simulating");
        return false;
    }
    return attempt->station != TR_NO_STATION &&
           simulation->stations.items[attempt->station].pool->order == TR_ORDER_ASK;
}

void tr_simulation_count_work(const tr_simulation *simulation, tr_program *program) {
    const uint64_t *event_ns = tr_program_event_ns(simulation->maker);
    for (uint32_t i = 0; i < program->step_count && simulation->scenario.pool_count > 0; i++) {
        tr_step *step = &program->steps[i];
        uint32_t index = step->piece_of != TR_NO_STEP ? step->piece_of : step->attempt;
        tr_node_attempt *attempt = index == TR_NO_STEP ? NULL : &program->attempts[index];
        const tr_pool *pool = attempt == NULL ? NULL : tr_stations_pool(&simulation->stations, attempt->node_id);
        if (pool == NULL || !pool->has_recorded_calendar) {
            continue;
        }
        uint64_t until_ns = event_ns[i];
        if (step->role == TR_STEP_START && step->piece_of == TR_NO_STEP) {
            uint64_t taken_ns = until_ns - attempt->dispatch_ns;
            attempt->dispatch_ns = tr_calendar_open_ns(&pool->recorded_calendar, taken_ns, until_ns);
            until_ns = taken_ns - attempt->contention_ns;
        }
        uint64_t lag_ns = tr_calendar_open_ns(&pool->recorded_calendar, until_ns - step->lag_ns, until_ns);
        attempt->recorded_ns -= step->piece_of != TR_NO_STEP ? step->lag_ns - lag_ns : 0;
        step->lag_ns = lag_ns;
    }
}

/* ---- taking ---- */

/* Plans the station's opening if somebody waits for nothing else. */
static tr_status expect_opening(tr_simulation *simulation, tr_station *station, tr_error *error) {
    bool waits_for_it = station->waiting > 0 && station->taken < station->capacity && !station->has_opening;
    if (!waits_for_it || tr_station_has_room(station, simulation->now_ns)) {
        return TR_OK;
    }
    tr_queued_event event = {.time_ns = tr_calendar_opening(&station->pool->calendar, simulation->now_ns)};
    event.step = TR_EVENT_OPENING;
    event.series = (uint64_t)(station - simulation->stations.items);
    station->has_opening = true;
    return tr_event_queue_push(&simulation->events, &event) ? TR_OK : tr_fail_memory(error, "simulating");
}

/* Takes one of a station's, or lines up. */
static bool take_of_station(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step,
                            tr_node_attempt *attempt, tr_slots slots, tr_status *status, tr_error *error) {
    tr_station *station = station_for(simulation, attempt, slots);
    if (station == NULL) {
        attempt->slots = (uint8_t)slots;
        return true;
    }
    station->joined++;
    attempt->asked_ns = simulation->now_ns;
    if (station->waiting == 0 && tr_station_has_room(station, simulation->now_ns)) {
        attempt->slots = (uint8_t)slots;
        bool is_taken = tr_station_take(station, simulation->now_ns, simulation->now_ns) == TR_OK;
        *status = is_taken ? TR_OK : tr_fail_memory(error, "simulating");
        return is_taken;
    }
    uint64_t rank = slots == TR_SLOTS_POOL ? attempt->rank : 0;
    if (tr_station_line_up(station, trace, step, rank, simulation->now_ns) != TR_OK) {
        *status = tr_fail_memory(error, "simulating");
        return false;
    }
    attempt->lines_up = (uint8_t)slots;
    trace->references++;
    *status = expect_opening(simulation, station, error);
    return false;
}

static bool take(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, tr_node_attempt *attempt,
                 tr_status *status, tr_error *error) {
    uint32_t max_running = simulation->scenario.limits.nodes_per_trace;
    if (attempt->slots == TR_SLOTS_NONE) {
        if (max_running > 0 && trace->running >= max_running) {
            *status = tr_simulation_enqueue(&trace->slot_queue, trace, step, 0, error);
            return false;
        }
        trace->running++;
        attempt->slots = TR_SLOTS_TRACE;
    }
    for (uint32_t slots = attempt->slots + 1u; slots <= TR_SLOTS_ALL; slots++) {
        if (!take_of_station(simulation, trace, step, attempt, (tr_slots)slots, status, error)) {
            return false;
        }
    }
    attempt->is_under_way = true;
    attempt->is_resting = false;
    return true;
}

uint32_t tr_simulation_waiting_attempt(const tr_simulated_trace *trace, uint32_t step) {
    const tr_step *waiting = &trace->program.steps[step];
    bool goes_on = waiting->piece_of != TR_NO_STEP && trace->program.attempts[waiting->piece_of].is_resting;
    return goes_on ? waiting->piece_of : waiting->attempt;
}

bool tr_simulation_take_slot(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, tr_status *status,
                             tr_error *error) {
    tr_node_attempt *attempt = &trace->program.attempts[trace->program.steps[step].attempt];
    if (!simulation->has_slots) {
        attempt->is_under_way = !attempt->takes_no_slot;
        return true;
    } else if (!attempt->is_placed && !place(simulation, trace, attempt)) {
        *status = tr_fail_memory(error, "simulating");
        return false;
    }
    return (attempt->takes_no_slot && !holds(simulation, attempt)) ||
           take(simulation, trace, step, attempt, status, error);
}

/* ---- admitting ---- */

/* Goes on with a waiter that has got one of its slots, at the present time. */
static tr_status go_further(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, uint32_t index,
                            tr_error *error) {
    tr_status status = TR_OK;
    if (!take(simulation, trace, step, &trace->program.attempts[index], &status, error)) {
        return status;
    }
    return trace->program.steps[step].attempt == index && trace->program.steps[step].role == TR_STEP_START
               ? tr_simulation_push(simulation, trace, step, simulation->now_ns, error)
               : tr_simulation_schedule(simulation, trace, step, error);
}

static tr_status admit_next_of_trace(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error) {
    tr_waiting next;
    if (simulation->is_restarting || !tr_simulation_dequeue(simulation, &trace->slot_queue, &next)) {
        return TR_OK;
    }
    uint32_t attempt = tr_simulation_waiting_attempt(trace, next.step);
    tr_status status = go_further(simulation, trace, next.step, attempt, error);
    trace->references--; /* held by the queue that it left */
    return status;
}

tr_status tr_simulation_refill_station(tr_simulation *simulation, uint32_t index, tr_error *error) {
    tr_status status = TR_OK;
    tr_queued_event next;
    while (status == TR_OK && tr_station_has_room(&simulation->stations.items[index], simulation->now_ns) &&
           tr_event_queue_pop(&simulation->stations.items[index].line, &next)) {
        tr_station *station = &simulation->stations.items[index];
        tr_simulated_trace *trace = next.owner;
        if (trace->is_over) {
            tr_simulation_release(simulation, trace);
            continue;
        }
        uint32_t number = tr_simulation_waiting_attempt(trace, next.step);
        tr_node_attempt *attempt = &trace->program.attempts[number];
        status = tr_station_take(station, attempt->asked_ns, simulation->now_ns);
        status = status == TR_OK ? tr_station_pass_waiting(station, simulation->now_ns) : status;
        station->waiting--;
        attempt->slots = attempt->lines_up;
        attempt->lines_up = TR_SLOTS_NONE;
        status = status == TR_OK ? go_further(simulation, trace, next.step, number, error)
                                 : tr_fail_memory(error, "simulating");
        trace->references--; /* held by the line that it left */
    }
    return status == TR_OK ? expect_opening(simulation, &simulation->stations.items[index], error) : status;
}

tr_status tr_simulation_refill_stations(tr_simulation *simulation, tr_error *error) {
    tr_status status = TR_OK;
    for (uint32_t i = 0; i < simulation->stations.count && status == TR_OK; i++) {
        status = tr_simulation_refill_station(simulation, i, error);
    }
    return status;
}

tr_status tr_simulation_refill(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error) {
    tr_status status = TR_OK;
    uint32_t max_running = simulation->scenario.limits.nodes_per_trace;
    while (trace->slot_queue.first != NULL && trace->running < max_running && status == TR_OK) {
        status = admit_next_of_trace(simulation, trace, error);
    }
    return status;
}

/* ---- giving back ---- */

/* One of a station's is free again, or its waiter has gone. */
static tr_status give_back(tr_simulation *simulation, tr_station *station, bool is_waiter, tr_error *error) {
    if (station == NULL) {
        return TR_OK;
    }
    tr_status passed = is_waiter ? tr_station_pass_waiting(station, simulation->now_ns)
                                 : tr_station_pass_taken(station, simulation->now_ns);
    if (passed != TR_OK) {
        return tr_fail_memory(error, "simulating");
    }
    station->waiting -= is_waiter;
    station->taken -= !is_waiter;
    return is_waiter || simulation->is_restarting
               ? TR_OK
               : tr_simulation_refill_station(simulation, (uint32_t)(station - simulation->stations.items), error);
}

static tr_status release(tr_simulation *simulation, tr_simulated_trace *trace, tr_node_attempt *attempt,
                         tr_error *error) {
    tr_slots slots = (tr_slots)attempt->slots, lines_up = (tr_slots)attempt->lines_up;
    tr_status status = TR_OK;
    attempt->slots = attempt->lines_up = TR_SLOTS_NONE;
    trace->running -= slots >= TR_SLOTS_TRACE;
    if (lines_up != TR_SLOTS_NONE) {
        status = give_back(simulation, station_for(simulation, attempt, lines_up), true, error);
    }
    /* That of all first: a waiter from the trace's queue then joins the end of their lines. */
    for (uint32_t given = slots; given > TR_SLOTS_TRACE && status == TR_OK; given--) {
        status = give_back(simulation, station_for(simulation, attempt, (tr_slots)given), false, error);
    }
    return slots >= TR_SLOTS_TRACE && !trace->is_over && status == TR_OK ? admit_next_of_trace(simulation, trace, error)
                                                                         : status;
}

tr_status tr_simulation_give_slots_back(tr_simulation *simulation, tr_simulated_trace *trace, tr_node_attempt *attempt,
                                        tr_error *error) {
    attempt->is_under_way = attempt->is_resting = false;
    return simulation->has_slots ? release(simulation, trace, attempt, error) : TR_OK;
}

tr_status tr_simulation_rest(tr_simulation *simulation, tr_simulated_trace *trace, tr_node_attempt *attempt,
                             tr_error *error) {
    if (attempt->slots != TR_SLOTS_ALL || holds(simulation, attempt)) {
        return TR_OK;
    }
    attempt->is_resting = true;
    return release(simulation, trace, attempt, error);
}

tr_status tr_simulation_go_on_with(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step,
                                   tr_error *error) {
    uint32_t piece_of = trace->program.steps[step].piece_of;
    tr_node_attempt *attempt = piece_of == TR_NO_STEP ? NULL : &trace->program.attempts[piece_of];
    tr_status status = TR_OK;
    return attempt == NULL || !attempt->is_resting || take(simulation, trace, step, attempt, &status, error)
               ? (status == TR_OK ? tr_simulation_schedule(simulation, trace, step, error) : status)
               : status;
}
