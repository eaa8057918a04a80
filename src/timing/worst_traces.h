/* The longest traces, kept whole: a list that is bounded and merges in any order. */
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

/* False when there is no memory. */
bool tr_worst_traces_init(tr_worst_traces *worst, uint32_t limit);
void tr_worst_traces_free(tr_worst_traces *worst);

/* Keeps a trace, laid out in `spans`, if it is among the longest. False when there is no memory. */
bool tr_worst_traces_add(tr_worst_traces *worst, const tr_trace *trace, const tr_spans *spans, uint64_t suspended_ns);
/* False when there is no memory: perhaps a part of it was added. */
bool tr_worst_traces_merge(tr_worst_traces *into, const tr_worst_traces *from);

#endif
