/* The attempts and waits that decided how long a trace took. Definitions: docs/timing.md. */
#ifndef TRACEREEL_CRITICAL_PATH_H
#define TRACEREEL_CRITICAL_PATH_H

#include "timing/spans.h"
#include "tracereel/timing.h"

/* Marks the spans on the critical path of a closed trace, sets their times and the slack of the others, and says in
 * `*waits` what the rest of the path was. `part`: of which stretch of the trace times are counted; of that, those that
 * lie in `children` count nowhere. Returns how long the rest of the part is, which is what critical_ns of the spans and
 * `*waits` add up to. */
uint64_t tr_critical_path_find(tr_spans *spans, const tr_trace *trace, const tr_flow *flow, tr_path_stretch part,
                               tr_child_stretches children, tr_path_waits *waits);

#endif
