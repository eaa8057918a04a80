/* The engine's started_nodes of one trace: ids of nodes, in the order in which they were started.
 *
 * A short list is kept exact. In a long one, where removing entries one by one would cost quadratic time, the entry of
 * a node that is done stays in place and is skipped, until enough of them can be removed together. */
#ifndef TRACEREEL_STARTED_NODES_H
#define TRACEREEL_STARTED_NODES_H

#include <stdbool.h>

#include "tracereel/trace.h"

/* Adds an entry. Returns false on allocation failure; nothing is changed then. */
bool tr_started_add(tr_trace *trace, tr_node *node);

/* Removes every entry of the node and keeps the order of the others. */
void tr_started_remove(tr_trace *trace, tr_node *node);

/* Adds the entries of another trace, whose nodes this one must have. Returns false on allocation failure; some may have
 * been added. */
bool tr_started_copy(tr_trace *trace, const tr_trace *from);

/* Frees the list. */
void tr_started_free(tr_trace *trace);

#endif
