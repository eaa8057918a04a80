#include "trace/lives.h"

#include "record/record_view.h"
#include "trace/engine_view.h"
#include "trace/internal.h"
#include "trace/own_waits.h"
#include "trace/started_nodes.h"
#include "trace/trace_store.h"

/* The present suspension in the measured view, or NULL. */
static tr_suspension *open_suspension(const tr_trace *trace) {
    tr_suspension *last = tr_own_waits_plain(trace);
    return last != NULL && last->outcome == TR_OUTCOME_OPEN ? last : NULL;
}

/* ---- what tracereel's records say ---- */

static void keep_attempt(tr_trace *trace, uint32_t node_id, bool is_kept) {
    const tr_node *node = tr_trace_node(trace, node_id);
    tr_attempt *attempt = node == NULL ? NULL : tr_trace_attempt_of(trace, node);
    if (attempt != NULL) {
        attempt->was_kept = is_kept;
    }
}

static void keep_suspension(tr_trace *trace, uint32_t node_id) {
    tr_suspension *suspension = open_suspension(trace);
    if (suspension != NULL && suspension->node_id == node_id) {
        suspension->was_kept = true;
        keep_attempt(trace, node_id, true);
    }
}

static void note_start(tr_trace *trace) {
    tr_own(trace)->began_afresh = true;
    tr_own(trace)->forgotten_count = 0;
    for (uint32_t i = 0; i < trace->node_count; i++) {
        tr_own(trace)->forgotten_count += trace->nodes[i].is_completed;
        keep_attempt(trace, trace->nodes[i].node_id, false);
    }
    tr_suspension *suspension = open_suspension(trace);
    if (suspension != NULL) {
        suspension->was_kept = false;
    }
}

void tr_lives_note(tr_trace *trace, const tr_record *record) {
    uint32_t node_id = tr_view_node_id(record);
    switch (tr_view_type(record)) {
    case TR_TYPE_TRACE_START:
        note_start(trace);
        trace->closed_by_tracereel = false;
        break;
    case TR_TYPE_NODE_START:
        keep_attempt(trace, node_id, true);
        break;
    case TR_TYPE_NODE_DONE:
        keep_attempt(trace, node_id, false);
        tr_own(trace)->forgotten_count -= tr_own(trace)->forgotten_count > 0 && tr_trace_node(trace, node_id) != NULL;
        break;
    case TR_TYPE_TRACE_SUSPENDED:
        keep_suspension(trace, node_id);
        break;
    case TR_TYPE_TRACE_COMPLETE:
    case TR_TYPE_TRACE_FAILED:
        trace->closed_by_tracereel = true;
        break;
    default:
        break;
    }
}

/* ---- the next life ---- */

/* When something that is abandoned ended: at the last record of the life that it began in. */
static uint64_t end_of_life_ns(const tr_trace *trace, uint64_t start_ns) {
    return trace->last_ns > start_ns ? trace->last_ns : start_ns;
}

/* Only the last attempt of a node can be open. */
static bool abandon_attempts(tr_trace *trace) {
    bool found = false;
    if (tr_own(trace)->imported != NULL) {
        tr_own(trace)->imported->counts_attempts = false;
    }
    for (uint32_t i = 0; i < trace->node_count; i++) {
        tr_attempt *attempt = tr_trace_attempt_of(trace, &trace->nodes[i]);
        if (attempt == NULL) {
            continue;
        }
        if (attempt->outcome == TR_OUTCOME_OPEN && !attempt->was_kept) {
            attempt->outcome = TR_OUTCOME_ABANDONED;
            attempt->end_ns = end_of_life_ns(trace, attempt->start_ns);
            found = true;
        }
        attempt->was_kept = false;
    }
    return found;
}

static bool abandon_suspension(tr_trace *trace) {
    tr_suspension *suspension = open_suspension(trace);
    if (suspension == NULL || suspension->was_kept) {
        return false;
    }
    suspension->outcome = TR_OUTCOME_ABANDONED;
    suspension->end_ns = end_of_life_ns(trace, suspension->start_ns);
    return true;
}

static void abandon_iterations(tr_trace *trace) {
    for (uint32_t i = 0; trace->loop_event_count > 0 && i < trace->node_count; i++) {
        uint32_t last = trace->nodes[i].last_loop_event;
        if (last != TR_NODE_NONE && !trace->loop_events[last].is_exit) {
            trace->loop_events[last].is_abandoned = true;
        }
    }
}

static void count_life(tr_trace *trace) {
    trace->restart_count++;
    trace->error_count = 0;
    trace->first_error = trace->error_list_count;
    trace->first_attempt = trace->attempt_count;
    trace->first_suspension = trace->suspension_count;
}

void tr_lives_begin(tr_trace *trace, bool by_tracereel) {
    if (!by_tracereel) {
        (void)abandon_attempts(trace);
        (void)abandon_suspension(trace);
        tr_own_waits_stop_all(trace, TR_OUTCOME_ABANDONED, trace->last_ns);
        abandon_iterations(trace);
        tr_own(trace)->began_afresh = tr_own(trace)->is_just_resumed = false;
    }
    count_life(trace);
    tr_engine_view_reset(trace);
    tr_own(trace)->records_starts = false;
    trace->closed_by_tracereel = false;
    if (!tr_own(trace)->home->is_measured) {
        tr_own(trace)->was_tainted = false;
        tr_own(trace)->damage_at_start = tr_own(trace)->home->damage_count;
    }
}

/* For a trace of which only what ran counts: the engine's view still shows what was open before. */
static void leave_abandoned(tr_trace *trace) {
    for (uint32_t i = 0; i < trace->node_count; i++) {
        tr_node *node = &trace->nodes[i];
        const tr_attempt *last = tr_trace_attempt_of(trace, node);
        if (last != NULL && last->outcome == TR_OUTCOME_ABANDONED) {
            node->status = TR_NODE_IDLE;
            tr_started_remove(trace, node);
        }
    }
    if (open_suspension(trace) == NULL) {
        trace->is_suspended = false;
        trace->status = TR_TRACE_RUNNING;
    }
}

void tr_lives_restart(tr_trace *trace) {
    if (!tr_own(trace)->began_afresh) {
        return;
    }
    tr_own(trace)->began_afresh = false;
    bool was_open = abandon_attempts(trace);
    was_open = abandon_suspension(trace) || was_open;
    if (!was_open && tr_own(trace)->forgotten_count == 0) {
        return; /* an undo has restored everything */
    }
    tr_own_waits_stop_all(trace, TR_OUTCOME_ABANDONED, trace->last_ns);
    abandon_iterations(trace);
    tr_own(trace)->is_just_resumed = false;
    if (tr_own(trace)->home->is_measured) {
        count_life(trace);
        leave_abandoned(trace);
    }
}
