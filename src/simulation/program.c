#include "simulation/program.h"

#include <stdlib.h>
#include <string.h>

#include "simulation/contention.h"
#include "simulation/making.h"
#include "simulation/member.h"
#include "simulation/timeout.h"

tr_program_maker *tr_program_maker_new(void) {
    return calloc(1, sizeof(tr_program_maker));
}

void tr_program_maker_free(tr_program_maker *maker) {
    if (maker != NULL) {
        tr_node_views_free(&maker->views);
        free(maker->event_ns);
        free(maker->ends);
        free(maker);
    }
}

void tr_program_free(tr_program *program) {
    free(program->steps);
    free(program->edges);
    free(program->attempts);
    *program = (tr_program){0};
}

/* Makes a step a piece of the node's open attempt. */
static void add_piece(tr_making *now, tr_node_view *view, uint32_t step) {
    tr_making_wait(now, step, view->last_piece);
    if (!now->has_failed) {
        now->program->steps[step].piece_of = view->open_attempt;
        now->program->attempts[view->open_attempt].recorded_ns += now->program->steps[step].lag_ns;
        view->last_piece = step;
    }
}

static void open_attempt(tr_making *now, uint32_t node_id, uint32_t step) {
    tr_program *program = now->program;
    tr_node_attempt *attempts =
        tr_program_room(program->attempts, program->attempt_count, &program->attempt_capacity, sizeof *attempts);
    tr_node_view *node = tr_making_node(now, node_id);
    uint32_t occurrence = node == NULL ? 0 : node->run_count++;
    tr_node_view *view = now->instance.length_bytes == 0 ? node : tr_making_view(now, node_id);
    if (attempts == NULL || node == NULL || view == NULL) {
        program->attempts = attempts == NULL ? program->attempts : attempts;
        now->has_failed = true;
        return;
    }
    program->attempts = attempts;
    attempts[program->attempt_count] = (tr_node_attempt){.node_id = node_id,
                                                         .start = step,
                                                         .end = TR_NO_STEP,
                                                         .number = 1,
                                                         .due_ns = UINT64_MAX,
                                                         .occurrence = occurrence};
    program->steps[step].attempt = program->attempt_count;
    view->open_attempt = program->attempt_count++;
    view->last_piece = step;
}

uint64_t tr_step_ready_ns(const tr_recording *recording, const tr_step *step, uint64_t start_ns) {
    tr_text value;
    uint64_t ready_ns = start_ns - step->lag_ns;
    uint64_t scheduled_ns = tr_member_number(tr_recording_at(recording, step->record), "scheduled_ns", &value);
    return scheduled_ns > ready_ns && scheduled_ns < start_ns ? scheduled_ns : ready_ns;
}

/* Takes the contention out of what passes before a start. What is left passes before it asks for a place or, the
 * dispatch, once it has one. */
static void leave_out_contention(tr_making *now, uint32_t step_index) {
    tr_step *step = &now->program->steps[step_index];
    tr_node_attempt *attempt = &now->program->attempts[step->attempt];
    tr_wait_part part = tr_contention_of(now->contention, step->number);
    attempt->contention_ns = part.contention_ns < step->lag_ns ? part.contention_ns : step->lag_ns;
    step->lag_ns -= attempt->contention_ns;
    attempt->dispatch_ns = part.dispatch_ns < step->lag_ns ? part.dispatch_ns : step->lag_ns;
    step->lag_ns -= attempt->dispatch_ns;
}

static void start_node(tr_making *now, uint32_t node_id, uint64_t offset, const tr_recorded *recorded) {
    uint32_t step = tr_making_add_step(now, TR_STEP_START, offset, recorded);
    tr_node_view *view = now->has_failed ? NULL : tr_making_view(now, node_id);
    if (view == NULL) {
        return;
    }
    if (view->open_attempt != TR_NO_STEP) {
        add_piece(now, view, step); /* the attempt before it was abandoned: it lasted until now */
    } else {
        tr_making_wait_to_start(now, step, node_id);
        tr_making_note_begin(now, node_id);
    }
    bool has_waited = now->program->steps[step].piece_of == TR_NO_STEP;
    if (!now->has_failed) {
        open_attempt(now, node_id, step);
    }
    if (!now->has_failed && has_waited && now->contention != NULL) {
        leave_out_contention(now, step);
    }
}

/* XERV in production writes no starts: such an attempt begins when what it waits for has fired. */
static void start_unseen(tr_making *now, uint32_t node_id, const tr_recorded *recorded) {
    uint32_t step = tr_making_add_step(now, TR_STEP_START, 0, recorded);
    if (now->has_failed) {
        return;
    }
    tr_making_wait_to_start(now, step, node_id);
    if (!now->has_failed) {
        uint64_t lag_ns = now->program->steps[step].lag_ns;
        tr_wait_part part = tr_contention_of(now->contention, recorded->number);
        now->maker->event_ns[step] -= part.contention_ns < lag_ns ? lag_ns - part.contention_ns : 0;
        now->program->steps[step].lag_ns = 0;
        open_attempt(now, node_id, step);
    }
}

