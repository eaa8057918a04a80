#include "simulation/steps.h"

#include "bytes/fail.h"
#include "simulation/branches.h"
#include "simulation/chance.h"
#include "simulation/ends.h"
#include "simulation/faults.h"
#include "simulation/rules.h"
#include "simulation/schedule.h"
#include "simulation/sink.h"
#include "simulation/slots.h"
#include "simulation/waits.h"

static tr_node_attempt *attempt_of(const tr_simulated_trace *trace, uint32_t step) {
    return &trace->program.attempts[trace->program.steps[step].attempt];
}

/* Call when the step has fired: continues what waits for it. */
static tr_status pass_on(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t index, tr_error *error) {
    tr_program *program = &trace->program;
    tr_status status = TR_OK;
    uint8_t role = program->steps[index].role;
    bool is_resume = role == TR_STEP_RESUME || role == TR_STEP_RESUMED;
    trace->fired_count++;
    program->steps[index].has_fired = true;
    for (uint32_t i = program->steps[index].first_edge; i != TR_NO_STEP && status == TR_OK;
         i = program->edges[i].next) {
        tr_step *waiting = &program->steps[program->edges[i].step];
        if (!waiting->has_fired && waiting->role != TR_STEP_CLOSE && --waiting->waits_for == 0) {
            status = is_resume ? tr_simulation_go_on_with(simulation, trace, program->edges[i].step, error)
                               : tr_simulation_schedule(simulation, trace, program->edges[i].step, error);
        }
    }
    return status == TR_OK ? tr_simulation_end_where_done(simulation, trace, error) : status;
}

static tr_status begin_attempt(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t index, tr_error *error) {
    tr_node_attempt *attempt = attempt_of(trace, index);
    if (!trace->program.steps[index].has_fired) {
        return pass_on(simulation, trace, index, error);
    }
    uint64_t end_ns = tr_simulation_after(simulation, attempt, attempt->simulated_ns);
    return tr_simulation_schedule_at(simulation, trace, attempt->end, end_ns, error);
}

static tr_status decide_fail(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t index, tr_error *error) {
    tr_node_attempt *attempt = attempt_of(trace, index);
    const tr_node_rule *rule = tr_simulation_node_rule(simulation, attempt->node_id);
    attempt->fails = false;
    if (rule != NULL && attempt->end != TR_NO_STEP && !attempt->is_error) {
        if (rule->fail == TR_FAIL_ASK) {
            tr_simulation_ask(simulation, TR_QUESTION_NODE_FAIL, trace, index);
            return TR_OK;
        }
        if (rule->fail == TR_FAIL_SHARE) {
            uint64_t chance = tr_node_chance(simulation->scenario.seed, trace->series, TR_PURPOSE_FAIL,
                                             attempt->node_id, attempt->occurrence, attempt->number);
            attempt->fails = (double)(chance >> 11) < rule->fail_share * 9007199254740992.0;
        }
    }
    return begin_attempt(simulation, trace, index, error);
}

/* Delays the step, or lets the engine crash before it, if a fault says so. True: it does not fire now. */
static bool meet_fault(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t index, tr_status *status,
                       tr_error *error) {
    tr_fault_effect effect;
    *status = tr_simulation_meet_fault(simulation, trace, index, &effect, error);
    if (*status == TR_OK && effect.kind == TR_EFFECT_DELAY) {
        *status =
            tr_simulation_push(simulation, trace, index, tr_simulation_add_ns(simulation->now_ns, effect.ns), error);
    } else if (*status == TR_OK && effect.kind == TR_EFFECT_CRASH) {
        simulation->due_crash = (tr_due_crash){.trace = trace, .step = index, .down_ns = effect.ns};
    }
    return *status != TR_OK || effect.kind != TR_EFFECT_NONE;
}

/* The same if the scenario has faults. A start that was not written has no record that one could hit. */
static inline bool is_put_off(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t index, tr_status *status,
                              tr_error *error) {
    return simulation->counts_records && meet_fault(simulation, trace, index, status, error);
}

