#include "simulation/recorded_pool.h"

#include <stdlib.h>
#include <string.h>

/* As the rests of starts scatter, a longer time is hardly one of them: of memoryless ones, one in a thousand is. */
enum { MEDIAN_RESTS = 10 };

/* Where fewer than one in so many contended starts is overtaken, those are exceptions: they waited for something else
 * first. Last come, first served overtakes half of them. */
enum { MIN_IN_TURN = 4 };

/* Of a capacity: with a larger one than that, none waited for a place. */
#define NEARLY_FULL 0.9

void tr_recorded_pool_free(tr_recorded_pool *pool) {
    for (size_t i = 0; i < pool->member_capacity; i++) {
        tr_places_free(&pool->members[i].places);
        free(pool->members[i].full.items);
        tr_unwritten_free(&pool->members[i].unwritten);
    }
    free(pool->members);
    free(pool->level_ns);
    tr_histogram_free(pool->rests);
    pool->members = NULL;
    pool->level_ns = NULL;
    pool->rests = NULL;
    pool->member_capacity = pool->level_capacity = 0;
}

static void reset(const tr_recorded_pool *pool, tr_pool_member *of) {
    of->level = 0;
    of->last_ready_ns = 0;
    of->full.count = 0;
    tr_places_reset(&of->places, pool->use.capacity);
}

/* Returns NULL on allocation failure. */
static tr_pool_member *member_of(tr_recorded_pool *pool, uint32_t index) {
    if (index >= pool->member_capacity) {
        size_t capacity = ((size_t)index + 1) * 2;
        tr_pool_member *larger = realloc(pool->members, capacity * sizeof *larger);
        if (larger == NULL) {
            return NULL;
        }
        memset(larger + pool->member_capacity, 0, (capacity - pool->member_capacity) * sizeof *larger);
        pool->members = larger;
        pool->member_capacity = capacity;
    }
    pool->use.members += !pool->members[index].is_used;
    pool->members[index].is_used = true;
    return &pool->members[index];
}

/* The time since the member's last turn was spent at its level. Returns false on allocation failure. */
static bool note_level(tr_recorded_pool *pool, tr_pool_member *of, uint64_t now_ns) {
    if (of->level >= pool->level_capacity) {
        size_t capacity = ((size_t)of->level + 1) * 2;
        double *larger = realloc(pool->level_ns, capacity * sizeof *larger);
        if (larger == NULL) {
            return false;
        }
        for (size_t i = pool->level_capacity; i < capacity; i++) {
            larger[i] = 0;
        }
        pool->level_ns = larger;
        pool->level_capacity = capacity;
    }
    pool->level_ns[of->level] += (double)(now_ns - of->since_ns);
    of->since_ns = now_ns;
    return true;
}

/* How many run after the turn. */
static uint32_t level_after(const tr_pool_member *of, const tr_turn *turn) {
    switch ((tr_turn_kind)turn->kind) {
    case TR_TURN_NEW:
        return 0;
    case TR_TURN_PASSED:
        return of->level;
    case TR_TURN_GIVEN:
        return of->level - 1;
    default:
        return of->level + 1;
    }
}

bool tr_recorded_pool_note_level(tr_recorded_pool *pool, const tr_turn *turn) {
    tr_pool_member *of = member_of(pool, turn->member);
    bool is_noted = of != NULL && (turn->kind == TR_TURN_NEW || note_level(pool, of, turn->time_ns));
    if (!is_noted) {
        return false;
    }
    of->since_ns = turn->time_ns;
    of->level = level_after(of, turn);
    pool->use.starts += turn->kind == TR_TURN_TAKEN;
    pool->use.unwritten_starts += turn->kind == TR_TURN_PASSED;
    return true;
}

/* Begins again, with the capacity that is known by now. */
static void rewind_members(tr_recorded_pool *pool) {
    for (size_t i = 0; i < pool->member_capacity; i++) {
        reset(pool, &pool->members[i]);
    }
}

