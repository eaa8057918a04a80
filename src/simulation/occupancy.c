#include "simulation/occupancy.h"

#include <stdlib.h>
#include <string.h>

#include "bytes/fail.h"

/* A recorded trace that has begun and is not over. */
typedef struct tr_open_chain {
    struct tr_open_chain *next;
    struct tr_open_chain *previous;
    tr_program program;
    uint64_t *event_ns; /* of each step */
    uint32_t event_capacity;
    uint32_t step; /* the next one */
    uint32_t member;
} tr_open_chain;

static tr_status fail_memory(tr_error *error) {
    return tr_fail_memory(error, "reading a log's places");
}

tr_status tr_occupancy_open(tr_occupancy *occupancy, const tr_recording *recording, const tr_flow *flow,
                            const tr_occupied_pools *pools, tr_error *error) {
    *occupancy = (tr_occupancy){.recording = recording, .flow = flow, .pools = *pools, .turns = {.file = -1}};
    occupancy->maker = tr_program_maker_new();
    tr_scenario only_pools = {.pools = pools->of_nodes, .pool_count = pools->count};
    if (occupancy->maker == NULL || tr_stations_open(&occupancy->stations, &only_pools) != TR_OK) {
        return fail_memory(error);
    }
    return tr_spool_open(&occupancy->turns, error);
}

static void free_chains(tr_open_chain *chain) {
    while (chain != NULL) {
        tr_open_chain *next = chain->next;
        tr_program_free(&chain->program);
        free(chain->event_ns);
        free(chain);
        chain = next;
    }
}

void tr_occupancy_close(tr_occupancy *occupancy) {
    free_chains(occupancy->open);
    free_chains(occupancy->unused);
    occupancy->open = occupancy->unused = NULL;
    tr_event_queue_free(&occupancy->next_steps);
    tr_program_maker_free(occupancy->maker);
    occupancy->maker = NULL;
    tr_stations_free(&occupancy->stations);
    tr_spool_close(&occupancy->turns);
}

static tr_status add_turn(tr_occupancy *occupancy, size_t pool, uint32_t member, tr_turn turn, tr_error *error) {
    uint64_t offset;
    turn.pool = (uint16_t)pool;
    turn.member = member;
    tr_status status = tr_spool_reserve(&occupancy->turns, sizeof turn, &offset, error);
    if (status == TR_OK) {
        memcpy(occupancy->turns.bytes + offset, &turn, sizeof turn);
    }
    return status;
}

/* Says which places the attempt takes in pools of the scenario. */
static tr_status place(tr_occupancy *occupancy, const tr_open_chain *chain, tr_node_attempt *attempt, tr_error *error) {
    const tr_pool *pool = tr_stations_pool(&occupancy->stations, attempt->node_id);
    attempt->is_placed = true;
    attempt->station = TR_NO_STATION;
    if (pool == NULL) {
        return TR_OK;
    }
    const tr_step *steps = chain->program.steps;
    uint64_t start = steps[attempt->start].record;
    start = start == 0 && attempt->end != TR_NO_STEP ? steps[attempt->end].record : start;
    const tr_recorded *trace_start = tr_recording_at(occupancy->recording, steps[0].record);
    const tr_recorded *recorded = start == 0 ? trace_start : tr_recording_at(occupancy->recording, start);
    tr_station *station = tr_stations_get(&occupancy->stations, pool, tr_pool_value(pool, recorded, trace_start));
    if (station == NULL) {
        return fail_memory(error);
    }
    attempt->station = (uint32_t)(station - occupancy->stations.items);
    return TR_OK;
}

/* The same turn in every pool that the attempt is in. */
static tr_status take_turn(tr_occupancy *occupancy, const tr_open_chain *chain, tr_node_attempt *attempt, tr_turn turn,
                           tr_error *error) {
    const tr_occupied_pools *pools = &occupancy->pools;
    tr_status status = attempt->is_placed ? TR_OK : place(occupancy, chain, attempt, error);
    if (status == TR_OK && attempt->station != TR_NO_STATION) {
        size_t pool = (size_t)(occupancy->stations.items[attempt->station].pool - pools->of_nodes);
        status = add_turn(occupancy, pool, attempt->station, turn, error);
    }
    if (status == TR_OK && pools->has_all) {
        status = add_turn(occupancy, pools->count, 0, turn, error);
    }
    return status == TR_OK && pools->has_traces
               ? add_turn(occupancy, pools->count + pools->has_all, chain->member, turn, error)
               : status;
}

