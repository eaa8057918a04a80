#include "trace/attempts.h"
#include "trace/internal.h"

/* Adds an attempt whose start was not written: it can have begun when the latest earlier event made it ready. What came
 * before a snapshot is unknown. */
static tr_attempt *add_estimated_attempt(tr_trace *trace, tr_node *node, uint64_t now_ns) {
    bool cut = trace->from_snapshot && (tr_own(trace)->ready_ns == 0 || node->from_snapshot);
    tr_attempt *attempt = tr_trace_add_attempt(trace, node, cut ? now_ns : tr_own(trace)->ready_ns, true);
    if (attempt != NULL) {
        attempt->cut = cut;
    }
    node->from_snapshot = false;
    return attempt;
}

static bool close_attempt(tr_trace *trace, tr_node *node, tr_outcome outcome, uint64_t now_ns, uint32_t *violations) {
    tr_attempt *attempt = tr_attempts_open_of(trace, node);
    if (attempt == NULL) {
        attempt = add_estimated_attempt(trace, node, now_ns);
        if (attempt == NULL) {
            return false;
        }
    } else if (now_ns < attempt->start_ns && !attempt->estimated) {
        *violations |= TR_VIOLATION_TIME_BACKWARDS;
    }
    tr_attempts_end(trace, attempt, outcome, now_ns);
    return true;
}

bool tr_attempts_change(tr_trace *trace, tr_node *node, tr_attempts_action action, uint64_t now_ns,
                        uint32_t *violations) {
    tr_attempt *open = NULL;
    switch (action) {
    case TR_ATTEMPTS_NEED_KNOWN:
        if (node->from_snapshot) {
            return true;
        }
        /* fall through */
    case TR_ATTEMPTS_NEED:
        return tr_attempts_open_of(trace, node) != NULL || add_estimated_attempt(trace, node, now_ns) != NULL;
    case TR_ATTEMPTS_OPEN:
        open = tr_attempts_open_of(trace, node);
        if (open != NULL) {
            tr_attempts_end(trace, open, TR_OUTCOME_ABANDONED, now_ns);
        }
        return tr_trace_add_attempt(trace, node, now_ns, false) != NULL;
    case TR_ATTEMPTS_CLOSE_DONE:
        return close_attempt(trace, node, TR_OUTCOME_DONE, now_ns, violations);
    case TR_ATTEMPTS_CLOSE_ERROR:
        return close_attempt(trace, node, TR_OUTCOME_ERROR, now_ns, violations);
    case TR_ATTEMPTS_KEEP:
        break;
    }
    return true;
}
