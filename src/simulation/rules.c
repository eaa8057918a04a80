#include "simulation/rules.h"

#include "simulation/calendar.h"

uint64_t tr_simulation_add_ns(uint64_t time_ns, uint64_t span_ns) {
    return span_ns > UINT64_MAX - time_ns ? UINT64_MAX : time_ns + span_ns;
}

uint64_t tr_simulation_after(const tr_simulation *simulation, const tr_node_attempt *attempt, uint64_t work_ns) {
    const tr_station *station = attempt->slots < TR_SLOTS_POOL || attempt->station == TR_NO_STATION
                                    ? NULL
                                    : &simulation->stations.items[attempt->station];
    return station == NULL ? tr_simulation_add_ns(simulation->now_ns, work_ns)
                           : tr_calendar_after(&station->pool->calendar, simulation->now_ns, work_ns);
}

/* One product and one sum of doubles, each rounded separately: the same on every machine. */
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

/* The time of one piece of an attempt: its share of the whole; at the end of the attempt the pieces add up to the
 * nanosecond. */
static uint64_t piece_of(tr_node_attempt *attempt, const tr_step *step) {
    uint64_t until_ns = attempt->simulated_ns;
    attempt->elapsed_ns += step->lag_ns;
    if (step->role != TR_STEP_END && step->role != TR_STEP_START && attempt->recorded_ns > 0) {
        double share = (double)attempt->elapsed_ns;
        share /= (double)attempt->recorded_ns;
        until_ns = tr_simulation_scale(attempt->simulated_ns, share);
    } else if (step->role != TR_STEP_END && step->role != TR_STEP_START) {
        until_ns = 0;
    }
    uint64_t piece_ns = until_ns > attempt->passed_ns ? until_ns - attempt->passed_ns : 0;
    attempt->passed_ns += piece_ns;
    return piece_ns;
}

uint64_t tr_simulation_lag(const tr_simulation *simulation, const tr_simulated_trace *trace, const tr_step *step) {
    if (step->piece_of != TR_NO_STEP) {
        tr_node_attempt *attempt = &trace->program.attempts[step->piece_of];
        return attempt->simulated_ns == attempt->recorded_ns ? step->lag_ns : piece_of(attempt, step);
    }
    if (step->role == TR_STEP_RESUME) {
        const tr_time_rule *rule = tr_simulation_suspension_rule(simulation, step->node_id);
        return rule->kind == TR_TIME_FIXED    ? rule->ns
               : rule->kind == TR_TIME_FACTOR ? tr_simulation_scale(step->lag_ns, rule->factor)
                                              : step->lag_ns;
    }
    return step->lag_ns;
}