static tr_status start(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t index, tr_error *error) {
    const tr_step *step = &trace->program.steps[index];
    tr_node_attempt *attempt = attempt_of(trace, index);
    tr_status status = TR_OK;
    attempt->due_ns = attempt->due_ns == UINT64_MAX ? simulation->now_ns : attempt->due_ns;
    if (tr_simulation_is_held(simulation, trace, index, &status, error)) {
        return status;
    }
    if (tr_simulation_asks_priority(simulation, trace, attempt, &status, error)) {
        tr_simulation_ask(simulation, TR_QUESTION_PRIORITY, trace, index);
        return TR_OK;
    }
    if (status == TR_OK && attempt->slots == TR_SLOTS_NONE && step->piece_of != TR_NO_STEP) {
        /* The previous attempt ends here. */
        status = tr_simulation_give_slots_back(simulation, trace, &trace->program.attempts[step->piece_of], error);
    }
    bool needs_slot = status == TR_OK && attempt->slots != TR_SLOTS_ALL;
    if (status != TR_OK || (needs_slot && !tr_simulation_take_slot(simulation, trace, index, &status, error))) {
        return status;
    }
    if (attempt->dispatch_ns > 0 && !attempt->is_dispatched) {
        attempt->is_dispatched = true;
        return tr_simulation_push(simulation, trace, index,
                                  tr_simulation_add_ns(simulation->now_ns, attempt->dispatch_ns), error);
    }
    if (is_put_off(simulation, trace, index, &status, error)) {
        return status;
    }
    status = tr_simulation_write(simulation, trace, step, error);
    const tr_node_rule *rule = tr_simulation_node_rule(simulation, attempt->node_id);
    attempt->simulated_ns = attempt->recorded_ns;
    if (status == TR_OK && rule != NULL) {
        if (rule->time.kind == TR_TIME_ASK) {
            tr_simulation_ask(simulation, TR_QUESTION_NODE_TIME, trace, index);
            return TR_OK;
        }
        attempt->simulated_ns = rule->time.kind == TR_TIME_FIXED ? rule->time.ns
                                : rule->time.kind == TR_TIME_FACTOR
                                    ? tr_simulation_scale(attempt->recorded_ns, rule->time.factor)
                                    : attempt->recorded_ns;
    }
    return status == TR_OK ? decide_fail(simulation, trace, index, error) : status;
}

static uint64_t retry_delay(const tr_node_rule *rule, uint32_t attempt) {
    uint64_t delay_ns = rule->retry_delay_ns;
    for (uint32_t i = 1; i < attempt && rule->retry_factor != 1 && delay_ns != UINT64_MAX && delay_ns != 0; i++) {
        delay_ns = tr_simulation_scale(delay_ns, rule->retry_factor);
    }
    return delay_ns;
}

static tr_status fail_attempt(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t index, tr_error *error) {
    tr_node_attempt *attempt = attempt_of(trace, index);
    const tr_node_rule *rule = tr_simulation_node_rule(simulation, attempt->node_id);
    bool is_fault = trace->fault != NULL && trace->fault->kind == TR_FAULT_ERROR;
    tr_text message = is_fault       ? (tr_text){trace->fault->error, trace->fault->error_bytes}
                      : rule != NULL ? (tr_text){rule->error, rule->error_bytes}
                                     : (tr_text){NULL, 0};
    tr_status status = tr_simulation_write_error(simulation, trace, &trace->program.steps[index], message, error);
    simulation->stats.injected_errors++;
    if (status == TR_OK && rule != NULL && attempt->number <= rule->max_retries) {
        uint64_t again_ns = tr_simulation_add_ns(simulation->now_ns, retry_delay(rule, attempt->number));
        simulation->stats.retries++;
        attempt->number++;
        attempt->due_ns = UINT64_MAX;
        status = tr_simulation_give_slots_back(simulation, trace, attempt, error);
        return status == TR_OK ? tr_simulation_schedule_at(simulation, trace, attempt->start, again_ns, error) : status;
    }
    simulation->stats.given_up_traces++;
    return status == TR_OK ? tr_simulation_end_trace(simulation, trace, error) : status;
}

