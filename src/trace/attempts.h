/* How a record of a node changes its attempts. */
#ifndef TRACEREEL_ATTEMPTS_H
#define TRACEREEL_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/imported.h"
#include "trace/internal.h"
#include "trace/trace_store.h"
#include "tracereel/trace.h"

/* OPEN opens an attempt, and abandons one that is still open; NEED opens an estimated one if none is open; CLOSE_DONE
 * and CLOSE_ERROR do as NEED, and close it. */
typedef enum tr_attempts_action {
    TR_ATTEMPTS_KEEP,
    TR_ATTEMPTS_OPEN,
    TR_ATTEMPTS_NEED,
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

/* Adds an attempt whose start was not written: it can have begun when the latest earlier event made it ready. What came
 * before a snapshot is unknown. Returns NULL on allocation failure. */
tr_attempt *tr_attempts_add_estimated(tr_trace *trace, tr_node *node, uint64_t now_ns);

/* Closes the open attempt, or an estimated one. */
static inline bool tr_attempts_close(tr_trace *trace, tr_node *node, tr_outcome outcome, uint64_t now_ns,
                                     uint32_t *violations) {
    tr_attempt *attempt = tr_attempts_open_of(trace, node);
    if (attempt == NULL) {
        attempt = tr_attempts_add_estimated(trace, node, now_ns);
        if (attempt == NULL) {
            return false;
        }
    } else if (now_ns < attempt->start_ns && !attempt->estimated) {
        *violations |= TR_VIOLATION_TIME_BACKWARDS;
    }
    tr_attempts_end(trace, attempt, outcome, now_ns);
    return true;
}

/* Adds what was not expected to `violations`. Returns false on allocation failure. Inlined where it is called: it is
 * part of what every record of a node costs. */
static inline __attribute__((always_inline)) bool
tr_attempts_change(tr_trace *trace, tr_node *node, tr_attempts_action action, uint64_t now_ns, uint32_t *violations) {
    tr_attempt *open = NULL;
    switch (action) {
    case TR_ATTEMPTS_NEED:
        return tr_attempts_open_of(trace, node) != NULL || tr_attempts_add_estimated(trace, node, now_ns) != NULL;
    case TR_ATTEMPTS_OPEN:
        open = tr_attempts_open_of(trace, node);
        if (open != NULL) {
            tr_attempts_end(trace, open, TR_OUTCOME_ABANDONED, now_ns);
        }
        return tr_trace_add_attempt(trace, node, now_ns, false) != NULL;
    case TR_ATTEMPTS_CLOSE_DONE:
        return tr_attempts_close(trace, node, TR_OUTCOME_DONE, now_ns, violations);
    case TR_ATTEMPTS_CLOSE_ERROR:
        return tr_attempts_close(trace, node, TR_OUTCOME_ERROR, now_ns, violations);
    case TR_ATTEMPTS_KEEP:
        break;
    }
    return true;
}

#endif
