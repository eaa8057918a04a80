/* Contention: what a start waited because the engine that was recorded had no place for it.
 *
 * A start was ready when what it comes after was over. It took the place that was free longest; where that became free
 * only after the start was ready, the time between is contention, and the rest (the time that the engine needed to
 * begin it) is spent in the place. docs/capacity.md has the whole rule. */
#ifndef TRACEREEL_CONTENTION_H
#define TRACEREEL_CONTENTION_H

#include "tracereel/simulation.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A set of nodes that need one of the same places. */
typedef enum tr_pool_kind {
    TR_POOL_OF_SCENARIO,
    TR_POOL_ALL_NODES,
    TR_POOL_OF_TRACE /* each trace has places of its own */
} tr_pool_kind;

/* How its places were used. Sums of times are doubles: they outgrow 64 bits. */
typedef struct tr_pool_use {
    tr_pool_kind kind;
    size_t pool_index; /* of a scenario's pool, in its pools */
    uint32_t capacity; /* recorded; 0: not given, and not found */
    bool is_given;
    uint32_t peak;      /* the most that ran at once, for any time */
    double peak_ns;     /* how long that many ran */
    uint32_t held;      /* that many or more ran for TR_HELD_SHARE of the time in which any ran, and no larger number */
    double held_ns;     /* how long */
    double busy_ns;     /* how long at least one ran */
    double place_ns;    /* sum of the times that places were taken */
    uint64_t members;   /* that have places of their own: values of `by`, traces that were open at once; else 1 */
    uint64_t starts;    /* that the log has; what follows is about these */
    uint64_t contended; /* that took a place which was given back after they were ready, by `capacity` or `held` */
    uint64_t explained; /* of these, those during at least half of whose waiting for it all places were taken */
    double lag_ns;      /* sum of the times from ready to started */
    double contention_ns; /* sum of what of that is contention; 0 without a capacity */
    uint64_t unwritten_starts;
} tr_pool_use;

#define TR_HELD_SHARE 0.01

/* Begins to find the contention in those of its pools that `scenario` says anything of, by `pools`, `limits` or
 * `recorded`; where there are none, in that of all nodes. Its flow says what comes after what; a capacity that it has
 * not `recorded` is found: `held`, if TR_HELD_SHARE of the starts are contended by it, and half of these explained. The
 * recording, and what the flow and the pools point to, must outlive the contention. Close it also after a failure. */
tr_status tr_contention_open(const tr_recording *recording, const tr_scenario *scenario, tr_contention **contention,
                             tr_error *error);
/* Goes on with some of the work. TR_END: all is known. */
tr_status tr_contention_read(tr_contention *contention, tr_error *error);
/* The rest only after TR_END. */
size_t tr_contention_pool_count(const tr_contention *contention);
const tr_pool_use *tr_contention_pool_at(const tr_contention *contention, size_t index);
/* NULL is allowed. Close all simulations that use it first. */
void tr_contention_close(tr_contention *contention);

#ifdef __cplusplus
}
#endif
#endif
