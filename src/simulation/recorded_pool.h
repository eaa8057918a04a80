/* A pool as it was when the log was recorded: followed turn by turn, three times, each time from its beginning. */
#ifndef TRACEREEL_RECORDED_POOL_H
#define TRACEREEL_RECORDED_POOL_H

#include "simulation/contention.h"
#include "simulation/occupancy.h"
#include "simulation/places.h"
#include "simulation/unwritten.h"
#include "tracereel/histogram.h"

/* What has places of its own. */
typedef struct tr_pool_member {
    uint32_t level;         /* how many run */
    uint64_t since_ns;      /* of its last turn */
    uint64_t last_ready_ns; /* the latest of those that have begun */
    tr_places places;
    tr_spells full; /* all places were taken */
    tr_unwritten unwritten;
    bool is_used;
} tr_pool_member;

/* All zero but for the first members of `use` is a pool before its first turn. */
typedef struct tr_recorded_pool {
    tr_pool_use use;    /* kind, and what is said of its capacity, are to be set at first */
    bool is_in_order;   /* nothing is said of another order than by asking: to be set at first, */
    bool is_in_turn;    /* nor is one seen: first come, first served */
    bool is_ever_full;  /* or nearly so: while places change hands, fewer run */
    uint64_t overtaken; /* contended starts that were, for at least half of their waiting */
    tr_pool_member *members;
    size_t member_capacity;
    double *level_ns; /* how long so many ran */
    size_t level_capacity;
    tr_histogram *rests;
    uint64_t max_rest_ns; /* a place that is free for longer is not on its way to somebody who waits */
} tr_recorded_pool;

/* Those that return a bool return false on allocation failure. */

/* First: how many ran for how long. */
bool tr_recorded_pool_note_level(tr_recorded_pool *pool, const tr_turn *turn);
/* Then the capacity to try is known. */
void tr_recorded_pool_end_levels(tr_recorded_pool *pool);
/* Second: whether starts waited for places; how long a place usually stays free while somebody waits. */
bool tr_recorded_pool_note_evidence(tr_recorded_pool *pool, const tr_turn *turn);
/* Then it is known whether it is one, and `use.capacity` is 0 if not. */
void tr_recorded_pool_end_evidence(tr_recorded_pool *pool);
/* Third: what of the turn's wait is contention. */
bool tr_recorded_pool_split(tr_recorded_pool *pool, const tr_turn *turn, tr_wait_part *part);
/* Frees everything but `use`. */
void tr_recorded_pool_free(tr_recorded_pool *pool);

#endif
