#include "simulation/contention.h"

#include <stdlib.h>
#include <string.h>

#include "bytes/fail.h"
#include "simulation/occupancy.h"
#include "simulation/recorded_pool.h"

/* What is done with the turns, one pass after another. */
typedef enum pass {
    PASS_READ,     /* find the turns */
    PASS_LEVELS,   /* how many ran for how long */
    PASS_EVIDENCE, /* whether starts waited for places; how long a place usually stays free while somebody waits */
    PASS_SPLIT,
    PASS_COMPLETE
} pass;

struct tr_contention {
    tr_occupancy occupancy;
    tr_recorded_pool *pools;
    size_t pool_count;
    pass pass;
    uint64_t at;    /* offset of the next turn */
    tr_spool parts; /* tr_wait_part of each record of the recording */
};

enum { TURNS_AT_ONCE = 65536 };

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
        tr_recorded_pool_free(&contention->pools[i]);
    }
    free(contention->pools);
    tr_spool_close(&contention->parts);
    free(contention);
}

static tr_status fail_memory(tr_error *error) {
    return tr_fail_memory(error, "finding a log's contention");
}

static tr_recorded_pool *add_pool(tr_contention *contention, tr_pool_kind kind, uint32_t recorded) {
    tr_recorded_pool *pool = &contention->pools[contention->pool_count++];
    *pool = (tr_recorded_pool){.is_in_order = true};
    pool->use = (tr_pool_use){.kind = kind, .capacity = recorded, .is_given = recorded > 0};
    return pool;
}

/* In the order of tr_occupied_pools. Returns false on allocation failure. */
static bool add_pools(tr_contention *contention, const tr_scenario *scenario, const tr_occupied_pools *pools) {
    contention->pools = calloc(pools->count + 2, sizeof *contention->pools);
    if (contention->pools == NULL) {
        return false;
    }
    for (size_t i = 0; i < pools->count; i++) {
        tr_recorded_pool *pool = add_pool(contention, TR_POOL_OF_SCENARIO, pools->of_nodes[i].recorded);
        pool->use.pool_index = i;
        pool->is_in_order = pools->of_nodes[i].order == TR_ORDER_FIFO;
    }
    if (pools->has_all) {
        add_pool(contention, TR_POOL_ALL_NODES, scenario->recorded.nodes);
    }
    if (pools->has_traces) {
        add_pool(contention, TR_POOL_OF_TRACE, scenario->recorded.nodes_per_trace);
    }
    return true;
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

static void keep_part(tr_contention *contention, const tr_turn *turn, tr_wait_part part) {
    uint8_t *at = contention->parts.bytes + turn->number * sizeof part;
    tr_wait_part kept;
    memcpy(&kept, at, sizeof kept);
    if (part.contention_ns > kept.contention_ns) { /* of several pools, what was waited for longest */
        memcpy(at, &part, sizeof part);
    }
}

/* Returns false on allocation failure. */
static bool do_turn(tr_contention *contention, const tr_turn *turn) {
    tr_recorded_pool *pool = &contention->pools[turn->pool];
    if (contention->pass == PASS_LEVELS) {
        return tr_recorded_pool_note_level(pool, turn);
    } else if (contention->pass == PASS_EVIDENCE) {
        return tr_recorded_pool_note_evidence(pool, turn);
    }
    tr_wait_part part;
    bool is_done = tr_recorded_pool_split(pool, turn, &part);
    if (part.contention_ns > 0) {
        keep_part(contention, turn, part);
    }
    return is_done;
}

/* ---- passes ---- */

static void end_pass(tr_contention *contention, tr_recorded_pool *pool) {
    if (contention->pass == PASS_LEVELS) {
        tr_recorded_pool_end_levels(pool);
    } else if (contention->pass == PASS_EVIDENCE) {
        tr_recorded_pool_end_evidence(pool);
    } else if (contention->pass == PASS_SPLIT) {
        tr_recorded_pool_free(pool);
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
