/* Nodes that waited for a resume: XERV (the engine) writes no end for them. */
#ifndef TRACEREEL_WAITING_H
#define TRACEREEL_WAITING_H

#include <stdbool.h>

#include "trace/trace_store.h"
#include "tracereel/record.h"
#include "tracereel/trace.h"

/* Call before a trace_resumed is applied: the next record will show whether the node that waited is done. */
void tr_wait_note_resume(tr_trace *trace);

/* Call before the first record after that resume is applied (`is_of_instance`: of an instance of its node). Unless it
 * is the node's own end, the node that waited was done when its trace was resumed. The engine's view does not change:
 * to the engine the node is not done. Returns false on allocation failure. */
bool tr_wait_end(tr_trace *trace, const tr_record *record, bool is_of_instance);

/* The next for an attempt, its node's last, that a resume ended. */
void tr_wait_reopen(tr_trace *trace, tr_node *node, tr_attempt *attempt);

/* Call before a node_done or node_error of the node is applied. Producers other than the engine write one for a node
 * that waited, perhaps long after its trace continued: then that record ends the attempt, not the resume. */
static inline void tr_wait_take_back_end(tr_trace *trace, tr_node *node) {
    tr_attempt *attempt = tr_trace_attempt_of(trace, node);
    if (attempt != NULL && attempt->by_resume) {
        tr_wait_reopen(trace, node, attempt);
    }
}

/* Whether nodes were started and have not ended. A node that waited has ended, though the engine still counts it as
 * started. */
bool tr_wait_has_running_nodes(tr_trace *trace);

#endif
