#include "simulation/program.h"

#include <stdlib.h>
#include <string.h>

#include "simulation/node_views.h"
#include "simulation/timeout.h"
#include "timing/spans.h"

struct tr_program_maker {
    tr_node_views views;
    uint64_t *event_ns; /* of each step */
    uint32_t event_capacity;
};

/* A chain being made into a program. */
typedef struct making {
    tr_program_maker *maker;
    tr_program *program;
    const tr_flow *flow;
    uint32_t latest_end; /* the latest step that can have made a node ready */
    uint32_t trace_start;
    uint32_t suspended_step;
    uint32_t suspended_node;
    uint32_t suspended_occurrence;
    uint64_t timeout_ns;   /* timeout of that suspension; UINT64_MAX: none */
    uint32_t latest_known; /* step of the latest record of a known type */
    uint32_t kept_count;   /* records of other types since */
    uint32_t other_count;  /* steps of no node */
    bool has_failed;       /* memory ran out */
} making;

tr_program_maker *tr_program_maker_new(void) {
    return calloc(1, sizeof(tr_program_maker));
}

void tr_program_maker_free(tr_program_maker *maker) {
    if (maker != NULL) {
        tr_node_views_free(&maker->views);
        free(maker->event_ns);
        free(maker);
    }
}

void tr_program_free(tr_program *program) {
    free(program->steps);
    free(program->edges);
    free(program->attempts);
    *program = (tr_program){0};
}

void *tr_program_room(void *items, uint32_t count, uint32_t *capacity, size_t size) {
    if (count < *capacity) {
        return items;
    }
    if (count >= UINT32_MAX / 4) {
        return NULL;
    }
    uint32_t larger = *capacity * 2 + 16;
    void *grown = realloc(items, larger * size);
    if (grown != NULL) {
        *capacity = larger;
    }
    return grown;
}

/* The view of a node, valid until the next call. Returns NULL on allocation failure. */
static tr_node_view *view_of(making *now, uint32_t node_id) {
    tr_node_view *view = tr_node_views_get(&now->maker->views, node_id);
    now->has_failed = now->has_failed || view == NULL;
    return view;
}

static uint32_t add_step(making *now, tr_step_role role, uint64_t record, const tr_recorded *recorded) {
    tr_program *program = now->program;
    tr_program_maker *maker = now->maker;
    uint32_t index = program->step_count;
    tr_step *steps = tr_program_room(program->steps, index, &program->step_capacity, sizeof *steps);
    if (steps != NULL) {
        program->steps = steps;
    }
    uint64_t *event_ns = tr_program_room(maker->event_ns, index, &maker->event_capacity, sizeof *event_ns);
    if (event_ns != NULL) {
        maker->event_ns = event_ns;
    }
    if (steps == NULL || event_ns == NULL) {
        now->has_failed = true;
        return TR_NO_STEP;
    }
    steps[index] = (tr_step){.record = record,
                             .number = recorded->number,
                             .first_edge = TR_NO_STEP,
                             .attempt = TR_NO_STEP,
                             .piece_of = TR_NO_STEP,
                             .previous_pass = TR_NO_STEP,
                             .role = (uint8_t)role};
    event_ns[index] = recorded->event_ns;
    program->step_count++;
    return index;
}

/* Makes a step wait for another one; of several, the latest counts. */
static void wait_for(making *now, uint32_t step, uint32_t awaited) {
    tr_program *program = now->program;
    if (now->has_failed || awaited == TR_NO_STEP) {
        return;
    }
    tr_edge *edges = tr_program_room(program->edges, program->edge_count, &program->edge_capacity, sizeof *edges);
    if (edges == NULL) {
        now->has_failed = true;
        return;
    }
    program->edges = edges;
    tr_step *waiting = &program->steps[step];
    edges[program->edge_count] = (tr_edge){step, program->steps[awaited].first_edge};
    program->steps[awaited].first_edge = program->edge_count++;
    uint64_t lag_ns = now->maker->event_ns[step] - now->maker->event_ns[awaited];
    waiting->lag_ns = waiting->waits_for == 0 || lag_ns < waiting->lag_ns ? lag_ns : waiting->lag_ns;
    waiting->waits_for++;
}

