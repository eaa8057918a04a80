/* The places that the recorded nodes took and gave back, in the order of the log. */
#ifndef TRACEREEL_OCCUPANCY_H
#define TRACEREEL_OCCUPANCY_H

#include "files/spool.h"
#include "simulation/event_queue.h"
#include "simulation/pools.h"
#include "simulation/program.h"

typedef enum tr_turn_kind {
    TR_TURN_TAKEN,
    TR_TURN_GIVEN,
    TR_TURN_TAKEN_AGAIN, /* after a wait that held no place: when it was ready is not in the log */
    TR_TURN_PASSED,      /* taken at some time and given back now: its start was not written */
    TR_TURN_NEW          /* a member begins with all places free */
} tr_turn_kind;

/* A place taken or given back. */
typedef struct tr_turn {
    uint64_t time_ns;
    uint64_t ready_ns; /* of a start: when what it waited for was over */
    uint64_t number;   /* of its step, see tr_step */
    uint32_t member;   /* of the pool, from 0: each has places of its own */
    uint16_t pool;
    uint8_t kind;
} tr_turn;

enum { TR_MAX_OCCUPIED_POOLS = UINT16_MAX - 2 };

/* Pools are numbered: those of the scenario in its order, then all nodes, then those of each trace. */
typedef struct tr_occupied_pools {
    const tr_pool *of_nodes;
    size_t count; /* of these */
    bool has_all;
    bool has_traces; /* each trace is a member */
} tr_occupied_pools;

/* The traces of the recording that are open, and what was found so far. */
typedef struct tr_occupancy {
    const tr_recording *recording;
    const tr_flow *flow;
    tr_occupied_pools pools;
    tr_stations stations; /* say which pool a node needs, and are its members */
    tr_spool turns;       /* tr_turn, back to back */
    tr_program_maker *maker;
    tr_event_queue next_steps; /* of open traces: by the number of their next record */
    struct tr_open_chain *open;
    struct tr_open_chain *unused;
    uint64_t next_chain;
    uint32_t member_count; /* traces that were open at once */
} tr_occupancy;

/* On failure, too, close it. What the pointers lead to must outlive it. */
tr_status tr_occupancy_open(tr_occupancy *occupancy, const tr_recording *recording, const tr_flow *flow,
                            const tr_occupied_pools *pools, tr_error *error);
/* Goes on for about `max_steps`. TR_END: `turns` is complete. */
tr_status tr_occupancy_read(tr_occupancy *occupancy, uint64_t max_steps, tr_error *error);
void tr_occupancy_close(tr_occupancy *occupancy);

#endif
