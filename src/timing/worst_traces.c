#include "timing/worst_traces.h"

#include <stdlib.h>
#include <string.h>

#include "trace/imported.h"

bool tr_worst_traces_init(tr_worst_traces *worst, uint32_t limit) {
    *worst = (tr_worst_traces){.limit = limit};
    worst->items = limit == 0 ? NULL : malloc(limit * sizeof *worst->items);
    return limit == 0 || worst->items != NULL;
}

static void free_timed(tr_timed_trace *timed) {
    free(timed->spans);
    free(timed->suspensions);
    timed->spans = NULL;
    timed->suspensions = NULL;
}

void tr_worst_traces_free(tr_worst_traces *worst) {
    for (uint32_t i = 0; i < worst->count; i++) {
        free_timed(&worst->items[i]);
    }
    free(worst->items);
    *worst = (tr_worst_traces){0};
}

/* Whether a trace comes before another one in the list. */
static bool stands_before(const tr_timed_trace *timed, const tr_timed_trace *other) {
    int order = memcmp(timed->id, other->id, TR_TRACE_ID_BYTES);
    if (timed->makespan_ns != other->makespan_ns) {
        return timed->makespan_ns > other->makespan_ns;
    }
    return order != 0 ? order < 0 : timed->start_ns < other->start_ns;
}

/* The index where a trace belongs; worst->limit if it does not. */
static uint32_t place_of(const tr_worst_traces *worst, const tr_timed_trace *timed) {
    uint32_t at = worst->count;
    while (at > 0 && stands_before(timed, &worst->items[at - 1])) {
        at--;
    }
    return at;
}

static void insert(tr_worst_traces *worst, uint32_t at, tr_timed_trace timed) {
    if (worst->count == worst->limit) {
        free_timed(&worst->items[--worst->count]);
    }
    for (uint32_t place = worst->count; place > at; place--) {
        worst->items[place] = worst->items[place - 1];
    }
    worst->items[at] = timed;
    worst->count++;
}

static uint32_t kept_of(size_t count, uint32_t *left_out_count) {
    if (count <= TR_TIMED_TRACE_MAX) {
        return (uint32_t)count;
    }
    *left_out_count += (uint32_t)(count - TR_TIMED_TRACE_MAX);
    return TR_TIMED_TRACE_MAX;
}

/* By start, then by end, then by node. */
static int compare_timed_spans(const void *left, const void *right) {
    const tr_timed_span *a = left;
    const tr_timed_span *b = right;
    if (a->start_ns != b->start_ns) {
        return a->start_ns < b->start_ns ? -1 : 1;
    }
    if (a->end_ns != b->end_ns) {
        return a->end_ns < b->end_ns ? -1 : 1;
    }
    return (a->node_id > b->node_id) - (a->node_id < b->node_id);
}

/* Puts each span into the first lane that is free since it was ready. Returns false on allocation failure. */
static bool give_lanes(tr_timed_trace *timed) {
    uint64_t *lane_ends = malloc(timed->span_count * sizeof *lane_ends + 1);
    if (lane_ends == NULL) {
        return false;
    }
    uint32_t lane_count = 0;
    for (uint32_t i = 0; i < timed->span_count; i++) {
        tr_timed_span *span = &timed->spans[i];
        uint32_t lane = 0;
        while (lane < lane_count && lane_ends[lane] > span->ready_ns) {
            lane++;
        }
        lane_ends[lane] = span->end_ns;
        lane_count += lane == lane_count;
        span->lane = lane;
    }
    timed->lane_count = lane_count;
    free(lane_ends);
    return true;
}

static void copy_spans(tr_timed_trace *timed, const tr_trace *trace, const tr_spans *spans) {
    for (uint32_t i = 0; i < timed->span_count; i++) {
        const tr_span *span = &spans->items[i];
        timed->spans[i] = (tr_timed_span){.ready_ns = span->ready_ns,
                                          .start_ns = span->start_ns,
                                          .end_ns = span->end_ns,
                                          .run_ns = span->run_ns,
                                          .node_id = trace->nodes[span->node_index].node_id,
                                          .instance = tr_imported_instance_number(trace, span->node_index),
                                          .outcome = span->outcome,
                                          .estimated = span->estimated,
                                          .is_critical = span->is_critical};
    }
    qsort(timed->spans, timed->span_count, sizeof *timed->spans, compare_timed_spans);
}

/* Allocates the spans and suspensions that are counted. Returns false on allocation failure; nothing was allocated
 * then. */
static bool take_room(tr_timed_trace *timed) {
    timed->spans = calloc((size_t)timed->span_count + 1, sizeof *timed->spans);
    timed->suspensions = calloc((size_t)timed->suspension_count + 1, sizeof *timed->suspensions);
    if (timed->spans == NULL || timed->suspensions == NULL) {
        free_timed(timed);
        return false;
    }
    return true;
}