/* Adds what a node waits for before it starts: what ended last or, with a flow, all that it comes after, and its own
 * last attempt; the trace's start if it comes after nothing. */
static void wait_to_start(making *now, uint32_t step, uint32_t node_id) {
    const tr_flow_node *node = tr_flow_find(now->flow, node_id);
    const tr_node_view *own = node == NULL ? NULL : tr_node_views_find(&now->maker->views, node_id);
    if (own != NULL) {
        wait_for(now, step, own->last_end);
    }
    for (uint32_t i = 0; node != NULL && i < node->after_count; i++) {
        const tr_node_view *view = tr_node_views_find(&now->maker->views, node->after[i]);
        if (view != NULL) {
            wait_for(now, step, view->last_end);
        }
    }
    if (!now->has_failed && now->program->steps[step].waits_for == 0) {
        bool comes_first = node != NULL && node->after_count == 0;
        wait_for(now, step, comes_first ? now->trace_start : now->latest_end);
    }
}

/* Makes a step a piece of the node's open attempt. */
static void add_piece(making *now, tr_node_view *view, uint32_t step) {
    wait_for(now, step, view->last_piece);
    if (!now->has_failed) {
        now->program->steps[step].piece_of = view->open_attempt;
        now->program->attempts[view->open_attempt].recorded_ns += now->program->steps[step].lag_ns;
        view->last_piece = step;
    }
}

static void open_attempt(making *now, uint32_t node_id, uint32_t step) {
    tr_program *program = now->program;
    tr_node_attempt *attempts =
        tr_program_room(program->attempts, program->attempt_count, &program->attempt_capacity, sizeof *attempts);
    tr_node_view *view = view_of(now, node_id);
    if (attempts == NULL || view == NULL) {
        program->attempts = attempts == NULL ? program->attempts : attempts;
        now->has_failed = true;
        return;
    }
    program->attempts = attempts;
    attempts[program->attempt_count] = (tr_node_attempt){
        .node_id = node_id, .start = step, .end = TR_NO_STEP, .number = 1, .occurrence = view->run_count++};
    program->steps[step].attempt = program->attempt_count;
    view->open_attempt = program->attempt_count++;
    view->last_piece = step;
}

static void start_node(making *now, uint32_t node_id, uint64_t offset, const tr_recorded *recorded) {
    uint32_t step = add_step(now, TR_STEP_START, offset, recorded);
    tr_node_view *view = now->has_failed ? NULL : view_of(now, node_id);
    if (view == NULL) {
        return;
    }
    if (view->open_attempt != TR_NO_STEP) {
        add_piece(now, view, step); /* the attempt before it was abandoned: it lasted until now */
    } else {
        wait_to_start(now, step, node_id);
    }
    if (!now->has_failed) {
        open_attempt(now, node_id, step);
    }
}

/* XERV in production writes no starts: such an attempt begins when what it waits for has fired. */
static void start_unseen(making *now, uint32_t node_id, const tr_recorded *recorded) {
    uint32_t step = add_step(now, TR_STEP_START, 0, recorded);
    if (now->has_failed) {
        return;
    }
    wait_to_start(now, step, node_id);
    if (!now->has_failed) {
        now->maker->event_ns[step] -= now->program->steps[step].lag_ns;
        now->program->steps[step].lag_ns = 0;
        open_attempt(now, node_id, step);
    }
}

static void end_node(making *now, uint32_t node_id, uint64_t offset, const tr_recorded *recorded, bool is_error) {
    tr_node_view *view = view_of(now, node_id);
    if (view != NULL && view->open_attempt == TR_NO_STEP) {
        start_unseen(now, node_id, recorded);
    }
    uint32_t step = now->has_failed ? TR_NO_STEP : add_step(now, TR_STEP_END, offset, recorded);
    view = now->has_failed ? NULL : view_of(now, node_id);
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
        view->last_end = step;
        now->latest_end = step;
    }
}