static void end_node(tr_making *now, uint32_t node_id, uint64_t offset, const tr_recorded *recorded, bool is_error) {
    tr_node_view *view = tr_making_view(now, node_id);
    bool is_begun = view != NULL && view->open_attempt != TR_NO_STEP;
    if (view != NULL && !is_begun) {
        start_unseen(now, node_id, recorded);
    }
    uint32_t step = now->has_failed ? TR_NO_STEP : tr_making_add_step(now, TR_STEP_END, offset, recorded);
    view = now->has_failed ? NULL : is_begun ? view : tr_making_view(now, node_id);
    if (view == NULL) {
        return;
    }
    add_piece(now, view, step);
    if (!now->has_failed) {
        tr_node_attempt *attempt = &now->program->attempts[view->open_attempt];
        attempt->end = step;
        attempt->is_error = is_error;
        now->program->steps[step].attempt = view->open_attempt;
        view->open_attempt = TR_NO_STEP;
        tr_making_note_end(now, view, step, is_begun);
    }
}

static void suspend(tr_making *now, uint32_t node_id, uint64_t offset, const tr_recorded *recorded) {
    uint32_t step = tr_making_add_step(now, TR_STEP_PLAIN, offset, recorded);
    tr_node_view *view = now->has_failed ? NULL : tr_making_view(now, node_id);
    if (view == NULL) {
        return;
    }
    if (view->open_attempt != TR_NO_STEP) {
        add_piece(now, view, step);
    } else {
        tr_making_wait(now, step, now->latest_end);
    }
    if (now->has_failed) {
        return;
    }
    tr_node_view *node = now->instance.length_bytes == 0 ? view : tr_making_node(now, node_id);
    if (node == NULL) {
        return;
    }
    now->program->steps[step].is_suspension = true;
    now->program->steps[step].node_id = node_id;
    now->program->steps[step].occurrence = node->suspension_count++;
    if (now->is_own_wait) {
        view = tr_making_view(now, node_id);
        if (view == NULL) {
            return;
        }
        view->own_wait = step;
        if (view->open_attempt != TR_NO_STEP && now->program->steps[step].lag_ns == 0) {
            now->program->attempts[view->open_attempt].takes_no_slot = true;
        }
        return;
    }
    now->timeout_ns = tr_timeout_of(recorded);
    now->suspended_step = step;
    now->suspended_node = node_id;
    now->suspended_occurrence = now->program->steps[step].occurrence;
}

/* Ends the wait that is the node's own. */
static void resume_own(tr_making *now, uint32_t node_id, uint32_t wait, uint64_t offset, const tr_recorded *recorded) {
    uint32_t step = tr_making_add_step(now, TR_STEP_RESUME, offset, recorded);
    tr_making_wait(now, step, wait);
    tr_node_view *view = now->has_failed ? NULL : tr_making_view(now, node_id);
    if (view == NULL) {
        return;
    }
    now->program->steps[step].node_id = node_id;
    now->program->steps[step].occurrence = now->program->steps[wait].occurrence;
    view->own_wait = TR_NO_STEP;
    view->last_piece = view->open_attempt != TR_NO_STEP ? step : view->last_piece;
    tr_making_note_end(now, view, step, false);
}

static void resume(tr_making *now, uint32_t node_id, uint64_t offset, const tr_recorded *recorded) {
    const tr_node_view *own = now->is_own_wait ? tr_making_view(now, node_id) : NULL;
    if (own != NULL && own->own_wait != TR_NO_STEP) {
        resume_own(now, node_id, own->own_wait, offset, recorded);
        return;
    }
    bool is_suspended = now->suspended_step != TR_NO_STEP;
    uint32_t step = tr_making_add_step(now, is_suspended ? TR_STEP_RESUME : TR_STEP_PLAIN, offset, recorded);
    if (now->has_failed) {
        return;
    }
    tr_making_wait(now, step, is_suspended ? now->suspended_step : now->latest_end);
    if (now->has_failed) {
        return;
    }
    now->program->steps[step].node_id = now->suspended_node;
    now->program->steps[step].occurrence = now->suspended_occurrence;
    now->program->steps[step].is_timeout = is_suspended && now->program->steps[step].lag_ns >= now->timeout_ns;
    tr_node_view *view = is_suspended ? tr_making_view(now, now->suspended_node) : NULL;
    if (view != NULL) {
        view->last_end = step; /* which counts unless the node's own end is written, too */
        view->last_piece = view->open_attempt != TR_NO_STEP ? step : view->last_piece;
    }
    now->suspended_step = TR_NO_STEP;
    now->latest_end = step;
}

