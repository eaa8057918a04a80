#include "tracereel/trace.h"

#include <string.h>

#include "trace/imported.h"
#include "trace/internal.h"
#include "trace/own_waits.h"
#include "trace/trace_store.h"

#define NAME_BY_NUMBER(constant, name) #name,
#define OUTCOME_BY_NUMBER(constant, name, status) #name,
static const char *const trace_status_names[] = {TR_TRACE_STATUSES(NAME_BY_NUMBER)};
static const char *const trace_outcome_names[] = {TR_TRACE_OUTCOMES(OUTCOME_BY_NUMBER)};
static const char *const node_status_names[] = {TR_NODE_STATUSES(NAME_BY_NUMBER)};
static const char *const outcome_names[] = {TR_OUTCOMES(NAME_BY_NUMBER)};
#undef NAME_BY_NUMBER
#undef OUTCOME_BY_NUMBER

static const struct {
    const char *name;
    const char *meaning;
} violations[TR_VIOLATION_COUNT] = {
#define VIOLATION(bit, constant, name, meaning) [bit] = {#name, meaning},
    TR_VIOLATIONS(VIOLATION)
#undef VIOLATION
};

#define NAME_IN(table, number) ((number) < sizeof(table) / sizeof *(table) ? (table)[number] : NULL)

const char *tr_trace_status_name(unsigned status) {
    return NAME_IN(trace_status_names, status);
}

const char *tr_node_status_name(unsigned status) {
    return NAME_IN(node_status_names, status);
}

const char *tr_trace_outcome_name(unsigned outcome) {
    return NAME_IN(trace_outcome_names, outcome);
}

const char *tr_outcome_name(unsigned outcome) {
    return NAME_IN(outcome_names, outcome);
}

const char *tr_violation_name(unsigned bit) {
    return bit < TR_VIOLATION_COUNT ? violations[bit].name : NULL;
}

const char *tr_violation_meaning(unsigned bit) {
    return bit < TR_VIOLATION_COUNT ? violations[bit].meaning : NULL;
}

const tr_node *tr_trace_find_node(const tr_trace *trace, uint32_t node_id) {
    return tr_trace_node((tr_trace *)trace, node_id);
}

const tr_attempt *tr_trace_last_attempt(const tr_trace *trace, const tr_node *node) {
    return tr_trace_attempt_of((tr_trace *)trace, node);
}

const tr_attempt *tr_trace_earlier_attempt(const tr_trace *trace, const tr_attempt *attempt) {
    return attempt->before == TR_NODE_NONE ? NULL : &trace->attempts[attempt->before];
}

const tr_loop_event *tr_trace_last_loop_event(const tr_trace *trace, const tr_node *node) {
    return node->last_loop_event == TR_NODE_NONE ? NULL : &trace->loop_events[node->last_loop_event];
}

uint32_t tr_trace_loop_iterations(const tr_trace *trace, const tr_node *node) {
    const tr_loop_event *last = tr_trace_last_loop_event(trace, node);
    return last == NULL ? 0 : last->seen_iterations;
}

bool tr_trace_node_has_failed(const tr_trace *trace, const tr_node *node) {
    const tr_attempt *last = tr_trace_last_attempt(trace, node);
    return last != NULL && node->last_attempt >= trace->first_attempt && last->outcome == TR_OUTCOME_ERROR &&
           node->status != TR_NODE_DONE;
}

static uint64_t overlap_ns(uint64_t a_start, uint64_t a_end, uint64_t b_start, uint64_t b_end) {
    uint64_t start = a_start > b_start ? a_start : b_start;
    uint64_t end = a_end < b_end ? a_end : b_end;
    return end > start ? end - start : 0;
}

