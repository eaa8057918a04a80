/* How many iterations the loops of a trace do is settled when it arrives, before anything happens in it. */
#include "bytes/fail.h"
#include "simulation/parts.h"

tr_status tr_simulation_find_loops(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error) {
    simulation->arriving = trace;
    simulation->next_loop = 0;
    trace->references++;
    if (tr_loops_find(&simulation->loops, simulation->recording, &trace->program) != TR_OK) {
        return tr_fail_memory(error, "simulating");
    }
    return TR_OK;
}

static void ask(tr_simulation *simulation, const tr_loop_run *run) {
    tr_simulation_ask(simulation, TR_QUESTION_LOOP, simulation->arriving, run->first);
    tr_question *question = &simulation->question;
    question->node_id = run->node_id;
    question->recorded_ns = run->iterations;
    question->luck = tr_simulation_node_chance(simulation, simulation->arriving->series,
                                               (uint64_t)TR_PURPOSE_QUESTION + TR_QUESTION_LOOP, run->node_id,
                                               run->occurrence, question->attempt);
}

/* False: a question is asked. */
static bool settle(tr_simulation *simulation) {
    const tr_scenario *scenario = &simulation->scenario;
    tr_loops *loops = &simulation->loops;
    for (; simulation->next_loop < loops->run_count; simulation->next_loop++) {
        tr_loop_run *run = &loops->runs[simulation->next_loop];
        const tr_loop_rule *rule = tr_loops_rule(scenario->loops, scenario->loop_count, run->node_id);
        if (rule == NULL || !run->has_exit) {
            continue;
        } else if (rule->asks) {
            ask(simulation, run);
            return false;
        }
        run->wanted = rule->iterations;
    }
    return true;
}

tr_status tr_simulation_go_on_arriving(tr_simulation *simulation, tr_error *error) {
    if (!settle(simulation)) {
        return TR_OK;
    }
    const tr_scenario *scenario = &simulation->scenario;
    tr_simulated_trace *trace = simulation->arriving;
    simulation->arriving = NULL;
    tr_status status = tr_loops_change(&simulation->loops, simulation->recording, &trace->program,
                                       tr_program_event_ns(simulation->maker), scenario->loops, scenario->loop_count);
    status = status == TR_OK ? tr_simulation_begin(simulation, trace, error)
                             : tr_fail_memory(error, "simulating a trace's loops");
    tr_simulation_let_go(simulation, trace);
    return status;
}

void tr_simulation_take_iterations(tr_simulation *simulation) {
    simulation->pending = TR_PENDING_NOTHING;
    simulation->loops.runs[simulation->next_loop++].wanted = (uint32_t)simulation->answer;
}
