#include "timing/critical_path.h"

#include <stdlib.h>

#include "record/text.h"
#include "timing/awaited.h"
#include "timing/flow.h"
#include "trace/own_waits.h"

/* A path is walked from its end to its beginning. */
typedef struct path_walk {
    const tr_spans *spans;
    const tr_trace *trace;
    uint64_t at_ns;    /* what is later has been counted */
    size_t wait_count; /* of the trace's waits, by their ends: the later ones have been passed */
    tr_path_stretch part;
    tr_child_stretches children; /* those that have not been passed */
    uint64_t children_ns;        /* of those that have */
    tr_path_waits *waits;
} path_walk;

/* Goes back to a time. Returns how far that was: 0 where it is not before the place reached. */
static inline uint64_t go_back(path_walk *walk, uint64_t time_ns) {
    uint64_t to_ns = time_ns < walk->part.start_ns ? walk->part.start_ns
                     : time_ns > walk->at_ns       ? walk->at_ns
                                                   : time_ns;
    uint64_t passed_ns = walk->at_ns - to_ns;
    walk->at_ns = to_ns;
    return passed_ns;
}

static inline uint64_t later_of(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

/* ---- waits ---- */

static bool is_timer(const tr_trace *trace, const tr_wait *wait) {
    return tr_own_waits_are_timer(trace, &trace->suspensions[wait->index]);
}

/* By end, then by start, then in the order of the log. */
static int compare_waits(const void *left, const void *right) {
    const tr_wait *a = left;
    const tr_wait *b = right;
    if (a->end_ns != b->end_ns) {
        return a->end_ns < b->end_ns ? -1 : 1;
    }
    if (a->start_ns != b->start_ns) {
        return a->start_ns < b->start_ns ? -1 : 1;
    }
    return (a->index > b->index) - (a->index < b->index);
}

/* Fills the list of waits that have ended, in the order of their ends. Returns how many. */
static size_t list_waits(tr_spans *spans, const tr_trace *trace) {
    size_t count = 0;
    bool is_sorted = true;
    for (uint32_t i = 0; i < trace->suspension_count; i++) {
        const tr_suspension *suspension = &trace->suspensions[i];
        if (suspension->outcome == TR_OUTCOME_DONE) {
            spans->waits[count] =
                (tr_wait){suspension->start_ns, later_of(suspension->start_ns, suspension->end_ns), i};
            is_sorted = is_sorted && (count == 0 || compare_waits(&spans->waits[count - 1], &spans->waits[count]) < 0);
            count++;
        }
    }
    if (!is_sorted) {
        qsort(spans->waits, count, sizeof *spans->waits, compare_waits);
    }
    return count;
}

/* ---- the walk ---- */

/* Back over a stretch in which no attempt of the path ran, to its beginning: over the wait that ended last, before it
 * the one that ended last at or before that one's start, and so on. */
static void pass_gap(path_walk *walk, uint64_t until_ns) {
    while (walk->wait_count > 0 && walk->at_ns > until_ns) {
        const tr_wait *wait = &walk->spans->waits[walk->wait_count - 1];
        if (wait->end_ns <= until_ns) {
            break;
        }
        walk->wait_count--;
        if (wait->end_ns <= walk->at_ns) { /* otherwise it still lasted: nothing came after it */
            walk->waits->gap_ns += go_back(walk, wait->end_ns);
            uint64_t waited_ns = go_back(walk, later_of(wait->start_ns, until_ns));
            *(is_timer(walk->trace, wait) ? &walk->waits->timer_ns : &walk->waits->person_ns) += waited_ns;
        }
    }
    walk->waits->gap_ns += go_back(walk, until_ns);
}

/* What of the stretch from the place reached back to a time belongs to children. */
static uint64_t pass_children(path_walk *walk, uint64_t time_ns) {
    tr_child_stretches *children = &walk->children;
    uint64_t from_ns = later_of(time_ns, walk->part.start_ns);
    uint64_t passed_ns = 0;
    while (children->count > 0 && children->items[children->count - 1].end_ns > from_ns) {
        const tr_path_stretch *stretch = &children->items[children->count - 1];
        uint64_t start_ns = later_of(stretch->start_ns, from_ns);
        uint64_t end_ns = stretch->end_ns < walk->at_ns ? stretch->end_ns : walk->at_ns;
        passed_ns += end_ns > start_ns ? end_ns - start_ns : 0;
        if (stretch->start_ns < from_ns) {
            break;
        }
        children->count--;
    }
    return passed_ns;
}

/* What an attempt waited, told apart. */
static void add_suspended(path_walk *walk, const tr_span *span, uint64_t waited_ns) {
    uint64_t timers_ns =
        tr_own_waits_timers_ns(walk->trace, &walk->trace->attempts[span->attempt_index], span->start_ns, span->end_ns);
    timers_ns = timers_ns < waited_ns ? timers_ns : waited_ns;
    walk->waits->timer_ns += timers_ns;
    walk->waits->person_ns += waited_ns - timers_ns;
}

/* Back over an attempt: it ran, its children did, or it waited. */
static inline void pass_span(path_walk *walk, tr_span *span) {
    uint64_t ran_ns = span->run_ns;
    span->is_critical = true;
    span->is_counted_critical = (span->start_ns <= walk->part.end_ns) & (span->end_ns >= walk->part.start_ns);
    uint64_t children_ns = walk->children.count > 0 ? pass_children(walk, span->start_ns) : 0;
    uint64_t own_ns = go_back(walk, span->start_ns);
    if (children_ns > 0) {
        children_ns = children_ns < own_ns ? children_ns : own_ns;
        walk->children_ns += children_ns;
        own_ns -= children_ns;
        ran_ns = ran_ns > children_ns ? ran_ns - children_ns : 0;
    }
    span->critical_ns = ran_ns < own_ns ? ran_ns : own_ns;
    span->critical_wait_ns = own_ns - span->critical_ns;
    if (span->critical_wait_ns > 0) {
        add_suspended(walk, span, span->critical_wait_ns);
    }
}

/* Back from the start of an attempt to the end of the one before it on the path. */
static inline void pass_before(path_walk *walk, tr_span *span, uint64_t until_ns) {
    if (walk->at_ns <= until_ns) {
        return;
    }
    if (!span->estimated && span->has_ready) {
        uint64_t queue_ns = go_back(walk, later_of(span->ready_ns, until_ns));
        walk->waits->queue_ns += queue_ns;
        span->critical_wait_ns += queue_ns;
    }
    if (walk->at_ns > until_ns) {
        pass_gap(walk, until_ns);
    }
}

/* ---- the path ---- */

/* The last span before `before`, in the order of ends, that ended not after `limit_ns`; with a flow, among those that
 * the waiting node can have waited for, if there is any. Returns `before` if there is none. */
static size_t predecessor(const tr_spans *spans, const tr_trace *trace, const tr_flow_node *node, size_t before,
                          uint64_t limit_ns) {
    size_t bound = before;
    if (before > 0 && spans->items[before - 1].end_ns > limit_ns) {
        bound = tr_spans_count_until(spans, limit_ns);
        bound = bound < before ? bound : before;
    }
    size_t awaited = node == NULL ? TR_NO_SPAN : tr_awaited_last(spans, trace, node, before, bound, false);
    return awaited != TR_NO_SPAN ? awaited : bound > 0 ? bound - 1 : before;
}

/* A span off the path could have ended as late as the next span on the path began. Both orders are ascending, so that
 * one pass finds them all. */
static void give_slack(tr_spans *spans, uint64_t trace_end_ns) {
    size_t next = 0;
    for (size_t i = 0; i < spans->count; i++) {
        tr_span *span = &spans->items[i];
        if (span->is_critical) {
            continue;
        }
        while (next < spans->count &&
               !(spans->items[next].is_critical && spans->items[next].start_ns >= span->end_ns)) {
            next++;
        }
        uint64_t needed_ns = next < spans->count ? spans->items[next].start_ns : trace_end_ns;
        span->slack_ns = needed_ns > span->end_ns ? needed_ns - span->end_ns : 0;
    }
}

uint64_t tr_critical_path_find(tr_spans *spans, const tr_trace *trace, const tr_flow *flow, tr_path_stretch part,
                               tr_child_stretches children, tr_path_waits *waits) {
    path_walk walk = {.spans = spans,
                      .trace = trace,
                      .part = part,
                      .at_ns = part.end_ns,
                      .wait_count = trace->suspension_count > 0 ? list_waits(spans, trace) : 0,
                      .children = children,
                      .waits = waits};
    *waits = (tr_path_waits){0};
    if (spans->count == 0) {
        pass_gap(&walk, part.start_ns);
        return part.end_ns - part.start_ns;
    }
    size_t at = spans->count - 1;
    pass_gap(&walk, spans->items[at].end_ns);
    for (;;) {
        tr_span *span = &spans->items[at];
        pass_span(&walk, span);
        const tr_flow_node *node = tr_flow_find(flow, trace->nodes[span->node_index].node_id);
        size_t next = predecessor(spans, trace, node, at, span->start_ns);
        if (next == at) {
            break;
        }
        pass_before(&walk, span, spans->items[next].end_ns);
        at = next;
    }
    pass_before(&walk, &spans->items[at], part.start_ns);
    give_slack(spans, trace->last_ns);
    return part.end_ns - part.start_ns - walk.children_ns;
}
