#include "simulation/contention.h"

#include <stdlib.h>
#include <string.h>

#include "bytes/fail.h"
#include "simulation/occupancy.h"
#include "simulation/places.h"
#include "tracereel/histogram.h"

/* What is done with the turns, one pass after another. */
typedef enum pass {
    PASS_READ,     /* find the turns */
    PASS_LEVELS,   /* how many ran for how long */
    PASS_EVIDENCE, /* whether starts waited for places; how long a place usually stays free while somebody waits */
    PASS_SPLIT,
    PASS_COMPLETE
} pass;

/* Of a capacity: with a larger one than that, none waited for a place. */
#define NEARLY_FULL 0.9

typedef struct member {
    uint32_t level;         /* how many run */
    uint64_t since_ns;      /* of its last turn */
    uint64_t last_ready_ns; /* the latest of those that have begun */
    tr_places places;
    tr_spells full; /* all places were taken */
    bool is_used;
} member;

typedef struct pool {
    tr_pool_use use;
    member *members;
    size_t member_capacity;
    double *level_ns; /* how long so many ran */
    size_t level_capacity;
    bool is_ever_full;  /* or nearly so: while places change hands, fewer run */
    uint64_t overtaken; /* contended starts that were, for at least half of their waiting */
    bool is_in_order;   /* as far as is said, */
    bool is_in_turn;    /* and seen: places are given to those who ask, first come, first served */
    tr_histogram *rests;
    uint64_t max_rest_ns; /* a place that is free for longer is not on its way to somebody who waits */
} pool;

struct tr_contention {
    tr_occupancy occupancy;
    pool *pools;
    size_t pool_count;
    pass pass;
    uint64_t at;    /* offset of the next turn */
    tr_spool parts; /* tr_wait_part of each record of the recording */
};

enum { TURNS_AT_ONCE = 65536 };

/* As the rests of starts scatter, a longer time is hardly one of them: of memoryless ones, one in a thousand is. */
enum { MEDIAN_RESTS = 10 };

/* Where fewer than one in so many contended starts is overtaken, those are exceptions: they waited for something else
 * first. Last come, first served overtakes half of them. */
enum { MIN_IN_TURN = 4 };

tr_wait_part tr_contention_of(const tr_contention *contention, uint64_t number) {
    tr_wait_part part = {0};
    if (contention != NULL && number < contention->parts.length_bytes / sizeof part) {
        memcpy(&part, contention->parts.bytes + number * sizeof part, sizeof part);
    }
    return part;
}

void tr_contention_close(tr_contention *contention) {
    if (contention == NULL) {
        return;
    }
    tr_occupancy_close(&contention->occupancy);
    for (size_t i = 0; i < contention->pool_count; i++) {
        pool *one = &contention->pools[i];
        for (size_t j = 0; j < one->member_capacity; j++) {
            tr_places_free(&one->members[j].places);
            free(one->members[j].full.items);
        }
        free(one->members);
        free(one->level_ns);
        tr_histogram_free(one->rests);
    }
    free(contention->pools);
    tr_spool_close(&contention->parts);
    free(contention);
}

static tr_status fail_memory(tr_error *error) {
    return tr_fail_memory(error, "finding a log's contention");
}

static bool add_pool(tr_contention *contention, tr_pool_kind kind, uint32_t recorded) {
    pool *one = &contention->pools[contention->pool_count++];
    one->use = (tr_pool_use){.kind = kind, .capacity = recorded, .is_given = recorded > 0};
    one->rests = tr_histogram_new();
    return one->rests != NULL;
}

/* In the order of tr_occupied_pools. Returns false on allocation failure. */
static bool add_pools(tr_contention *contention, const tr_scenario *scenario, const tr_occupied_pools *pools) {
    contention->pools = calloc(pools->count + 2, sizeof *contention->pools);
    bool is_whole = contention->pools != NULL;
    for (size_t i = 0; i < pools->count && is_whole; i++) {
        is_whole = add_pool(contention, TR_POOL_OF_SCENARIO, pools->of_nodes[i].recorded);
        contention->pools[i].use.pool_index = i;
        contention->pools[i].is_in_order = pools->of_nodes[i].order == TR_ORDER_FIFO;
    }
    if (is_whole && pools->has_all) {
        is_whole = add_pool(contention, TR_POOL_ALL_NODES, scenario->recorded.nodes);
        contention->pools[contention->pool_count - 1].is_in_order = true;
    }
    if (is_whole && pools->has_traces) {
        is_whole = add_pool(contention, TR_POOL_OF_TRACE, scenario->recorded.nodes_per_trace);
        contention->pools[contention->pool_count - 1].is_in_order = true;
    }
    return is_whole;
}