/* ---- open traces ---- */

static tr_open_chain *new_chain(tr_occupancy *occupancy) {
    tr_open_chain *chain = occupancy->unused;
    if (chain == NULL) {
        chain = calloc(1, sizeof *chain);
        if (chain == NULL) {
            return NULL;
        }
        chain->member = occupancy->member_count++;
    } else {
        occupancy->unused = chain->next;
    }
    chain->step = 0;
    chain->previous = NULL;
    chain->next = occupancy->open;
    if (chain->next != NULL) {
        chain->next->previous = chain;
    }
    occupancy->open = chain;
    return chain;
}

static void close_chain(tr_occupancy *occupancy, tr_open_chain *chain) {
    if (chain->previous != NULL) {
        chain->previous->next = chain->next;
    } else {
        occupancy->open = chain->next;
    }
    if (chain->next != NULL) {
        chain->next->previous = chain->previous;
    }
    tr_program_free(&chain->program);
    chain->next = occupancy->unused;
    occupancy->unused = chain;
}

static tr_status wait_for_step(tr_occupancy *occupancy, tr_open_chain *chain, tr_error *error) {
    tr_queued_event event = {.time_ns = chain->program.steps[chain->step].number, .owner = chain};
    return tr_event_queue_push(&occupancy->next_steps, &event) ? TR_OK : fail_memory(error);
}

static tr_status open_next(tr_occupancy *occupancy, tr_error *error) {
    const tr_chain *recorded = tr_recording_trace(occupancy->recording, occupancy->next_chain++);
    tr_open_chain *chain = new_chain(occupancy);
    if (chain == NULL || tr_program_make(occupancy->maker, occupancy->recording, recorded, occupancy->flow, NULL,
                                         &chain->program) != TR_OK) {
        return fail_memory(error);
    }
    uint32_t count = chain->program.step_count;
    if (count > chain->event_capacity) {
        uint64_t *larger = realloc(chain->event_ns, count * sizeof *larger);
        if (larger == NULL) {
            return fail_memory(error);
        }
        chain->event_ns = larger;
        chain->event_capacity = count;
    }
    memcpy(chain->event_ns, tr_program_event_ns(occupancy->maker), count * sizeof *chain->event_ns);
    tr_turn turn = {.kind = TR_TURN_NEW};
    const tr_occupied_pools *pools = &occupancy->pools;
    tr_status status =
        pools->has_traces ? add_turn(occupancy, pools->count + pools->has_all, chain->member, turn, error) : TR_OK;
    return status == TR_OK ? wait_for_step(occupancy, chain, error) : status;
}

/* ---- steps ---- */

static tr_status take(tr_occupancy *occupancy, tr_open_chain *chain, uint32_t attempt, tr_turn turn, tr_error *error) {
    chain->program.attempts[attempt].slots = 1;
    return take_turn(occupancy, chain, &chain->program.attempts[attempt], turn, error);
}

static tr_status give_back(tr_occupancy *occupancy, tr_open_chain *chain, uint32_t attempt, uint64_t now_ns,
                           tr_error *error) {
    if (attempt == TR_NO_STEP || chain->program.attempts[attempt].slots == 0) {
        return TR_OK;
    }
    chain->program.attempts[attempt].slots = 0;
    tr_turn turn = {.kind = TR_TURN_GIVEN, .time_ns = now_ns};
    return take_turn(occupancy, chain, &chain->program.attempts[attempt], turn, error);
}

static tr_status start(tr_occupancy *occupancy, tr_open_chain *chain, const tr_step *step, uint64_t now_ns,
                       tr_error *error) {
    tr_status status = give_back(occupancy, chain, step->piece_of, now_ns, error);
    if (status != TR_OK || chain->program.attempts[step->attempt].takes_no_slot) {
        return status;
    }
    tr_turn turn = {.kind = TR_TURN_TAKEN, .time_ns = now_ns, .number = step->number};
    if (step->record == 0) { /* it is passed when it ends, with that record */
        tr_node_attempt *attempt = &chain->program.attempts[step->attempt];
        turn.kind = TR_TURN_PASSED;
        turn.ready_ns = now_ns;
        turn.time_ns = attempt->end == TR_NO_STEP ? now_ns : chain->event_ns[attempt->end];
        return take_turn(occupancy, chain, attempt, turn, error);
    }
    bool has_waited = step->piece_of == TR_NO_STEP;
    turn.ready_ns = has_waited ? tr_step_ready_ns(occupancy->recording, step, now_ns) : now_ns;
    return take(occupancy, chain, step->attempt, turn, error);
}