void tr_recorded_pool_end_levels(tr_recorded_pool *pool) {
    tr_pool_use *use = &pool->use;
    for (size_t level = 1; level < pool->level_capacity; level++) {
        use->busy_ns += pool->level_ns[level];
        use->place_ns += pool->level_ns[level] * (double)level;
        if (pool->level_ns[level] > 0) {
            use->peak = (uint32_t)level;
            use->peak_ns = pool->level_ns[level];
        }
    }
    double above_ns = 0;
    for (size_t level = use->peak; level > 0; level--) {
        above_ns += pool->level_ns[level];
        if (above_ns > 0 && above_ns >= use->busy_ns * TR_HELD_SHARE) {
            use->held = (uint32_t)level;
            use->held_ns = above_ns;
            break;
        }
    }
    use->capacity = use->is_given ? use->capacity : use->held;
    pool->is_ever_full = use->peak == 0 || (double)use->peak >= (double)use->capacity * NEARLY_FULL;
    rewind_members(pool);
}

/* ---- evidence ---- */

/* The member's places were all taken since its last turn, or not. Returns false on allocation failure. */
static bool note_full(const tr_recorded_pool *pool, tr_pool_member *of, const tr_turn *turn) {
    bool is_full = of->level > 0 && of->level >= pool->use.capacity && turn->kind != TR_TURN_NEW;
    bool is_noted = !is_full || tr_spells_add(&of->full, of->since_ns, turn->time_ns);
    of->since_ns = turn->time_ns;
    of->level = level_after(of, turn);
    return is_noted;
}

/* Whether the start took a place that it had waited for, and whether all were taken meanwhile. Returns false on
 * allocation failure. */
static bool note_wait(tr_recorded_pool *pool, const tr_pool_member *of, const tr_turn *turn, uint64_t since_ns) {
    uint64_t acquired_ns = since_ns > turn->ready_ns ? since_ns : turn->ready_ns;
    if (since_ns > turn->ready_ns) {
        uint64_t waited_ns = since_ns - turn->ready_ns, full_ns = tr_spells_in(&of->full, turn->ready_ns, since_ns);
        pool->use.contended++;
        pool->use.explained += full_ns >= waited_ns - full_ns;
        uint64_t passed_ns = of->last_ready_ns > turn->ready_ns ? of->last_ready_ns - turn->ready_ns : 0;
        pool->overtaken += passed_ns > waited_ns - waited_ns / 2;
    }
    pool->rests = pool->rests == NULL ? tr_histogram_new() : pool->rests;
    return pool->rests != NULL && tr_histogram_add(pool->rests, turn->time_ns - acquired_ns, 1) == TR_OK;
}

/* Whether no start of the pool was written: then the n-th to be ready is known to be the n-th to begin. */
static bool is_unwritten(const tr_recorded_pool *pool) {
    return pool->use.starts == 0 && pool->use.kind != TR_POOL_OF_TRACE;
}

bool tr_recorded_pool_note_evidence(tr_recorded_pool *pool, const tr_turn *turn) {
    tr_pool_member *of = member_of(pool, turn->member);
    if (of == NULL || !note_full(pool, of, turn)) {
        return false;
    } else if (turn->kind == TR_TURN_NEW) {
        reset(pool, of);
        return true;
    } else if (turn->kind == TR_TURN_GIVEN) {
        return tr_places_give_back(&of->places, turn->time_ns);
    } else if (turn->kind == TR_TURN_PASSED && is_unwritten(pool)) {
        return tr_unwritten_add(&of->unwritten, turn->ready_ns, turn->time_ns);
    }
    uint64_t since_ns;
    bool has_place = tr_places_take(&of->places, &since_ns), is_noted = true;
    if (turn->kind == TR_TURN_TAKEN && has_place) {
        is_noted = note_wait(pool, of, turn, since_ns);
    }
    of->last_ready_ns = turn->ready_ns > of->last_ready_ns ? turn->ready_ns : of->last_ready_ns;
    return is_noted && (turn->kind != TR_TURN_PASSED || tr_places_give_back(&of->places, turn->time_ns));
}

/* Whether the capacity that was tried is pool: it explains most of the waiting, and there is some. */
static bool is_explained(const tr_pool_use *use) {
    return use->contended > 0 && (double)use->contended >= (double)use->starts * TR_HELD_SHARE &&
           use->explained >= use->contended - use->explained;
}

