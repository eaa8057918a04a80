#include "trace/attempts.h"
#include "trace/internal.h"

tr_attempt *tr_attempts_add_estimated(tr_trace *trace, tr_node *node, uint64_t now_ns) {
    bool cut = trace->from_snapshot && (tr_own(trace)->ready_ns == 0 || node->from_snapshot);
    tr_attempt *attempt = tr_trace_add_attempt(trace, node, cut ? now_ns : tr_own(trace)->ready_ns, true);
    if (attempt != NULL) {
        attempt->cut = cut;
    }
    node->from_snapshot = false;
    return attempt;
}