tr_status tr_contention_open(const tr_recording *recording, const tr_scenario *scenario, tr_contention **contention,
                             tr_error *error) {
    tr_contention *made = *contention = calloc(1, sizeof *made);
    if (made == NULL) {
        return fail_memory(error);
    }
    made->occupancy.turns.file = made->parts.file = -1;
    const tr_scenario_limits *limits = &scenario->limits, *recorded = &scenario->recorded;
    tr_occupied_pools pools = {.of_nodes = scenario->pools, .count = scenario->pool_count};
    pools.has_traces = limits->nodes_per_trace > 0 || recorded->nodes_per_trace > 0;
    pools.has_all = limits->nodes > 0 || recorded->nodes > 0 || (pools.count == 0 && !pools.has_traces);
    if (pools.count > TR_MAX_OCCUPIED_POOLS) {
        return tr_fail(error, TR_ERROR_ARGUMENT, "a scenario has at most %d pools", TR_MAX_OCCUPIED_POOLS);
    } else if (!add_pools(made, scenario, &pools)) {
        return fail_memory(error);
    }
    return tr_occupancy_open(&made->occupancy, recording, scenario->flow, &pools, error);
}

/* ---- turns ---- */

static void reset(const pool *one, member *of) {
    of->level = 0;
    of->last_ready_ns = 0;
    of->full.count = 0;
    tr_places_reset(&of->places, one->use.capacity);
}

/* Returns NULL on allocation failure. */
static member *member_of(pool *one, uint32_t index) {
    if (index >= one->member_capacity) {
        size_t capacity = ((size_t)index + 1) * 2;
        member *larger = realloc(one->members, capacity * sizeof *larger);
        if (larger == NULL) {
            return NULL;
        }
        memset(larger + one->member_capacity, 0, (capacity - one->member_capacity) * sizeof *larger);
        one->members = larger;
        one->member_capacity = capacity;
    }
    one->use.members += !one->members[index].is_used;
    one->members[index].is_used = true;
    return &one->members[index];
}

/* The time since the member's last turn was spent at its level. Returns false on allocation failure. */
static bool note_level(pool *one, member *of, uint64_t now_ns) {
    if (of->level >= one->level_capacity) {
        size_t capacity = ((size_t)of->level + 1) * 2;
        double *larger = realloc(one->level_ns, capacity * sizeof *larger);
        if (larger == NULL) {
            return false;
        }
        for (size_t i = one->level_capacity; i < capacity; i++) {
            larger[i] = 0;
        }
        one->level_ns = larger;
        one->level_capacity = capacity;
    }
    one->level_ns[of->level] += (double)(now_ns - of->since_ns);
    of->since_ns = now_ns;
    return true;
}

