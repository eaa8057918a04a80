/* The engine's started_nodes of one trace: ids of nodes, in the order in which they were started.
 *
 * A short list is kept exact. In a long one, where taking entries out one by one would cost the square of its length,
 * an entry stays in its place after its node is done, and is passed over, until enough of them are gathered. */
#ifndef TRACEREEL_STARTED_NODES_H
#define TRACEREEL_STARTED_NODES_H

#include <stdbool.h>

#include "tracereel/trace.h"

/* Adds an entry. False when there is no memory; nothing is changed then. */
bool tr_started_add(tr_trace *trace, tr_node *node);

/* Takes every entry of the node out; the order of the others stays. */
void tr_started_remove(tr_trace *trace, tr_node *node);

/* Adds the entries of another trace, whose nodes this one has. False when there is no memory; some may then be there.
 */
bool tr_started_copy(tr_trace *trace, const tr_trace *from);

/* Frees what the list takes. */
void tr_started_free(tr_trace *trace);

#endif