static tr_status end(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t index, tr_error *error) {
    tr_node_attempt *attempt = attempt_of(trace, index);
    tr_status status = TR_OK;
    if (is_put_off(simulation, trace, index, &status, error)) {
        return status;
    }
    if (attempt->fails || (trace->fault != NULL && trace->fault->kind == TR_FAULT_ERROR)) {
        return fail_attempt(simulation, trace, index, error);
    }
    status = tr_simulation_write(simulation, trace, &trace->program.steps[index], error);
    status = status == TR_OK ? tr_simulation_give_slots_back(simulation, trace, attempt, error) : status;
    if (trace->is_stopping && status == TR_OK) { /* it may have been the last one running */
        status = tr_simulation_requeue_held(simulation, trace, error);
    }
    return status == TR_OK ? pass_on(simulation, trace, index, error) : status;
}

/* Fires a made step, whose record was not recorded. */
static tr_status fire_made(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, tr_error *error) {
    tr_status status = TR_OK;
    if (is_put_off(simulation, trace, step, &status, error)) {
        return status;
    }
    status = tr_simulation_write_made(simulation, trace, step, error);
    return status == TR_OK && step == TR_COMPLETION_STEP ? tr_simulation_end_trace(simulation, trace, error) : status;
}

tr_status tr_simulation_fire(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, tr_error *error) {
    tr_status status = TR_OK;
    if (tr_is_made_step(step)) {
        return fire_made(simulation, trace, step, error);
    }
    tr_step *now = &trace->program.steps[step];
    if (now->is_dead) { /* its attempt may have got slots since */
        return now->role == TR_STEP_START
                   ? tr_simulation_give_slots_back(simulation, trace, attempt_of(trace, step), error)
                   : TR_OK;
    } else if (now->role == TR_STEP_START) {
        return start(simulation, trace, step, error);
    } else if (now->role == TR_STEP_END) {
        return end(simulation, trace, step, error);
    } else if (now->role == TR_STEP_RESUME &&
               tr_simulation_suspension_rule(simulation, now->node_id)->kind == TR_TIME_ASK) {
        now->role = TR_STEP_RESUMED; /* it comes again, without asking */
        tr_simulation_ask(simulation, TR_QUESTION_SUSPENSION_TIME, trace, step);
        return TR_OK;
    }
    if (now->is_suspension && tr_simulation_is_held(simulation, trace, step, &status, error)) {
        return status;
    }
    if (is_put_off(simulation, trace, step, &status, error)) {
        return status;
    }
    status = tr_simulation_write(simulation, trace, now, error);
    if (status == TR_OK && (now->role == TR_STEP_RESUME || now->role == TR_STEP_RESUMED)) {
        status = tr_simulation_leave_wait(simulation, trace, step, error);
    } else if (status == TR_OK && now->is_suspension && now->piece_of != TR_NO_STEP && simulation->has_slots) {
        status = tr_simulation_rest(simulation, trace, &trace->program.attempts[now->piece_of], error);
    }
    return status == TR_OK ? pass_on(simulation, trace, step, error) : status;
}

tr_status tr_simulation_go_on(tr_simulation *simulation, tr_error *error) {
    tr_simulated_trace *trace = simulation->asked_trace;
    uint32_t step = simulation->asked_step;
    tr_question_kind kind = simulation->question.kind;
    uint64_t answer = simulation->answer;
    simulation->is_asking = false;
    if (kind == TR_QUESTION_PRIORITY) {
        attempt_of(trace, step)->rank = tr_pool_rank((int64_t)answer);
        attempt_of(trace, step)->has_rank = true;
        return start(simulation, trace, step, error);
    } else if (kind == TR_QUESTION_NODE_TIME) {
        attempt_of(trace, step)->simulated_ns = answer;
        return decide_fail(simulation, trace, step, error);
    } else if (kind == TR_QUESTION_NODE_FAIL) {
        attempt_of(trace, step)->fails = answer != 0;
        return begin_attempt(simulation, trace, step, error);
    }
    return tr_simulation_schedule_at(simulation, trace, step, tr_simulation_add_ns(simulation->now_ns, answer), error);
}
