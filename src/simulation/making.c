#include "simulation/making.h"

#include <stdlib.h>

#include "timing/flow.h"

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

uint32_t tr_making_add_step(tr_making *now, tr_step_role role, uint64_t record, const tr_recorded *recorded) {
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

void tr_making_wait(tr_making *now, uint32_t step, uint32_t awaited) {
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

/* So many edges at most join ends of instances: where many nodes follow many instances each, the later ones wait for
 * the latest end alone. */
enum { MAX_JOINED = 1 << 20 };

/* Waits for the node's end, or those of all of its instances. */
static void wait_for_ends(tr_making *now, uint32_t step, const tr_node_view *node) {
    tr_making_wait(now, step, node->last_end);
    for (uint32_t i = node->first_end; i != TR_NO_STEP && now->joined_count < MAX_JOINED; now->joined_count++) {
        const tr_instance_end *end = &now->maker->ends[i];
        tr_making_wait(now, step, end->step);
        i = end->next;
    }
}

/* Without a flow: what ended last. Where that was the last one of parallel instances, what follows waits for all. */
static void wait_for_latest(tr_making *now, uint32_t step) {
    tr_making_wait(now, step, now->latest_end);
    if (now->latest_end != now->latest_fan || now->latest_fan == TR_NO_STEP) {
        return;
    }
    const tr_node_view *node = tr_node_views_find(&now->maker->views, now->fan_node);
    if (node != NULL && node->open_count == 0) {
        wait_for_ends(now, step, node);
    }
}

/* What ended last or, with a flow, all that it comes after, and its own last attempt; the trace's start if it comes
 * after nothing. */
void tr_making_wait_to_start(tr_making *now, uint32_t step, uint32_t node_id) {
    const tr_flow_node *node = tr_flow_find(now->flow, node_id);
    const tr_node_view *own =
        node == NULL ? NULL : tr_node_views_find_instance(&now->maker->views, node_id, now->instance);
    if (own != NULL) {
        tr_making_wait(now, step, own->last_end);
    }
    for (uint32_t i = 0; node != NULL && i < node->after_count; i++) {
        const tr_node_view *view = tr_node_views_find(&now->maker->views, node->after[i]);
        if (view != NULL) {
            wait_for_ends(now, step, view);
        }
    }
    if (!now->has_failed && now->program->steps[step].waits_for == 0) {
        bool comes_first = node != NULL && node->after_count == 0;
        if (comes_first) {
            tr_making_wait(now, step, now->trace_start);
        } else {
            wait_for_latest(now, step);
        }
    }
}

void tr_making_note_begin(tr_making *now, uint32_t node_id) {
    tr_node_view *node = now->instance.length_bytes > 0 ? tr_making_node(now, node_id) : NULL;
    if (node != NULL) {
        node->open_count++;
    }
}

/* Puts the end of an instance into the list of its node, once. */
static void list_end(tr_making *now, uint32_t node_id, uint32_t step) {
    tr_program_maker *maker = now->maker;
    tr_node_view *view = tr_making_view(now, node_id);
    if (view == NULL) {
        return;
    } else if (view->end_place != TR_NO_STEP) {
        maker->ends[view->end_place].step = step;
        return;
    }
    tr_instance_end *ends = tr_program_room(maker->ends, now->end_count, &maker->end_capacity, sizeof *ends);
    if (ends == NULL) {
        now->has_failed = true;
        return;
    }
    maker->ends = ends;
    view->end_place = now->end_count;
    tr_node_view *node = tr_making_node(now, node_id);
    if (node != NULL) {
        ends[now->end_count] = (tr_instance_end){step, node->first_end};
        node->first_end = now->end_count++;
    }
}

void tr_making_note_end(tr_making *now, tr_node_view *view, uint32_t step, bool ran) {
    uint32_t node_id = view->node_id;
    view->last_end = step;
    now->latest_end = step;
    if (now->instance.length_bytes > 0) {
        now->latest_fan = step;
        now->fan_node = node_id;
        list_end(now, node_id, step);
        tr_node_view *node = ran ? tr_making_node(now, node_id) : NULL;
        if (node != NULL && node->open_count > 0) {
            node->open_count--;
        }
    }
}
