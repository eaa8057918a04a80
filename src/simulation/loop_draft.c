#include "simulation/loop_draft.h"

#include <stdlib.h>
#include <string.h>

void tr_draft_free(tr_draft *draft) {
    free(draft->steps);
    free(draft->links);
    free(draft->attempt_twins);
    *draft = (tr_draft){0};
}

static void note_step(tr_draft *draft, uint32_t index, uint32_t origin) {
    tr_draft_step *steps = tr_program_room(draft->steps, index, &draft->step_capacity, sizeof *steps);
    if (steps == NULL) {
        draft->has_failed = true;
        return;
    }
    draft->steps = steps;
    steps[index] = (tr_draft_step){.first_link = TR_NO_STEP, .origin = origin, .block = TR_NO_STEP, .twin = TR_NO_STEP};
}

static void note_run(tr_draft *draft, uint32_t index) {
    uint32_t *twins = tr_program_room(draft->attempt_twins, index, &draft->attempt_twin_capacity, sizeof *twins);
    if (twins == NULL) {
        draft->has_failed = true;
        return;
    }
    draft->attempt_twins = twins;
    twins[index] = TR_NO_STEP;
}

void tr_draft_begin(tr_draft *draft, tr_program *program, const uint64_t *event_ns) {
    draft->program = program;
    draft->event_ns = event_ns;
    draft->recorded_count = program->step_count;
    draft->link_count = 0;
    draft->has_failed = false;
    for (uint32_t i = 0; i < program->step_count && !draft->has_failed; i++) {
        note_step(draft, i, i);
    }
    for (uint32_t i = 0; i < program->attempt_count && !draft->has_failed; i++) {
        note_run(draft, i);
    }
    for (uint32_t i = 0; i < program->step_count && !draft->has_failed; i++) {
        for (uint32_t e = program->steps[i].first_edge; e != TR_NO_STEP; e = program->edges[e].next) {
            tr_draft_wait(draft, program->edges[e].step, i, tr_draft_span(draft, i, program->edges[e].step));
        }
    }
}

uint64_t tr_draft_span(const tr_draft *draft, uint32_t from, uint32_t to) {
    uint64_t from_ns = draft->event_ns[draft->steps[from].origin];
    uint64_t to_ns = draft->event_ns[draft->steps[to].origin];
    return to_ns > from_ns ? to_ns - from_ns : 0;
}

void tr_draft_wait(tr_draft *draft, uint32_t step, uint32_t awaited, uint64_t lag_ns) {
    tr_draft_link *links = draft->has_failed
                               ? NULL
                               : tr_program_room(draft->links, draft->link_count, &draft->link_capacity, sizeof *links);
    if (links == NULL) {
        draft->has_failed = true;
        return;
    }
    draft->links = links;
    links[draft->link_count] =
        (tr_draft_link){.lag_ns = lag_ns, .awaited = awaited, .next = draft->steps[step].first_link};
    draft->steps[step].first_link = draft->link_count++;
}

/* Far from the occurrences of recorded steps and of other copies: multiples of the golden ratio keep their distance. */
static uint32_t occurrence_of_copy(uint32_t occurrence, uint32_t serial) {
    return (occurrence + 1) * UINT32_C(2654435769) + serial;
}

static uint32_t copy_run(tr_draft *draft, uint32_t run, uint32_t start, uint32_t serial) {
    tr_program *program = draft->program;
    tr_node_attempt *runs =
        tr_program_room(program->attempts, program->attempt_count, &program->attempt_capacity, sizeof *runs);
    if (runs == NULL) {
        draft->has_failed = true;
        return TR_NO_STEP;
    }
    program->attempts = runs;
    uint32_t copy = program->attempt_count++;
    runs[copy] = runs[run];
    runs[copy].start = start;
    runs[copy].end = TR_NO_STEP;
    runs[copy].occurrence = occurrence_of_copy(runs[run].occurrence, serial);
    note_run(draft, copy);
    draft->attempt_twins[run] = copy;
    return copy;
}

uint32_t tr_draft_copy(tr_draft *draft, uint32_t step, uint32_t serial) {
    tr_program *program = draft->program;
    uint32_t index = program->step_count;
    tr_step *steps =
        draft->has_failed ? NULL : tr_program_room(program->steps, index, &program->step_capacity, sizeof *steps);
    if (steps == NULL) {
        draft->has_failed = true;
        return step;
    }
    program->steps = steps;
    steps[index] = steps[step];
    program->step_count++;
    note_step(draft, index, draft->steps[step].origin);
    if (draft->has_failed) {
        return step;
    }
    draft->steps[step].twin = index;
    tr_step *copy = &steps[index];
    copy->occurrence = occurrence_of_copy(copy->occurrence, serial);
    copy->piece_of = copy->piece_of == TR_NO_STEP ? TR_NO_STEP : draft->attempt_twins[copy->piece_of];
    if (copy->role == TR_STEP_START) {
        copy->attempt = copy_run(draft, copy->attempt, index, serial);
    } else if (copy->role == TR_STEP_END) {
        copy->attempt = draft->attempt_twins[copy->attempt];
        program->attempts[copy->attempt].end = index;
    }
    return index;
}