/* Whether its pool's nodes keep their places while they wait. */
static bool holds(const tr_occupancy *occupancy, const tr_node_attempt *attempt) {
    return attempt->station != TR_NO_STATION && occupancy->stations.items[attempt->station].pool->holds;
}

/* The node waits, and holds no place meanwhile. Where it goes on afterwards, its resume takes one. */
static tr_status suspend(tr_occupancy *occupancy, tr_open_chain *chain, const tr_step *step, uint64_t now_ns,
                         tr_error *error) {
    const tr_program *program = &chain->program;
    const tr_node_attempt *attempt = step->piece_of == TR_NO_STEP ? NULL : &program->attempts[step->piece_of];
    if (attempt == NULL || attempt->slots == 0 || holds(occupancy, attempt)) {
        return TR_OK;
    }
    for (uint32_t i = step->first_edge; i != TR_NO_STEP; i = program->edges[i].next) {
        tr_step *waiting = &program->steps[program->edges[i].step];
        if (waiting->role == TR_STEP_RESUME && attempt->end != TR_NO_STEP) {
            waiting->attempt = step->piece_of;
        }
    }
    return give_back(occupancy, chain, step->piece_of, now_ns, error);
}

static tr_status do_step(tr_occupancy *occupancy, tr_open_chain *chain, uint32_t index, tr_error *error) {
    const tr_step *step = &chain->program.steps[index];
    uint64_t now_ns = chain->event_ns[index];
    if (step->role == TR_STEP_START) {
        return start(occupancy, chain, step, now_ns, error);
    } else if (step->role == TR_STEP_END) {
        return give_back(occupancy, chain, step->attempt, now_ns, error);
    } else if (step->is_suspension) {
        return suspend(occupancy, chain, step, now_ns, error);
    } else if (step->role == TR_STEP_RESUME && step->attempt != TR_NO_STEP) {
        tr_turn turn = {.kind = TR_TURN_TAKEN_AGAIN, .time_ns = now_ns, .ready_ns = now_ns, .number = step->number};
        return take(occupancy, chain, step->attempt, turn, error);
    }
    return TR_OK;
}

/* Does the steps of the trace's next record. */
static tr_status go_on(tr_occupancy *occupancy, tr_open_chain *chain, tr_error *error) {
    const tr_program *program = &chain->program;
    uint64_t number = program->steps[chain->step].number;
    tr_status status = TR_OK;
    while (chain->step < program->step_count && program->steps[chain->step].number == number && status == TR_OK) {
        status = do_step(occupancy, chain, chain->step++, error);
    }
    if (status != TR_OK) {
        return status;
    } else if (chain->step < program->step_count) {
        return wait_for_step(occupancy, chain, error);
    }
    uint64_t last_ns = chain->event_ns[program->step_count - 1]; /* what has no end keeps its place until then */
    for (uint32_t i = 0; i < program->attempt_count && status == TR_OK; i++) {
        status = give_back(occupancy, chain, i, last_ns, error);
    }
    close_chain(occupancy, chain);
    return status;
}

tr_status tr_occupancy_read(tr_occupancy *occupancy, uint64_t max_steps, tr_error *error) {
    tr_event_queue *next_steps = &occupancy->next_steps;
    for (uint64_t i = 0; i < max_steps; i++) {
        tr_status status = TR_OK;
        bool has_next = occupancy->next_chain < tr_recording_trace_count(occupancy->recording);
        uint64_t next_number =
            has_next ? tr_recording_trace(occupancy->recording, occupancy->next_chain)->number : UINT64_MAX;
        tr_queued_event event;
        if (has_next && (next_steps->count == 0 || next_number < next_steps->items[0].time_ns)) {
            status = open_next(occupancy, error);
        } else if (tr_event_queue_pop(next_steps, &event)) {
            status = go_on(occupancy, event.owner, error);
        } else {
            return TR_END;
        }
        if (status != TR_OK) {
            return status;
        }
    }
    return TR_OK;
}
