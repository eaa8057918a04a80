/* Leaves out and repeats iterations of loops. The last one, which led to the exit, stays the last. */
#include "simulation/loop_bodies.h"

/* One run of a loop that gets another number of iterations. */
typedef struct change {
    tr_loops *loops;
    tr_draft *draft;
    const tr_recording *recording;
    const tr_loop_run *run;
    uint32_t copies_from; /* between these are copies of its steps that were made for inner loops */
    uint32_t copies_to;
} change;

static bool is_member(const change *now, uint32_t step, uint32_t iteration) {
    return now->draft->steps[step].block == iteration && !now->draft->steps[step].is_left_out;
}

/* Collects what is left of an iteration, its record first. Returns false on allocation failure. */
static bool find_members(const change *now, uint32_t iteration) {
    tr_loops *loops = now->loops;
    uint32_t ranges[2][2] = {{loops->heads[iteration], loops->heads[iteration + 1]},
                             {now->copies_from, now->copies_to}};
    loops->member_count = 0;
    for (int i = 0; i < 2; i++) {
        for (uint32_t step = ranges[i][0]; step < ranges[i][1]; step++) {
            if (is_member(now, step, iteration) &&
                !tr_loops_add(&loops->members, loops->member_count++, &loops->member_capacity, step)) {
                now->draft->has_failed = true;
                return false;
            }
        }
    }
    return true;
}

/* The step of an iteration that the loop's next record waits for; its last step if that record waits for another
 * branch. */
static uint32_t tail_of(const change *now, uint32_t iteration) {
    const tr_draft *draft = now->draft;
    uint32_t head = now->loops->heads[iteration], next = now->loops->heads[iteration + 1];
    const tr_draft_link *latest = NULL;
    for (uint32_t i = draft->steps[next].first_link; i != TR_NO_STEP; i = draft->links[i].next) {
        const tr_draft_link *link = &draft->links[i];
        bool is_inside = draft->steps[link->awaited].origin > head && is_member(now, link->awaited, iteration);
        latest = is_inside && (latest == NULL || link->lag_ns < latest->lag_ns) ? link : latest;
    }
    if (latest != NULL) {
        return latest->awaited;
    }
    for (uint32_t step = next; step-- > head + 1;) {
        if (is_member(now, step, iteration)) {
            return step;
        }
    }
    return head;
}

/* The time from the end of an iteration to the record of the next one, which is a copy of the iteration `source`: as
 * recorded before `source`. The first iteration's record does not show it; then the second one's does or, without one,
 * the exit's. */
static uint64_t lag_of(const change *now, uint32_t source) {
    uint32_t next = source == 0 ? 1 : source;
    return tr_draft_span(now->draft, tail_of(now, next - 1), now->loops->heads[next]);
}

static uint32_t number_of(const change *now, uint32_t step) {
    const tr_step *drafted = &now->draft->program->steps[step];
    tr_record record = tr_loops_record(now->recording, drafted);
    return drafted->is_renumbered ? drafted->iteration : tr_view_iteration(&record);
}

static void set_number(const change *now, uint32_t step, uint32_t number) {
    tr_step *drafted = &now->draft->program->steps[step];
    if (number_of(now, step) != number) {
        drafted->iteration = number;
        drafted->is_renumbered = true;
    }
}

static void wait_only_for(const change *now, uint32_t step, uint32_t awaited, uint64_t lag_ns) {
    now->draft->steps[step].first_link = TR_NO_STEP;
    tr_draft_wait(now->draft, step, awaited, lag_ns);
}

/* Makes a copy wait for the copies of what the step waited for in the same iteration or, if that is nothing, for the
 * iteration's record. */
static void link_copy(const change *now, uint32_t step, uint32_t head, uint32_t copies_from) {
    tr_draft *draft = now->draft;
    uint32_t copy = draft->steps[step].twin;
    for (uint32_t i = draft->steps[step].first_link; i != TR_NO_STEP && !draft->has_failed; i = draft->links[i].next) {
        uint64_t lag_ns = draft->links[i].lag_ns;
        uint32_t twin = draft->steps[tr_draft_kept(draft, draft->links[i].awaited, &lag_ns)].twin;
        if (twin != TR_NO_STEP && twin >= copies_from) {
            tr_draft_wait(draft, copy, twin, lag_ns);
        }
    }
    if (!draft->has_failed && draft->steps[copy].first_link == TR_NO_STEP) {
        tr_draft_wait(draft, copy, draft->steps[head].twin, tr_draft_span(draft, head, step));
    }
}