uint32_t tr_draft_kept(const tr_draft *draft, uint32_t step, uint64_t *lag_ns) {
    while (draft->steps[step].is_left_out && draft->steps[step].first_link != TR_NO_STEP) {
        const tr_draft_link *latest = &draft->links[draft->steps[step].first_link];
        for (uint32_t i = latest->next; i != TR_NO_STEP; i = draft->links[i].next) {
            latest = draft->links[i].lag_ns < latest->lag_ns ? &draft->links[i] : latest;
        }
        *lag_ns += latest->lag_ns;
        step = latest->awaited;
    }
    return step;
}

/* ---- the end ---- */

static bool add_edge(tr_program *program, uint32_t step, uint32_t awaited, uint64_t lag_ns) {
    tr_edge *edges = tr_program_room(program->edges, program->edge_count, &program->edge_capacity, sizeof *edges);
    if (edges == NULL) {
        return false;
    }
    program->edges = edges;
    tr_step *waiting = &program->steps[step];
    edges[program->edge_count] = (tr_edge){step, program->steps[awaited].first_edge};
    program->steps[awaited].first_edge = program->edge_count++;
    waiting->lag_ns = waiting->waits_for == 0 || lag_ns < waiting->lag_ns ? lag_ns : waiting->lag_ns;
    waiting->waits_for++;
    return true;
}

/* Adds edges for what a step waits for, except what is left out; if all of it is, for what that waited for. `twin` is
 * now each step's new index. */
static bool add_edges(const tr_draft *draft, uint32_t step) {
    const tr_draft_step *drafted = &draft->steps[step];
    bool is_good = true, has_edge = false;
    for (int pass = 0; pass < 2 && !has_edge; pass++) {
        for (uint32_t i = drafted->first_link; i != TR_NO_STEP && is_good; i = draft->links[i].next) {
            uint64_t lag_ns = draft->links[i].lag_ns;
            uint32_t awaited = draft->links[i].awaited;
            if (pass == 0 && draft->steps[awaited].is_left_out) {
                continue;
            }
            awaited = tr_draft_kept(draft, awaited, &lag_ns);
            is_good = add_edge(draft->program, drafted->twin, draft->steps[awaited].twin, lag_ns);
            has_edge = true;
        }
    }
    return is_good;
}

/* Assigns each step its new index; a step that closes the trace stays the last. */
static uint32_t assign_places(tr_draft *draft) {
    uint32_t count = 0, last = draft->recorded_count - 1;
    bool has_close = draft->program->steps[last].role == TR_STEP_CLOSE;
    for (uint32_t i = 0; i < draft->program->step_count; i++) {
        if (!draft->steps[i].is_left_out && !(has_close && i == last)) {
            draft->steps[i].twin = count++;
        }
    }
    if (has_close) {
        draft->steps[last].twin = count++;
    }
    return count;
}

/* Drops the attempts whose start is left out, as all their steps are. The steps are already at their new indexes. */
static void drop_left_out_attempts(tr_draft *draft) {
    tr_program *program = draft->program;
    uint32_t count = 0;
    for (uint32_t i = 0; i < program->attempt_count; i++) {
        tr_node_attempt run = program->attempts[i];
        draft->attempt_twins[i] = TR_NO_STEP;
        if (!draft->steps[run.start].is_left_out) {
            run.start = draft->steps[run.start].twin;
            run.end = run.end == TR_NO_STEP ? TR_NO_STEP : draft->steps[run.end].twin;
            draft->attempt_twins[i] = count;
            program->attempts[count++] = run;
        }
    }
    program->attempt_count = count;
    for (uint32_t i = 0; i < program->step_count; i++) {
        tr_step *step = &program->steps[i];
        step->attempt = step->attempt == TR_NO_STEP ? TR_NO_STEP : draft->attempt_twins[step->attempt];
        step->piece_of = step->piece_of == TR_NO_STEP ? TR_NO_STEP : draft->attempt_twins[step->piece_of];
    }
}

tr_status tr_draft_end(tr_draft *draft) {
    tr_program *program = draft->program;
    uint32_t old_count = program->step_count;
    uint32_t count = draft->has_failed ? 0 : assign_places(draft);
    tr_step *steps = draft->has_failed ? NULL : calloc((size_t)count + 1, sizeof *steps);
    if (steps == NULL) {
        return TR_ERROR_MEMORY;
    }
    for (uint32_t i = 0; i < old_count; i++) {
        if (!draft->steps[i].is_left_out) {
            tr_step *step = &steps[draft->steps[i].twin];
            *step = program->steps[i];
            step->first_edge = TR_NO_STEP;
            step->waits_for = 0;
        }
    }
    free(program->steps);
    program->steps = steps;
    program->step_count = count;
    program->step_capacity = count + 1;
    program->edge_count = 0;
    drop_left_out_attempts(draft);
    bool is_good = true;
    for (uint32_t i = 0; i < old_count && is_good; i++) {
        is_good = draft->steps[i].is_left_out || add_edges(draft, i);
    }
    return is_good ? TR_OK : TR_ERROR_MEMORY;
}