/* Copies those that ended: the trace has closed, so the others were abandoned. */
static void copy_suspensions(tr_timed_trace *timed, const tr_trace *trace) {
    uint32_t count = 0;
    for (uint32_t i = 0; count < timed->suspension_count && i < trace->suspension_count; i++) {
        if (trace->suspensions[i].outcome == TR_OUTCOME_DONE) {
            timed->suspensions[count++] = trace->suspensions[i];
        }
    }
    timed->suspension_count = count;
}

/* What a path waited, in all: not more than the makespan. */
static uint64_t waited_ns(const tr_path_waits *waits) {
    uint64_t sum_ns = 0;
#define ADD_WAIT(name) sum_ns = sum_ns > UINT64_MAX - waits->name##_ns ? UINT64_MAX : sum_ns + waits->name##_ns;
    TR_PATH_WAITS(ADD_WAIT)
#undef ADD_WAIT
    return sum_ns;
}

bool tr_worst_traces_add(tr_worst_traces *worst, const tr_trace *trace, const tr_spans *spans,
                         const tr_path_waits *waits, uint64_t suspended_ns) {
    tr_timed_trace timed = {.status = trace->status,
                            .start_ns = trace->start_ns,
                            .end_ns = trace->last_ns,
                            .makespan_ns = trace->last_ns - trace->start_ns,
                            .suspended_ns = suspended_ns,
                            .path_waits = *waits};
    timed.critical_ns = timed.makespan_ns - waited_ns(waits);
    memcpy(timed.id, trace->id, TR_TRACE_ID_BYTES);
    uint32_t at = place_of(worst, &timed);
    if (at == worst->limit) {
        return true;
    }
    timed.span_count = kept_of(spans->count, &timed.left_out_count);
    timed.suspension_count = kept_of(trace->suspension_count, &timed.left_out_count);
    if (!take_room(&timed)) {
        return false;
    }
    copy_suspensions(&timed, trace);
    copy_spans(&timed, trace, spans);
    if (!give_lanes(&timed)) {
        free_timed(&timed);
        return false;
    }
    insert(worst, at, timed);
    return true;
}

/* Gives a trace spans and suspensions of its own, with those of the one it was copied from. Returns false on allocation
 * failure. */
static bool copy_room(tr_timed_trace *timed) {
    tr_timed_trace from = *timed;
    if (!take_room(timed)) {
        return false;
    }
    for (uint32_t i = 0; i < from.span_count; i++) {
        timed->spans[i] = from.spans[i];
    }
    for (uint32_t i = 0; i < from.suspension_count; i++) {
        timed->suspensions[i] = from.suspensions[i];
    }
    return true;
}

bool tr_worst_traces_merge(tr_worst_traces *into, const tr_worst_traces *from) {
    for (uint32_t i = 0; i < from->count; i++) {
        tr_timed_trace timed = from->items[i];
        uint32_t at = place_of(into, &timed);
        if (at == into->limit) {
            break;
        }
        if (!copy_room(&timed)) {
            return false;
        }
        insert(into, at, timed);
    }
    return true;
}

static bool holds_possible_spans(const tr_timed_trace *timed) {
    for (uint32_t i = 0; i < timed->span_count; i++) {
        const tr_timed_span *span = &timed->spans[i];
        bool is_over = span->outcome > TR_OUTCOME_OPEN && span->outcome <= TR_OUTCOME_ABANDONED;
        if (!is_over || span->end_ns < span->start_ns || (i > 0 && compare_timed_spans(span - 1, span) > 0)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < timed->suspension_count; i++) {
        if (timed->suspensions[i].outcome != TR_OUTCOME_DONE) {
            return false;
        }
    }
    return true;
}

tr_status tr_worst_traces_restore(tr_worst_traces *worst, const tr_timed_trace *timed) {
    tr_timed_trace restored = *timed;
    bool is_closed = timed->status == TR_TRACE_COMPLETE || timed->status == TR_TRACE_FAILED;
    if (worst->count == worst->limit || timed->span_count > TR_TIMED_TRACE_MAX ||
        timed->suspension_count > TR_TIMED_TRACE_MAX || !is_closed || timed->end_ns < timed->start_ns) {
        return TR_ERROR_INVALID;
    }
    restored.makespan_ns = timed->end_ns - timed->start_ns;
    if (waited_ns(&timed->path_waits) > restored.makespan_ns || place_of(worst, &restored) < worst->count ||
        !holds_possible_spans(timed)) {
        return TR_ERROR_INVALID;
    }
    restored.critical_ns = restored.makespan_ns - waited_ns(&timed->path_waits);
    if (!copy_room(&restored)) {
        return TR_ERROR_MEMORY;
    }
    if (!give_lanes(&restored)) {
        free_timed(&restored);
        return TR_ERROR_MEMORY;
    }
    insert(worst, worst->count, restored);
    return TR_OK;
}