/* How many run after the turn. */
static uint32_t level_after(const member *of, const tr_turn *turn) {
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

static bool pass_level(pool *one, member *of, const tr_turn *turn) {
    if (turn->kind == TR_TURN_NEW) {
        of->since_ns = turn->time_ns;
    } else if (!note_level(one, of, turn->time_ns)) {
        return false;
    }
    of->level = level_after(of, turn);
    one->use.starts += turn->kind == TR_TURN_TAKEN;
    one->use.unwritten_starts += turn->kind == TR_TURN_PASSED;
    return true;
}

/* What of a start's wait is contention, where it took a place that was free since `since_ns`. Where its turn is by the
 * order in which nodes ask, and it was overtaken, it asked after those that overtook it were ready. */
static tr_wait_part part_of(const pool *one, const member *of, const tr_turn *turn, uint64_t since_ns) {
    uint64_t asked_ns = one->is_in_turn && of->last_ready_ns > turn->ready_ns ? of->last_ready_ns : turn->ready_ns;
    if (since_ns <= asked_ns) {
        return (tr_wait_part){0};
    }
    uint64_t until_ns = tr_spells_first(&of->places.idle, asked_ns, since_ns);
    return (tr_wait_part){.contention_ns = until_ns - asked_ns,
                          .dispatch_ns = until_ns == since_ns ? turn->time_ns - since_ns : 0};
}

static void keep_part(tr_contention *contention, const tr_turn *turn, tr_wait_part part) {
    uint8_t *at = contention->parts.bytes + turn->number * sizeof part;
    tr_wait_part kept;
    memcpy(&kept, at, sizeof kept);
    if (part.contention_ns > kept.contention_ns) { /* of several pools, what was waited for longest */
        memcpy(at, &part, sizeof part);
    }
}

/* Whether the start took a place that it had waited for, and whether all were taken meanwhile. Returns false on
 * allocation failure. */
static bool note_evidence(pool *one, const member *of, const tr_turn *turn, uint64_t since_ns) {
    uint64_t acquired_ns = since_ns > turn->ready_ns ? since_ns : turn->ready_ns;
    if (since_ns > turn->ready_ns) {
        uint64_t waited_ns = since_ns - turn->ready_ns, full_ns = tr_spells_in(&of->full, turn->ready_ns, since_ns);
        one->use.contended++;
        one->use.explained += full_ns >= waited_ns - full_ns;
        uint64_t passed_ns = of->last_ready_ns > turn->ready_ns ? of->last_ready_ns - turn->ready_ns : 0;
        one->overtaken += passed_ns > waited_ns - waited_ns / 2;
    }
    return tr_histogram_add(one->rests, turn->time_ns - acquired_ns, 1) == TR_OK;
}

/* Keeps what of the wait of a node that began, or went on, is contention. Returns false on allocation failure. */
static bool split_wait(tr_contention *contention, pool *one, member *of, const tr_turn *turn, uint64_t since_ns) {
    bool can_wait = one->use.capacity > 0 && one->is_ever_full;
    tr_wait_part part = can_wait ? part_of(one, of, turn, since_ns) : (tr_wait_part){0};
    if (part.contention_ns > 0) {
        keep_part(contention, turn, part);
    }
    if (turn->kind == TR_TURN_TAKEN) {
        one->use.lag_ns += (double)(turn->time_ns - turn->ready_ns);
        one->use.contention_ns += (double)part.contention_ns;
    }
    bool is_idle = turn->ready_ns > since_ns && turn->ready_ns - since_ns > one->max_rest_ns;
    return !is_idle || tr_spells_add(&of->places.idle, since_ns, turn->ready_ns);
}

/* The member's places were all taken since its last turn, or not. Returns false on allocation failure. */
static bool note_full(const pool *one, member *of, const tr_turn *turn) {
    bool is_full = of->level > 0 && of->level >= one->use.capacity && turn->kind != TR_TURN_NEW;
    bool is_noted = !is_full || tr_spells_add(&of->full, of->since_ns, turn->time_ns);
    of->since_ns = turn->time_ns;
    of->level = level_after(of, turn);
    return is_noted;
}

static bool pass_places(tr_contention *contention, pool *one, member *of, const tr_turn *turn) {
    if (contention->pass == PASS_EVIDENCE && !note_full(one, of, turn)) {
        return false;
    }
    if (turn->kind == TR_TURN_NEW) {
        reset(one, of);
        return true;
    } else if (turn->kind == TR_TURN_GIVEN) {
        return tr_places_give_back(&of->places, turn->time_ns);
    }
    uint64_t since_ns;
    bool has_place = tr_places_take(&of->places, &since_ns), is_done = true;
    if (contention->pass == PASS_SPLIT) {
        /* At one moment, a start can be written before the end that made room for it. */
        is_done = split_wait(contention, one, of, turn, has_place ? since_ns : turn->time_ns);
    } else if (has_place && turn->kind == TR_TURN_TAKEN) {
        is_done = note_evidence(one, of, turn, since_ns);
    }
    of->last_ready_ns = turn->ready_ns > of->last_ready_ns ? turn->ready_ns : of->last_ready_ns;
    return is_done && (turn->kind != TR_TURN_PASSED || tr_places_give_back(&of->places, turn->time_ns));
}

static bool do_turn(tr_contention *contention, const tr_turn *turn) {
    pool *one = &contention->pools[turn->pool];
    member *of = member_of(one, turn->member);
    return of != NULL &&
           (contention->pass == PASS_LEVELS ? pass_level(one, of, turn) : pass_places(contention, one, of, turn));
}

/* ---- passes ---- */

static void find_held(pool *one) {
    tr_pool_use *use = &one->use;
    for (size_t level = 1; level < one->level_capacity; level++) {
        use->busy_ns += one->level_ns[level];
        use->place_ns += one->level_ns[level] * (double)level;
        if (one->level_ns[level] > 0) {
            use->peak = (uint32_t)level;
            use->peak_ns = one->level_ns[level];
        }
    }
    double above_ns = 0;
    for (size_t level = use->peak; level > 0; level--) {
        above_ns += one->level_ns[level];
        if (above_ns > 0 && above_ns >= use->busy_ns * TR_HELD_SHARE) {
            use->held = (uint32_t)level;
            use->held_ns = above_ns;
            break;
        }
    }
    use->capacity = use->is_given ? use->capacity : use->held;
    one->is_ever_full = use->peak == 0 || (double)use->peak >= (double)use->capacity * NEARLY_FULL;
}

/* Whether the capacity that was tried is one: it explains most of the waiting, and there is some. */
static bool is_explained(const tr_pool_use *use) {
    return use->contended > 0 && (double)use->contended >= (double)use->starts * TR_HELD_SHARE &&
           use->explained >= use->contended - use->explained;
}

static void end_pass(tr_contention *contention, pool *one) {
    if (contention->pass == PASS_LEVELS) {
        find_held(one);
    } else if (contention->pass == PASS_EVIDENCE) {
        uint64_t median_ns = tr_histogram_quantile(one->rests, 0.5);
        one->max_rest_ns = median_ns > UINT64_MAX / MEDIAN_RESTS ? UINT64_MAX : median_ns * MEDIAN_RESTS;
        one->is_in_turn = one->is_in_order && one->overtaken <= one->use.contended / MIN_IN_TURN;
        bool is_found = is_explained(&one->use);
        one->use.capacity = one->use.is_given || is_found ? one->use.capacity : 0;
    }
    for (size_t i = 0; i < one->member_capacity; i++) {
        reset(one, &one->members[i]);
    }
}

static tr_status begin_next_pass(tr_contention *contention, tr_error *error) {
    for (size_t i = 0; i < contention->pool_count; i++) {
        end_pass(contention, &contention->pools[i]);
    }
    contention->at = 0;
    contention->pass = (pass)(contention->pass + 1);
    if (contention->pass == PASS_COMPLETE) {
        tr_occupancy_close(&contention->occupancy);
    } else if (contention->pass == PASS_SPLIT) {
        uint64_t offset, records = tr_recording_get_stats(contention->occupancy.recording)->records;
        tr_status status = tr_spool_open(&contention->parts, error);
        return status == TR_OK
                   ? tr_spool_reserve(&contention->parts, (records + 1) * sizeof(tr_wait_part), &offset, error)
                   : status;
    }
    return TR_OK;
}

tr_status tr_contention_read(tr_contention *contention, tr_error *error) {
    if (contention->pass == PASS_COMPLETE) {
        return TR_END;
    } else if (contention->pass == PASS_READ) {
        tr_status status = tr_occupancy_read(&contention->occupancy, TURNS_AT_ONCE, error);
        return status == TR_END ? begin_next_pass(contention, error) : status;
    }
    const tr_spool *turns = &contention->occupancy.turns;
    for (int i = 0; i < TURNS_AT_ONCE && contention->at < turns->length_bytes; i++) {
        tr_turn turn;
        memcpy(&turn, turns->bytes + contention->at, sizeof turn);
        if (!do_turn(contention, &turn)) {
            return fail_memory(error);
        }
        contention->at += sizeof turn;
    }
    if (contention->at < turns->length_bytes) {
        return TR_OK;
    }
    tr_status status = begin_next_pass(contention, error);
    return status == TR_OK && contention->pass == PASS_COMPLETE ? TR_END : status;
}

size_t tr_contention_pool_count(const tr_contention *contention) {
    return contention->pool_count;
}

const tr_pool_use *tr_contention_pool_at(const tr_contention *contention, size_t index) {
    return &contention->pools[index].use;
}
