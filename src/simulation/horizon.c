#include "simulation/horizon.h"

#include <inttypes.h>
#include <stdio.h>

#include "bytes/fail.h"

/* Sums of times saturate there, so that nothing computed from them would be right. What a crash takes does not matter.
 */
static bool is_past_the_end(const tr_simulation *simulation, const tr_queued_event *event) {
    const tr_scenario *scenario = &simulation->scenario;
    bool is_needed = event->owner == NULL || !((const tr_simulated_trace *)event->owner)->is_over;
    return event->time_ns == UINT64_MAX && is_needed &&
           tr_recording_get_stats(simulation->recording)->last_ns < UINT64_MAX &&
           !(scenario->has_crash && event->time_ns > scenario->crash_ns);
}

static tr_status refuse(const tr_queued_event *event, tr_error *error) {
    const tr_simulated_trace *trace = event->owner;
    char what[64] = "the arrival";
    if (trace != NULL && event->step != TR_RECOVERY_STEP && trace->program.steps[event->step].attempt != TR_NO_STEP) {
        uint32_t attempt = trace->program.steps[event->step].attempt;
        snprintf(what, sizeof what, "node %" PRIu32, trace->program.attempts[attempt].node_id);
    } else if (trace != NULL) {
        snprintf(what, sizeof what, "a record");
    }
    return tr_fail(error, TR_ERROR_ARGUMENT,
                   "the simulated times run past the year 2554, where timestamps end: first %s of trace %" PRIu64
                   "; the scenario has a time, factor, delay or interval that is too long",
                   what, (trace == NULL ? event->series : trace->series) + 1);
}

tr_status tr_simulation_check_time(const tr_simulation *simulation, const tr_queued_event *event, tr_error *error) {
    return is_past_the_end(simulation, event) ? refuse(event, error) : TR_OK;
}