/* Repeats an iteration after the step `*tail`, which becomes the end of the copy. */
static void repeat(const change *now, uint32_t source, uint32_t serial, uint32_t number, uint32_t *tail) {
    tr_draft *draft = now->draft;
    tr_loops *loops = now->loops;
    uint32_t first_copy = draft->program->step_count, head = loops->heads[source];
    uint32_t source_tail = tail_of(now, source);
    if (!find_members(now, source)) {
        return;
    }
    for (uint32_t i = 0; i < loops->member_count && !draft->has_failed; i++) {
        tr_draft_copy(draft, loops->members[i], serial);
    }
    if (draft->has_failed) {
        return;
    }
    tr_draft_wait(draft, draft->steps[head].twin, *tail, lag_of(now, source));
    for (uint32_t i = 1; i < loops->member_count && !draft->has_failed; i++) {
        link_copy(now, loops->members[i], head, first_copy);
    }
    set_number(now, draft->steps[head].twin, number);
    *tail = draft->steps[source_tail].twin;
}

/* Whether the step waits for an earlier iteration, and for nothing in its own. */
static bool follows_another(const change *now, uint32_t step, uint32_t iteration) {
    const tr_draft *draft = now->draft;
    bool follows = false;
    for (uint32_t i = draft->steps[step].first_link; i != TR_NO_STEP; i = draft->links[i].next) {
        uint32_t awaited = draft->links[i].awaited, origin = draft->steps[awaited].origin;
        if (draft->steps[awaited].block == iteration && origin >= now->loops->heads[iteration]) {
            return false;
        }
        follows |= origin >= now->run->first && origin < now->loops->heads[iteration];
    }
    return follows;
}

/* By a flow without the loop, a node of the last iteration follows its attempt in the previous one. That is no longer
 * the previous one: let it follow its iteration's record. */
static void wait_for_head(const change *now) {
    uint32_t iteration = now->run->iterations - 1, head = now->loops->heads[iteration];
    if (find_members(now, iteration)) {
        for (uint32_t i = 1; i < now->loops->member_count && !now->draft->has_failed; i++) {
            uint32_t step = now->loops->members[i];
            if (follows_another(now, step, iteration)) {
                wait_only_for(now, step, head, tr_draft_span(now->draft, head, step));
            }
        }
    }
}

/* What comes after the repeated iterations and waited for a step in one of them now waits for its latest copy. */
static void wait_for_copies(const change *now, uint32_t next, uint32_t first_copy) {
    tr_draft *draft = now->draft;
    for (uint32_t step = 0; step < first_copy; step++) {
        if (draft->steps[step].origin <= next) {
            continue;
        }
        for (uint32_t i = draft->steps[step].first_link; i != TR_NO_STEP; i = draft->links[i].next) {
            const tr_draft_step *awaited = &draft->steps[draft->links[i].awaited];
            bool is_repeated = awaited->origin >= now->run->first && awaited->origin < next;
            if (is_repeated && awaited->twin != TR_NO_STEP && awaited->twin >= first_copy) {
                draft->links[i].awaited = awaited->twin;
            }
        }
    }
}

/* Repeats those before the last, in their order; a single one is itself repeated. */
static uint32_t lengthen(const change *now) {
    uint32_t recorded = now->run->iterations;
    uint32_t repeated = recorded > 1 ? recorded - 1 : 1;
    uint32_t tail = tail_of(now, repeated - 1), next = now->loops->heads[repeated];
    uint64_t lag_ns = tr_draft_span(now->draft, tail, next);
    uint32_t number = number_of(now, now->loops->heads[repeated - 1]);
    uint32_t first_copy = now->draft->program->step_count;
    for (uint32_t i = 0; i < now->run->wanted - recorded && !now->draft->has_failed; i++) {
        repeat(now, i % repeated, i + 1, ++number, &tail);
    }
    if (!now->draft->has_failed) {
        wait_for_copies(now, next, first_copy);
        wait_only_for(now, next, tail, lag_ns);
    }
    return recorded > 1 ? number + 1 : number;
}