/* How many of the first `count` suspensions can have begun before a time: the others are not to be looked at. */
static uint32_t count_suspensions_before(const tr_trace *trace, uint32_t count, uint64_t time_ns) {
    if (tr_own(trace)->has_unordered_suspensions) {
        return count;
    }
    uint32_t low = 0;
    uint32_t high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (trace->suspensions[middle].start_ns < time_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* How many of the first suspensions are looked for by their time: a node's own waits, and what came after the first of
 * them, are linked to their attempts. */
static uint32_t count_unlinked(const tr_trace *trace, uint32_t node_index) {
    bool is_instance = tr_trace_instance(trace, &trace->nodes[node_index]).length_bytes > 0;
    return is_instance ? 0 : tr_own(trace)->imported->first_own_suspension;
}

uint64_t tr_attempt_run_beside_waits_ns(const tr_trace *trace, const tr_attempt *attempt, uint64_t start_ns) {
    if (attempt->outcome == TR_OUTCOME_OPEN || attempt->end_ns < start_ns) {
        return 0;
    }
    uint64_t duration_ns = attempt->end_ns - start_ns;
    uint32_t node_id = trace->nodes[attempt->node_index].node_id;
    uint32_t count = trace->suspension_count;
    if (tr_own_waits_any(trace)) {
        uint64_t linked_ns = tr_own_waits_suspended_ns(trace, attempt, start_ns, attempt->end_ns);
        duration_ns -= linked_ns < duration_ns ? linked_ns : duration_ns;
        count = count_unlinked(trace, attempt->node_index);
    }
    for (uint32_t i = count_suspensions_before(trace, count, attempt->end_ns); i-- > 0;) {
        const tr_suspension *suspension = &trace->suspensions[i];
        uint64_t end_ns = suspension->outcome == TR_OUTCOME_OPEN ? UINT64_MAX : suspension->end_ns;
        bool is_last = i + 1 == count; /* its end is not compared with a start yet */
        if (end_ns <= start_ns && !is_last && !tr_own(trace)->has_unordered_suspensions) {
            break; /* those before it ended earlier */
        }
        if (suspension->node_id != node_id) {
            continue;
        }
        uint64_t waited_ns = overlap_ns(start_ns, attempt->end_ns, suspension->start_ns, end_ns);
        duration_ns -= waited_ns < duration_ns ? waited_ns : duration_ns;
    }
    return duration_ns;
}

uint64_t tr_attempt_duration_ns(const tr_trace *trace, const tr_node *node, const tr_attempt *attempt) {
    (void)node;
    return tr_attempt_run_ns(trace, attempt, attempt->start_ns);
}

bool tr_trace_is_tainted(const tr_trace *trace) {
    return tr_own(trace)->was_tainted ||
           (tr_own(trace)->home != NULL && tr_own(trace)->home->damage_count != tr_own(trace)->damage_at_start);
}

tr_recovery tr_trace_recovery(const tr_trace *trace) {
    if (trace->is_suspended) {
        return (tr_recovery){TR_RECOVERY_AWAIT_RESUME, trace->suspended_at};
    }
    if (tr_trace_next_started(trace, 0) != TR_NONE) {
        return (tr_recovery){TR_RECOVERY_RETRY_NODES, 0};
    }
    return (tr_recovery){TR_RECOVERY_RESUME_FROM, trace->has_last_completed_node ? trace->last_completed_node : 0};
}

const char *tr_recovery_action_name(tr_recovery_action action) {
    static const char *const names[] = {[TR_RECOVERY_AWAIT_RESUME] = "await_resume",
                                        [TR_RECOVERY_RETRY_NODES] = "retry_nodes",
                                        [TR_RECOVERY_RESUME_FROM] = "resume_from"};
    return NAME_IN(names, (unsigned)action);
}

/* Lays out a trace and everything that it points to in one block. With `memory` NULL it only counts the size: one walk
 * serves both, so that they cannot disagree. */
typedef struct layout {
    char *memory;
    size_t used_bytes;
} layout;

static void *place(layout *to, const void *items, size_t bytes) {
    size_t at = to->used_bytes;
    to->used_bytes += (bytes + 7) & ~(size_t)7;
    if (to->memory == NULL || bytes == 0) {
        return NULL;
    }
    return memcpy(to->memory + at, items, bytes);
}

/* Places only the entries that count. */
static void place_started(const tr_trace *trace, tr_trace *copy, layout *to) {
    copy->started_nodes = place(to, trace->started_nodes, trace->started_count * sizeof *trace->started_nodes);
    if (tr_own(trace)->started_index == NULL || copy->started_nodes == NULL) {
        return;
    }
    copy->started_count = 0;
    for (uint32_t i = tr_trace_next_started(trace, 0); i != TR_NONE; i = tr_trace_next_started(trace, i + 1)) {
        copy->started_nodes[copy->started_count++] = trace->started_nodes[i];
    }
}

static tr_imported *place_imported(const tr_imported *imported, layout *to) {
    if (imported == NULL) {
        return NULL;
    }
    tr_imported state = *imported;
    tr_imported *placed = place(to, &state, sizeof state);
#define PLACE_LIST(type, name) state.name = place(to, imported->name, imported->name##_capacity * sizeof(type));
    TR_IMPORTED_LISTS(PLACE_LIST)
#undef PLACE_LIST
    if (placed != NULL) {
        *placed = state;
    }
    return placed;
}

static void lay_out(const tr_trace *trace, layout *to) {
    tr_trace_state state = *tr_own(trace);
    tr_trace *copy = &state.trace;
    place(to, &state, sizeof state); /* reserves the space; written when its pointers are known */
    state.was_tainted = tr_trace_is_tainted(trace);
    state.home = NULL;
    state.started_index = NULL;
    const tr_node_index *index = tr_own(trace)->node_index;
    state.node_index = place(to, index, index == NULL ? 0 : tr_node_index_bytes(index->capacity));
    state.imported = place_imported(tr_own(trace)->imported, to);
    copy->nodes = place(to, trace->nodes, trace->node_count * sizeof *trace->nodes);
    copy->attempts = place(to, trace->attempts, trace->attempt_count * sizeof *trace->attempts);
    copy->suspensions = place(to, trace->suspensions, trace->suspension_count * sizeof *trace->suspensions);
    copy->loop_events = place(to, trace->loop_events, trace->loop_event_count * sizeof *trace->loop_events);
    copy->errors = place(to, trace->errors, trace->error_list_count * sizeof *trace->errors);
    place_started(trace, copy, to);
    copy->metadata = place(to, trace->metadata, trace->metadata_bytes);
    copy->plans = place(to, trace->plans, trace->plans_bytes);
    copy->suspension_metadata = place(to, trace->suspension_metadata, trace->suspension_metadata_bytes);
    for (uint32_t i = 0; i < trace->error_list_count; i++) {
        char *message = place(to, trace->errors[i].message, trace->errors[i].message_bytes);
        if (copy->errors != NULL) {
            copy->errors[i].message = message;
        }
    }
    if (to->memory != NULL) {
        memcpy(to->memory, &state, sizeof state);
    }
}

size_t tr_trace_copy_bytes(const tr_trace *trace) {
    layout measure = {0};
    lay_out(trace, &measure);
    return measure.used_bytes;
}

tr_trace *tr_trace_copy(const tr_trace *trace, void *memory) {
    layout to = {.memory = memory};
    lay_out(trace, &to);
    return memory;
}
