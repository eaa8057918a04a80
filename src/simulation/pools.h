/* Stations: where attempts get slots, or wait for one. Each value of a pool's key has one, and so have all nodes
 * together where `limits.nodes` is given. Whose turn it is is decided here; what becomes of it, in slots.c. */
#ifndef TRACEREEL_POOLS_H
#define TRACEREEL_POOLS_H

#include "simulation/event_queue.h"
#include "simulation/recording.h"

#define TR_NO_STATION UINT32_MAX

typedef struct tr_station {
    const tr_pool *pool; /* NULL: all nodes */
    tr_text value;       /* of the pool's key; length 0: none */
    uint32_t capacity;
    uint32_t taken;
    uint32_t waiting; /* those in `line` whose traces are not over */
    uint32_t max_waiting;
    uint64_t joined;           /* how many asked for a slot, whether they waited or not */
    uint64_t lined_up;         /* how many of them waited */
    tr_event_queue line;       /* by rank, then in the order of joining */
    bool has_opening;          /* an event is queued for when it opens */
    uint64_t taken_since_ns;   /* `taken` has been as it is */
    uint64_t waiting_since_ns; /* `waiting` has been as it is */
    uint64_t unwaited;         /* how many got a slot at once: their waits are not in `waits` yet */
    tr_histogram *lengths;     /* of the line, each for as many nanoseconds as it was that long */
    tr_histogram *occupied;    /* slots taken, each for as many nanoseconds of open time */
    tr_histogram *waits;       /* of those that got a slot */
} tr_station;

typedef struct tr_pool_of_node {
    uint32_t node_id;
    uint32_t pool; /* index */
} tr_pool_of_node;

typedef struct tr_stations {
    tr_station *items; /* that of all nodes first, if there is one; the others as they are needed */
    uint32_t count;
    uint32_t room;
    bool has_all;
    const tr_pool *pools;
    tr_pool_of_node *pool_of; /* by node */
    size_t node_count;
    const tr_pool *pool_of_others; /* or NULL */
    uint32_t *places;              /* hash table of the pools' stations: index + 1; 0: free */
    size_t place_count;
    uint64_t begin_ns; /* since when the time counts */
} tr_stations;

/* Returns TR_OK, or TR_ERROR_MEMORY; free it in either case. `stations` must be all zero. */
tr_status tr_stations_open(tr_stations *stations, const tr_scenario *scenario);
/* Begins to count the time. */
void tr_stations_begin(tr_stations *stations, uint64_t now_ns);
void tr_stations_free(tr_stations *stations);

/* The pool that the node needs, or NULL. */
const tr_pool *tr_stations_pool(const tr_stations *stations, uint32_t node_id);
/* The value of the pool's key for an attempt that begins with `start` in a trace that begins with `trace_start`; length
 * 0: it has none, or the pool has no key. Valid as long as the recording. */
tr_text tr_pool_value(const tr_pool *pool, const tr_recorded *start, const tr_recorded *trace_start);
/* For a pool of TR_ORDER_MEMBER, the number in the metadata of the trace; 0 where there is no whole number. */
int64_t tr_pool_priority(const tr_pool *pool, const tr_recorded *trace_start);
/* The rank in a line that a priority gives: the smallest is next. */
uint64_t tr_pool_rank(int64_t priority);
/* The station of a pool's value, made if it is the first of it; valid until the next call. NULL on allocation failure.
 */
tr_station *tr_stations_get(tr_stations *stations, const tr_pool *pool, tr_text value);

/* Whether one more could have a slot now. */
bool tr_station_has_room(const tr_station *station, uint64_t now_ns);
/* Count the time until now, before `taken`, and `waiting`, change. They return TR_OK or TR_ERROR_MEMORY. */
tr_status tr_station_pass_taken(tr_station *station, uint64_t now_ns);
tr_status tr_station_pass_waiting(tr_station *station, uint64_t now_ns);
/* Counts everything, in all of them, at the end. */
tr_status tr_stations_finish(tr_stations *stations, uint64_t now_ns);
/* Takes a slot for one that has waited since `since_ns`. TR_OK or TR_ERROR_MEMORY. */
tr_status tr_station_take(tr_station *station, uint64_t since_ns, uint64_t now_ns);
/* Puts one into the line: of equal ranks, the first to come. */
tr_status tr_station_line_up(tr_station *station, void *owner, uint32_t step, uint64_t rank, uint64_t now_ns);

#endif