void tr_recorded_pool_end_evidence(tr_recorded_pool *pool) {
    uint64_t median_ns = pool->rests == NULL ? 0 : tr_histogram_quantile(pool->rests, 0.5);
    pool->max_rest_ns = median_ns > UINT64_MAX / MEDIAN_RESTS ? UINT64_MAX : median_ns * MEDIAN_RESTS;
    pool->is_in_turn = pool->is_in_order && pool->overtaken <= pool->use.contended / MIN_IN_TURN;
    pool->use.capacity = pool->use.is_given || is_explained(&pool->use) ? pool->use.capacity : 0;
    rewind_members(pool);
    for (size_t i = 0; i < pool->member_capacity; i++) {
        tr_unwritten_sort(&pool->members[i].unwritten);
    }
}

/* ---- the split ---- */

/* What of a start's wait is contention, where it took a place that was free since `since_ns`. Where its turn is by the
 * order in which nodes ask, and it was overtaken, it asked after those that overtook it were ready; but not if they
 * were ready so soon after it that they may just have begun faster in their places. */
static tr_wait_part part_of(const tr_recorded_pool *pool, const tr_pool_member *of, const tr_turn *turn,
                            uint64_t since_ns) {
    bool is_overtaken = pool->is_in_turn && of->last_ready_ns > turn->ready_ns &&
                        of->last_ready_ns - turn->ready_ns > pool->max_rest_ns;
    uint64_t asked_ns = is_overtaken ? of->last_ready_ns : turn->ready_ns;
    if (since_ns <= asked_ns) {
        return (tr_wait_part){0};
    }
    uint64_t until_ns = tr_spells_first(&of->places.idle, asked_ns, since_ns);
    return (tr_wait_part){.contention_ns = until_ns - asked_ns,
                          .dispatch_ns = until_ns == since_ns ? turn->time_ns - since_ns : 0};
}

/* Of an attempt without a written start, which began at an unknown time before now. */
static tr_wait_part part_of_unwritten(const tr_turn *turn, uint64_t since_ns) {
    return (tr_wait_part){.contention_ns = since_ns > turn->ready_ns ? since_ns - turn->ready_ns : 0};
}

/* A node began, or went on. */
static bool split_wait(tr_recorded_pool *pool, tr_pool_member *of, const tr_turn *turn, tr_wait_part *part) {
    uint64_t since_ns;
    if (!tr_places_take(&of->places, &since_ns)) {
        since_ns = turn->time_ns; /* at one moment, a start can be written before the end that made room for it */
    }
    if (turn->kind == TR_TURN_PASSED) {
        *part = part_of_unwritten(turn, since_ns);
        return tr_places_give_back(&of->places, turn->time_ns);
    }
    *part = part_of(pool, of, turn, since_ns);
    bool is_idle = turn->ready_ns > since_ns && turn->ready_ns - since_ns > pool->max_rest_ns;
    of->last_ready_ns = turn->ready_ns > of->last_ready_ns ? turn->ready_ns : of->last_ready_ns;
    return !is_idle || tr_spells_add(&of->places.idle, since_ns, turn->ready_ns);
}

bool tr_recorded_pool_split(tr_recorded_pool *pool, const tr_turn *turn, tr_wait_part *part) {
    tr_pool_member *of = member_of(pool, turn->member);
    bool can_wait = pool->use.capacity > 0 && pool->is_ever_full, is_done = true;
    *part = (tr_wait_part){0};
    if (of == NULL) {
        return false;
    } else if (turn->kind == TR_TURN_NEW) {
        reset(pool, of);
    } else if (turn->kind == TR_TURN_GIVEN) {
        is_done = tr_places_give_back(&of->places, turn->time_ns);
    } else if (can_wait && turn->kind == TR_TURN_PASSED && is_unwritten(pool)) {
        *part = part_of_unwritten(turn, tr_unwritten_since(&of->unwritten, turn->ready_ns, pool->use.capacity));
    } else if (can_wait) {
        is_done = split_wait(pool, of, turn, part);
    }
    if (turn->kind == TR_TURN_TAKEN) {
        pool->use.lag_ns += (double)(turn->time_ns - turn->ready_ns);
        pool->use.contention_ns += (double)part->contention_ns;
    }
    return is_done;
}
