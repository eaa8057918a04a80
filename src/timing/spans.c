#include "timing/spans.h"

#include <stdlib.h>
#include <string.h>

#include "timing/awaited.h"
#include "timing/flow.h"
#include "trace/imported.h"

static int compare_times(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* By end, then by start, then by node: independent of the order of the records. */
static int compare_spans(const void *left, const void *right) {
    const tr_span *a = left;
    const tr_span *b = right;
    if (a->end_ns != b->end_ns) {
        return a->end_ns < b->end_ns ? -1 : 1;
    }
    if (a->start_ns != b->start_ns) {
        return a->start_ns < b->start_ns ? -1 : 1;
    }
    return (a->node_index > b->node_index) - (a->node_index < b->node_index);
}

/* Most traces are short and nearly in order, where this is far faster than qsort; long ones use qsort. */
enum { SHORT_COUNT = 32 };

static void sort_spans(tr_span *spans, size_t count) {
    if (count > SHORT_COUNT) {
        qsort(spans, count, sizeof *spans, compare_spans);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        tr_span moved = spans[i];
        size_t at = i;
        for (; at > 0 && compare_spans(&spans[at - 1], &moved) > 0; at--) {
            spans[at] = spans[at - 1];
        }
        spans[at] = moved;
    }
}

static void sort_times(uint64_t *times, size_t count) {
    if (count > SHORT_COUNT) {
        qsort(times, count, sizeof *times, compare_times);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        uint64_t moved = times[i];
        size_t at = i;
        for (; at > 0 && times[at - 1] > moved; at--) {
            times[at] = times[at - 1];
        }
        times[at] = moved;
    }
}

static bool reserve(tr_spans *spans, const tr_trace *trace) {
    size_t events = (size_t)trace->attempt_count + trace->loop_event_count + trace->suspension_count + 1;
    if (trace->attempt_count > spans->capacity) {
        size_t capacity = (size_t)trace->attempt_count * 2;
        tr_span *items = realloc(spans->items, capacity * sizeof *items);
        if (items == NULL) {
            return false;
        }
        spans->items = items;
        spans->capacity = capacity;
    }
    if (events > spans->ready_event_capacity) {
        uint64_t *times = realloc(spans->ready_events, events * 2 * sizeof *times);
        if (times == NULL) {
            return false;
        }
        spans->ready_events = times;
        spans->ready_event_capacity = events * 2;
    }
    if (trace->node_count > spans->has_failed_capacity) {
        uint8_t *has_failed = realloc(spans->has_failed, (size_t)trace->node_count * 2);
        if (has_failed == NULL) {
            return false;
        }
        spans->has_failed = has_failed;
        spans->has_failed_capacity = (size_t)trace->node_count * 2;
    }
    if (trace->suspension_count > spans->wait_capacity) {
        tr_wait *waits = realloc(spans->waits, (size_t)trace->suspension_count * 2 * sizeof *waits);
        if (waits == NULL) {
            return false;
        }
        spans->waits = waits;
        spans->wait_capacity = (size_t)trace->suspension_count * 2;
    }
    return true;
}

static void add_span(tr_spans *spans, const tr_trace *trace, uint32_t attempt_index, bool is_retry) {
    const tr_attempt *attempt = &trace->attempts[attempt_index];
    bool clock_step = attempt->end_ns < attempt->start_ns;
    /* An end that was written is a fact, an estimated start is not. */
    uint64_t start_ns = clock_step && attempt->estimated ? attempt->end_ns : attempt->start_ns;
    spans->items[spans->count++] = (tr_span){.ready_ns = start_ns,
                                             .start_ns = start_ns,
                                             .end_ns = clock_step ? start_ns : attempt->end_ns,
                                             .run_ns = tr_attempt_run_ns(trace, attempt, attempt->start_ns),
                                             .node_index = attempt->node_index,
                                             .attempt_index = attempt_index,
                                             .outcome = attempt->outcome,
                                             .estimated = attempt->estimated,
                                             .is_retry = is_retry,
                                             .clock_step = clock_step,
                                             .has_ready = true};
}

/* Whether the attempt ended, or its node was started again before it ended. */
static bool is_finished(const tr_trace *trace, const tr_attempt *attempt) {
    if (attempt->outcome == TR_OUTCOME_ABANDONED) {
        return &trace->attempts[trace->nodes[attempt->node_index].last_attempt] != attempt;
    }
    return attempt->outcome == TR_OUTCOME_DONE || attempt->outcome == TR_OUTCOME_ERROR;
}

bool tr_attempt_is_counted(const tr_trace *trace, const tr_attempt *attempt) {
    return is_finished(trace, attempt) && !attempt->cut;
}

static void collect_spans(tr_spans *spans, const tr_trace *trace) {
    if (trace->node_count > 0) {
        memset(spans->has_failed, 0, trace->node_count);
    }
    for (uint32_t i = 0; i < trace->attempt_count; i++) {
        const tr_attempt *attempt = &trace->attempts[i];
        uint8_t *has_failed = &spans->has_failed[attempt->node_index];
        if (tr_attempt_is_counted(trace, attempt)) {
            add_span(spans, trace, i, *has_failed != 0);
        }
        *has_failed |= attempt->outcome != TR_OUTCOME_DONE;
    }
}

static void collect_ready_events(tr_spans *spans, const tr_trace *trace) {
    uint64_t *times = spans->ready_events;
    size_t count = 0;
    if (!trace->from_snapshot) {
        times[count++] = trace->start_ns;
    }
    for (uint32_t i = 0; i < trace->attempt_count; i++) {
        if (is_finished(trace, &trace->attempts[i])) {
            times[count++] = trace->attempts[i].end_ns;
        }
    }
    for (uint32_t i = 0; i < trace->loop_event_count; i++) {
        times[count++] = trace->loop_events[i].timestamp_ns;
    }
    for (uint32_t i = 0; i < trace->suspension_count; i++) {
        if (trace->suspensions[i].outcome == TR_OUTCOME_DONE) {
            times[count++] = trace->suspensions[i].end_ns;
        }
    }
    spans->ready_event_count = count;
    sort_times(times, count);
}

/* The number of ready events at or before a time. */
static size_t count_events_until(const tr_spans *spans, uint64_t time_ns) {
    size_t low = 0;
    size_t high = spans->ready_event_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (spans->ready_events[middle] <= time_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

size_t tr_spans_count_until(const tr_spans *spans, uint64_t time_ns) {
    size_t low = 0;
    size_t high = spans->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (spans->items[middle].end_ns <= time_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Ready at the latest event at or before the start, not counting the attempt's own end. Without one, either the clock
 * stepped back (the node waited 0 ns) or it is unknown what made it ready. */
static void be_ready_by_events(const tr_spans *spans, const tr_trace *trace, tr_span *span) {
    size_t count = count_events_until(spans, span->start_ns);
    if (count > 0 && spans->ready_events[count - 1] == trace->attempts[span->attempt_index].end_ns) {
        count--;
    }
    span->has_ready = count > 0 || !trace->from_snapshot;
    span->ready_ns = count > 0 ? spans->ready_events[count - 1] : span->start_ns;
}

/* Finds the latest end, not after `limit_ns`, of a span that the node waits for by the flow: a node in its `after` that
 * was done, or its own earlier attempt. A node that waits for none is ready when the trace starts. Returns false if
 * there is no such end. */
static bool find_ready_by_flow(const tr_spans *spans, const tr_trace *trace, const tr_flow_node *node, size_t self,
                               uint64_t limit_ns, uint64_t *ready_ns) {
    size_t last = tr_awaited_last(spans, trace, node, self, tr_spans_count_until(spans, limit_ns), true);
    if (last != TR_NO_SPAN) {
        *ready_ns = spans->items[last].end_ns;
        return true;
    }
    *ready_ns = trace->start_ns;
    return node->after_count == 0 && !trace->from_snapshot && trace->start_ns <= limit_ns;
}

/* An estimated attempt began when it was ready; the time it was suspended since then does not count as run time. */
static void start_when_ready(tr_span *span, const tr_trace *trace, uint64_t ready_ns) {
    span->ready_ns = ready_ns;
    span->start_ns = ready_ns;
    span->run_ns = tr_attempt_run_ns(trace, &trace->attempts[span->attempt_index], ready_ns);
    span->clock_step = false;
}

static void find_ready_times(tr_spans *spans, const tr_trace *trace, const tr_flow *flow) {
    for (size_t i = 0; i < spans->count; i++) {
        tr_span *span = &spans->items[i];
        const tr_flow_node *node = tr_flow_find(flow, trace->nodes[span->node_index].node_id);
        uint64_t limit_ns = span->estimated ? span->end_ns : span->start_ns;
        uint64_t scheduled_ns =
            tr_own(trace)->imported == NULL
                ? 0
                : tr_trace_attempt_details(trace, &trace->attempts[span->attempt_index]).scheduled_ns;
        uint64_t ready_ns;
        if (scheduled_ns != 0) {
            span->ready_ns = scheduled_ns; /* what the source says needs no estimate */
        } else if (node != NULL && find_ready_by_flow(spans, trace, node, i, limit_ns, &ready_ns)) {
            if (span->estimated) {
                start_when_ready(span, trace, ready_ns);
            } else {
                span->ready_ns = ready_ns;
            }
        } else if (!span->estimated) {
            be_ready_by_events(spans, trace, span);
        }
    }
}

bool tr_spans_lay_out(tr_spans *spans, const tr_trace *trace, const tr_flow *flow) {
    spans->count = 0;
    spans->ready_event_count = 0;
    if (!reserve(spans, trace)) {
        return false;
    }
    collect_spans(spans, trace);
    sort_spans(spans->items, spans->count);
    collect_ready_events(spans, trace);
    if (flow != NULL && !tr_awaited_prepare(spans, trace)) {
        spans->count = 0;
        return false;
    }
    find_ready_times(spans, trace, flow);
    return true;
}

void tr_spans_free(tr_spans *spans) {
    free(spans->items);
    free(spans->ready_events);
    free(spans->has_failed);
    free(spans->keys);
    free(spans->waits);
    *spans = (tr_spans){0};
}