static void leave_out(const change *now, uint32_t from, uint32_t to) {
    tr_draft *draft = now->draft;
    for (uint32_t step = now->run->first; step < now->run->last; step++) {
        uint32_t block = draft->steps[step].block;
        draft->steps[step].is_left_out |= block != TR_NO_STEP && block >= from && block < to;
    }
    for (uint32_t step = now->copies_from; step < now->copies_to; step++) {
        uint32_t block = draft->steps[step].block;
        draft->steps[step].is_left_out |= block != TR_NO_STEP && block >= from && block < to;
    }
}

/* Leaves out those before the last, the latest first. */
static uint32_t shorten(const change *now) {
    tr_draft *draft = now->draft;
    const uint32_t *heads = now->loops->heads;
    uint32_t kept = now->run->wanted - 1, last = heads[now->run->iterations - 1];
    uint32_t tail = kept > 0 ? tail_of(now, kept - 1) : TR_NO_STEP;
    uint64_t lag_ns = lag_of(now, now->run->iterations - 1);
    uint32_t number = kept > 0 ? number_of(now, heads[kept - 1]) + 1 : number_of(now, heads[0]);
    leave_out(now, kept, now->run->iterations - 1);
    if (tail != TR_NO_STEP) {
        wait_only_for(now, last, tail, lag_ns);
    } else { /* it takes the place of the first one */
        draft->steps[last].first_link = draft->steps[heads[0]].first_link;
    }
    return number;
}

/* Marks which steps belong to which iteration, then leaves them out or repeats them. */
static bool change_run(change *now, const tr_loop_rule *rule) {
    tr_loops *loops = now->loops;
    const tr_loop_run *run = now->run;
    uint32_t head = run->first;
    for (uint32_t i = 0; i <= run->iterations; i++) {
        if (!tr_loops_add(&loops->heads, i, &loops->head_capacity, head)) {
            return false;
        }
        head = loops->passes[head].next;
    }
    tr_loops_mark(loops, now->recording, run, rule, now->copies_from);
    uint32_t last = loops->heads[run->iterations - 1];
    uint32_t passes_after = number_of(now, run->last) - number_of(now, last);
    wait_for_head(now);
    uint32_t number = run->wanted > run->iterations ? lengthen(now) : shorten(now);
    if (run->iterations > 1) {
        set_number(now, last, number);
    }
    set_number(now, run->last, number + passes_after);
    return !now->draft->has_failed;
}

tr_status tr_loops_change(tr_loops *loops, const tr_recording *recording, tr_program *program, const uint64_t *event_ns,
                          const tr_loop_rule *rules, size_t rule_count) {
    bool is_changed = false;
    for (uint32_t i = 0; i < loops->exit_count; i++) {
        is_changed = is_changed || loops->runs[loops->by_exit[i]].wanted != loops->runs[loops->by_exit[i]].iterations;
    }
    if (!is_changed) {
        return TR_OK;
    }
    tr_draft *draft = &loops->draft;
    tr_draft_begin(draft, program, event_ns);
    draft->has_failed = draft->has_failed || !tr_loops_find_finishes(loops);
    /* Inner loops come before those around them: their exits do. */
    for (uint32_t i = 0; i < loops->exit_count && !draft->has_failed; i++) {
        const tr_loop_run *run = &loops->runs[loops->by_exit[i]];
        uint32_t inner = i;
        while (inner > 0 && loops->runs[loops->by_exit[inner - 1]].last > run->first) {
            inner--;
        }
        if (!tr_loops_add(&loops->copies_from, i, &loops->copies_capacity, program->step_count)) {
            draft->has_failed = true;
        } else if (run->wanted != run->iterations) {
            change now = {loops, draft, recording, run, loops->copies_from[inner], program->step_count};
            draft->has_failed = !change_run(&now, tr_loops_rule(rules, rule_count, run->node_id));
        }
    }
    return tr_draft_end(draft);
}