static void suspend(making *now, uint32_t node_id, uint64_t offset, const tr_recorded *recorded) {
    uint32_t step = add_step(now, TR_STEP_PLAIN, offset, recorded);
    tr_node_view *view = now->has_failed ? NULL : view_of(now, node_id);
    if (view == NULL) {
        return;
    }
    if (view->open_attempt != TR_NO_STEP) {
        add_piece(now, view, step);
    } else {
        wait_for(now, step, now->latest_end);
    }
    if (now->has_failed) {
        return;
    }
    now->program->steps[step].is_suspension = true;
    now->program->steps[step].node_id = node_id;
    now->timeout_ns = tr_timeout_of(recorded);
    now->suspended_step = step;
    now->suspended_node = node_id;
    now->suspended_occurrence = now->program->steps[step].occurrence = view->suspension_count++;
}

static void resume(making *now, uint64_t offset, const tr_recorded *recorded) {
    bool is_suspended = now->suspended_step != TR_NO_STEP;
    uint32_t step = add_step(now, is_suspended ? TR_STEP_RESUME : TR_STEP_PLAIN, offset, recorded);
    if (now->has_failed) {
        return;
    }
    wait_for(now, step, is_suspended ? now->suspended_step : now->latest_end);
    if (now->has_failed) {
        return;
    }
    now->program->steps[step].node_id = now->suspended_node;
    now->program->steps[step].occurrence = now->suspended_occurrence;
    now->program->steps[step].is_timeout = is_suspended && now->program->steps[step].lag_ns >= now->timeout_ns;
    tr_node_view *view = is_suspended ? view_of(now, now->suspended_node) : NULL;
    if (view != NULL) {
        view->last_end = step; /* which counts unless the node's own end is written, too */
        view->last_piece = view->open_attempt != TR_NO_STEP ? step : view->last_piece;
    }
    now->suspended_step = TR_NO_STEP;
    now->latest_end = step;
}

static void pass_loop(making *now, uint32_t node_id, uint64_t offset, const tr_recorded *recorded) {
    uint32_t step = add_step(now, TR_STEP_PLAIN, offset, recorded);
    tr_node_view *view = now->has_failed ? NULL : view_of(now, node_id);
    if (view != NULL) {
        wait_for(now, step, now->latest_end);
        wait_for(now, step, view->last_pass != now->latest_end ? view->last_pass : TR_NO_STEP);
    }
    if (view != NULL && !now->has_failed) {
        now->program->steps[step].occurrence = view->pass_count++;
        now->program->steps[step].previous_pass = view->last_pass;
        view->last_end = view->last_pass = step;
        now->latest_end = step;
    }
}

/* Records without a known cause wait for the previous one. */
static void follow(making *now, tr_step_role role, uint64_t offset, const tr_recorded *recorded) {
    uint32_t step = add_step(now, role, offset, recorded);
    if (!now->has_failed) {
        now->program->steps[step].occurrence = now->other_count++;
        now->trace_start = role == TR_STEP_PLAIN ? step : now->trace_start;
    }
    if (!now->has_failed && step > 0) {
        wait_for(now, step, role == TR_STEP_CLOSE ? step - 1 : now->latest_known);
        now->latest_end = role == TR_STEP_PLAIN ? step : now->latest_end;
    } else if (!now->has_failed) {
        now->latest_end = step;
    }
}

/* A record of another type has neither known causes nor known effects: it waits for the previous one, and only the
 * trace's end waits for it. */
static void keep_other(making *now, uint64_t offset, const tr_recorded *recorded) {
    uint32_t step = add_step(now, TR_STEP_PLAIN, offset, recorded);
    if (!now->has_failed) {
        now->program->steps[step].occurrence = now->kept_count++;
        wait_for(now, step, now->latest_known);
    }
}

static void add_record(making *now, uint64_t offset, const tr_recorded *recorded) {
    tr_record record = tr_recorded_record(recorded);
    uint32_t node_id = tr_record_node_id(&record);
    tr_record_type type = tr_record_type_of(&record);
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
        resume(now, offset, recorded);
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
                          const tr_flow *flow, tr_program *program) {
    *program = (tr_program){0};
    tr_node_views_clear(&maker->views);
    making now = {.maker = maker,
                  .program = program,
                  .flow = flow,
                  .latest_end = TR_NO_STEP,
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
