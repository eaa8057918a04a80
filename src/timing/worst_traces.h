/* The longest traces, kept whole, in a bounded list that merges in any order. */
#ifndef TRACEREEL_WORST_TRACES_H
#define TRACEREEL_WORST_TRACES_H

#include <stdbool.h>
#include <stdint.h>

#include "timing/spans.h"
#include "tracereel/timing.h"

typedef struct tr_worst_traces {
    tr_timed_trace *items; /* longest first, smaller ids first among equals; each owns its spans and suspensions */
    uint32_t count;
    uint32_t limit;
} tr_worst_traces;

/* Returns false on allocation failure. */
bool tr_worst_traces_init(tr_worst_traces *worst, uint32_t limit);
void tr_worst_traces_free(tr_worst_traces *worst);

/* Keeps a trace, whose spans are `spans` and whose path waited as `waits` says, if it is among the longest. Returns
 * false on allocation failure. */
bool tr_worst_traces_add(tr_worst_traces *worst, const tr_trace *trace, const tr_spans *spans,
                         const tr_path_waits *waits, uint64_t suspended_ns);
/* Returns false on allocation failure: part of `from` may have been added. */
bool tr_worst_traces_merge(tr_worst_traces *into, const tr_worst_traces *from);

/* Appends a trace that another list held, whose spans, suspensions and other members are there without its makespan_ns,
 * critical_ns and lanes. Returns TR_OK; TR_ERROR_INVALID where no list holds it at this place; or TR_ERROR_MEMORY:
 * after both the list is as before. */
tr_status tr_worst_traces_restore(tr_worst_traces *worst, const tr_timed_trace *timed);

#endif