static void pass_loop(tr_making *now, uint32_t node_id, uint64_t offset, const tr_recorded *recorded) {
    uint32_t step = tr_making_add_step(now, TR_STEP_PLAIN, offset, recorded);
    tr_node_view *view = now->has_failed ? NULL : tr_making_view(now, node_id);
    if (view != NULL) {
        tr_making_wait(now, step, now->latest_end);
        tr_making_wait(now, step, view->last_pass != now->latest_end ? view->last_pass : TR_NO_STEP);
    }
    if (view != NULL && !now->has_failed) {
        now->program->steps[step].occurrence = view->pass_count++;
        now->program->steps[step].previous_pass = view->last_pass;
        view->last_end = view->last_pass = step;
        now->latest_end = step;
    }
}

/* Records without a known cause wait for the previous one. */
static void follow(tr_making *now, tr_step_role role, uint64_t offset, const tr_recorded *recorded) {
    uint32_t step = tr_making_add_step(now, role, offset, recorded);
    if (!now->has_failed) {
        now->program->steps[step].occurrence = now->other_count++;
        now->trace_start = role == TR_STEP_PLAIN ? step : now->trace_start;
    }
    if (!now->has_failed && step > 0) {
        tr_making_wait(now, step, role == TR_STEP_CLOSE ? step - 1 : now->latest_known);
        now->latest_end = role == TR_STEP_PLAIN ? step : now->latest_end;
    } else if (!now->has_failed) {
        now->latest_end = step;
    }
}

/* A record of another type has neither known causes nor known effects: it waits for the previous one, and only the
 * trace's end waits for it. */
static void keep_other(tr_making *now, uint64_t offset, const tr_recorded *recorded) {
    uint32_t step = tr_making_add_step(now, TR_STEP_PLAIN, offset, recorded);
    if (!now->has_failed) {
        now->program->steps[step].occurrence = now->kept_count++;
        tr_making_wait(now, step, now->latest_known);
    }
}

/* What the metadata of imported logs say of the record. */
static void read_member(tr_making *now, tr_record_type type, const tr_recorded *recorded) {
    tr_text kind;
    bool is_wait = type == TR_TYPE_TRACE_SUSPENDED || type == TR_TYPE_TRACE_RESUMED;
    now->instance.length_bytes = 0;
    now->is_own_wait = false;
    if (!tr_member_has_any(recorded)) {
        return;
    }
    if (type != TR_TYPE_TRACE_START) { /* the only one that users' own metadata are in */
        tr_member_find_text(recorded, "instance", &now->instance);
    }
    now->is_own_wait = is_wait && tr_member_find_text(recorded, "wait", &kind);
}

static void add_record(tr_making *now, uint64_t offset, const tr_recorded *recorded) {
    tr_record record = tr_recorded_record(recorded);
    uint32_t node_id = tr_record_node_id(&record);
    tr_record_type type = tr_record_type_of(&record);
    read_member(now, type, recorded);
    if (now->program->step_count == 0) {
        follow(now, TR_STEP_PLAIN, offset, recorded);
        return;
    }
    switch (type) {
    case TR_TYPE_NODE_START:
        start_node(now, node_id, offset, recorded);
        break;
    case TR_TYPE_NODE_DONE:
    case TR_TYPE_NODE_ERROR:
        end_node(now, node_id, offset, recorded, type == TR_TYPE_NODE_ERROR);
        break;
    case TR_TYPE_TRACE_SUSPENDED:
        suspend(now, node_id, offset, recorded);
        break;
    case TR_TYPE_TRACE_RESUMED:
        resume(now, node_id, offset, recorded);
        break;
    case TR_TYPE_LOOP_ITERATION:
    case TR_TYPE_LOOP_EXIT:
        pass_loop(now, node_id, offset, recorded);
        break;
    case TR_TYPE_TRACE_COMPLETE:
    case TR_TYPE_TRACE_FAILED:
        follow(now, TR_STEP_CLOSE, offset, recorded);
        break;
    case TR_TYPE_TRACE_START:
        follow(now, TR_STEP_PLAIN, offset, recorded);
        break;
    default:
        keep_other(now, offset, recorded);
        return;
    }
    now->latest_known = now->program->step_count - 1;
}

const uint64_t *tr_program_event_ns(const tr_program_maker *maker) {
    return maker->event_ns;
}

tr_status tr_program_make(tr_program_maker *maker, const tr_recording *recording, const tr_chain *chain,
                          const tr_flow *flow, const tr_contention *contention, tr_program *program) {
    *program = (tr_program){0};
    tr_node_views_clear(&maker->views);
    tr_making now = {.maker = maker,
                     .program = program,
                     .flow = flow,
                     .recording = recording,
                     .contention = contention,
                     .latest_end = TR_NO_STEP,
                     .latest_fan = TR_NO_STEP,
                     .trace_start = TR_NO_STEP,
                     .suspended_step = TR_NO_STEP};
    for (uint64_t offset = chain->first; offset != 0 && !now.has_failed;) {
        const tr_recorded *recorded = tr_recording_at(recording, offset);
        add_record(&now, offset, recorded);
        offset = recorded->next;
    }
    if (now.has_failed) {
        tr_program_free(program);
        return TR_ERROR_MEMORY;
    }
    return TR_OK;
}
