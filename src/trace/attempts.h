/* How a record of a node changes its attempts. */
#ifndef TRACEREEL_ATTEMPTS_H
#define TRACEREEL_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/imported.h"
#include "trace/trace_store.h"
#include "tracereel/trace.h"

/* OPEN opens an attempt, and abandons one that is still open; NEED opens an estimated one if none is open; NEED_KNOWN
 * does so unless only a snapshot says that the node runs; CLOSE_DONE and CLOSE_ERROR do as NEED, and close it. */
typedef enum tr_attempts_action {
    TR_ATTEMPTS_KEEP,
    TR_ATTEMPTS_OPEN,
    TR_ATTEMPTS_NEED,
    TR_ATTEMPTS_NEED_KNOWN,
    TR_ATTEMPTS_CLOSE_DONE,
    TR_ATTEMPTS_CLOSE_ERROR
} tr_attempts_action;

/* The node's open attempt, or NULL. */
static inline tr_attempt *tr_attempts_open_of(tr_trace *trace, const tr_node *node) {
    tr_attempt *attempt = tr_trace_attempt_of(trace, node);
    return attempt != NULL && attempt->outcome == TR_OUTCOME_OPEN ? attempt : NULL;
}

/* Ends an open attempt. */
static inline void tr_attempts_end(tr_trace *trace, tr_attempt *attempt, tr_outcome outcome, uint64_t now_ns) {
    attempt->outcome = outcome & 3u;
    attempt->end_ns = now_ns;
    if (tr_own(trace)->imported != NULL) {
        tr_own(trace)->imported->open_attempt_count--;
    }
}

/* Adds what was not expected to `violations`. Returns false on allocation failure. */
bool tr_attempts_change(tr_trace *trace, tr_node *node, tr_attempts_action action, uint64_t now_ns,
                        uint32_t *violations);

#endif
