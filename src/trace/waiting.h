/* Nodes that waited for a resume, of which the engine writes no end. */
#ifndef TRACEREEL_WAITING_H
#define TRACEREEL_WAITING_H

#include <stdbool.h>

#include "tracereel/record.h"
#include "tracereel/trace.h"

/* To be called before a trace_resumed is applied: what comes next will tell whether the node that waited is over. */
void tr_wait_note_resume(tr_trace *trace);

/* The first record after that resume is about to be applied. Unless it is the node's own end, the node that waited was
 * done when its trace was resumed. What the engine recovers from stays as it is: to the engine the node is not done.
 * False where there is no memory. */
bool tr_wait_end(tr_trace *trace, const tr_record *record);

/* A node_done or node_error of the node is about to be applied. Other producers than the engine write one for a node
 * that waited, perhaps when its trace has long gone on: then that one ends the attempt, and not the resume. */
void tr_wait_take_back_end(tr_trace *trace, tr_node *node);

/* Whether nodes were started and did not end. A node that waited has ended, though the engine still counts it among
 * those that were started. */
bool tr_wait_has_running_nodes(tr_trace *trace);

#endif
