/* What an attempt waited for by the flow: which of the spans before it decided when it was ready. */
#ifndef TRACEREEL_AWAITED_H
#define TRACEREEL_AWAITED_H

#include <stdbool.h>
#include <stddef.h>

#include "timing/spans.h"

/* "No such span". */
#define TR_NO_SPAN SIZE_MAX

/* Call when the spans of a trace are in order, before the next function. Returns false on allocation failure. */
bool tr_awaited_prepare(tr_spans *spans, const tr_trace *trace);

/* The last of the first `bound` spans that the span at `self`, whose node is `node` in the flow, waits for: an earlier
 * one of its own entry, or one of a node in its `after` (`must_be_done`: that was done). An instance of a node waits
 * for the same instance of those nodes; where one of them does not have it, and for the node itself, for all. */
size_t tr_awaited_last(const tr_spans *spans, const tr_trace *trace, const tr_flow_node *node, size_t self,
                       size_t bound, bool must_be_done);

#endif
