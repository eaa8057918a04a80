#include "trace/transition.h"

#include "record/record_view.h"
#include "trace/attempts.h"
#include "trace/engine_view.h"
#include "trace/imported.h"
#include "trace/internal.h"
#include "trace/own_waits.h"
#include "trace/started_nodes.h"
#include "trace/trace_store.h"
#include "trace/transition_rules.h"
#include "trace/waiting.h"

/* Each type of record without fields has its own copy of these, in which the tables' rows for the type are constants,
 * and those with fields have one. */
#define INLINED inline __attribute__((always_inline))

/* The first iteration of a loop is 0; after a recovery an iteration can come again. */
static bool iterate(tr_trace *trace, tr_node *node, const tr_record *record, uint64_t now_ns, uint32_t *violations) {
    uint32_t iteration = tr_view_iteration(record);
    const tr_loop_event *last = tr_trace_last_loop_event(trace, node);
    uint64_t largest = last == NULL || last->is_abandoned ? 0 : (uint64_t)last->iteration + 1;
    if (iteration > largest && !(trace->from_snapshot && last == NULL)) {
        *violations |= TR_VIOLATION_ITERATION_SKIPPED;
    }
    return tr_trace_add_loop_event(trace, node, now_ns, iteration, false) != NULL;
}

/* The number in a loop_exit is not that of an iteration: keep the latest one's. */
static bool leave_loop(tr_trace *trace, tr_node *node, uint64_t now_ns) {
    const tr_loop_event *last = tr_trace_last_loop_event(trace, node);
    uint32_t iteration = last == NULL ? 0 : last->iteration;
    return tr_trace_add_loop_event(trace, node, now_ns, iteration, true) != NULL;
}

static bool note_error(tr_trace *trace, const tr_record *record, uint64_t now_ns, bool is_trace_failure) {
    tr_trace_error *error = tr_trace_add_error(trace, tr_view_error_message(record));
    if (error == NULL) {
        return false;
    }
    error->timestamp_ns = now_ns;
    error->node_id = tr_view_node_id(record);
    error->is_trace_failure = is_trace_failure;
    error->life = trace->restart_count;
    trace->error_count += is_trace_failure ? 0 : 1;
    return true;
}

static INLINED tr_node *need_node(tr_trace *trace, uint32_t node_id) {
    tr_node *node = tr_trace_node(trace, node_id);
    return node != NULL ? node : tr_trace_add_node(trace, node_id);
}

/* If starts are not recorded, as in production, nodes end without one; a loop node that ran before it iterated can end
 * after it. The iterations of a loop can precede the snapshot. */
static inline bool is_excused(tr_trace *trace, const tr_node *node, uint32_t violation) {
    switch (violation) {
    case TR_VIOLATION_DONE_WITHOUT_START:
        return !tr_own(trace)->records_starts || tr_attempts_open_of(trace, node) != NULL;
    case TR_VIOLATION_EXIT_WITHOUT_ITERATION:
        return trace->from_snapshot && node->last_loop_event == TR_NODE_NONE;
    default:
        return false;
    }
}

/* Gives the node the status that follows the event. */
static INLINED void change_status(tr_trace *trace, tr_node *node, node_event event, uint32_t *violations) {
    const node_rule *rule = &node_rules[event][node->status];
    uint32_t violation = event_rules[event].violation;
    if (violation != 0 && rule->is_unexpected && !is_excused(trace, node, violation)) {
        *violations |= violation;
    }
    node->status = rule->next & 7u;
}

/* Only a snapshot says that the node runs, or waits: its attempt began before what is known. */
static INLINED bool is_known_by_snapshot(const tr_node *node) {
    return node->from_snapshot && (node->status == TR_NODE_RUNNING || node->status == TR_NODE_SUSPENDED);
}

/* The entry of the instance that a record names; the node itself, of which the engine sees every record, gets the
 * status that follows. */
static __attribute__((noinline)) tr_node *need_instance(tr_trace *trace, tr_node *node, node_event event,
                                                        tr_text instance) {
    node->status = node_rules[event][node->status].next & 7u;
    return tr_imported_need_instance(trace, node, instance);
}

/* Returns the entry in the trace's `nodes` that the record is of, or NULL on allocation failure. `fields` is NULL where
 * the record has no metadata. */
static INLINED tr_node *apply_to_node(tr_trace *trace, const tr_record *record, node_event event,
                                      const tr_imported_fields *fields, bool has_own_waits, uint64_t now_ns,
                                      uint32_t *violations) {
    tr_node *node = need_node(trace, tr_view_node_id(record));
    if (node != NULL && fields != NULL && fields->instance.length_bytes > 0) {
        node = need_instance(trace, node, event, fields->instance);
    }
    if (node == NULL) {
        return NULL;
    }
    if (event == DONE || event == ERROR) {
        tr_wait_take_back_end(trace, node);
    }
    if (has_own_waits && event <= ERROR && tr_own(trace)->imported != NULL) {
        tr_own_waits_stop(trace, node, now_ns, violations);
    }
    tr_attempts_action action = (tr_attempts_action)event_rules[event].attempts;
    if (action == TR_ATTEMPTS_NEED && is_known_by_snapshot(node)) {
        action = TR_ATTEMPTS_KEEP;
    }
    change_status(trace, node, event, violations);
    return tr_attempts_change(trace, node, action, now_ns, violations) ? node : NULL;
}

/* The measured view begins with the first trace_start. */
static bool start_trace(tr_trace *trace, const tr_record *record, uint64_t now_ns) {
    if (trace->record_count == 1) {
        trace->last_ns = now_ns;
    }
    if (trace->record_count == 1 || trace->from_snapshot) {
        trace->start_ns = now_ns;
    }
    trace->from_snapshot = trace->from_snapshot && tr_own(trace)->home->is_measured;
    return tr_trace_set_metadata(trace, tr_view_metadata(record));
}

static void end_suspension(tr_trace *trace, uint64_t now_ns, uint32_t *violations) {
    tr_suspension *last = tr_own_waits_plain(trace);
    if (last != NULL && last->outcome == TR_OUTCOME_OPEN) {
        last->outcome = TR_OUTCOME_DONE;
        last->end_ns = now_ns;
        if (now_ns < last->start_ns) {
            *violations |= TR_VIOLATION_TIME_BACKWARDS;
        }
    }
}

/* In the engine's view the trace no longer waits at its node. */
static void release_node(tr_trace *trace) {
    tr_node *node = trace->is_suspended ? tr_trace_node(trace, trace->suspended_at) : NULL;
    if (node != NULL) {
        node->status = node_rules[RESUME][node->status].next & 7u;
    }
    trace->is_suspended = false;
}

static void leave_suspension(tr_trace *trace, uint64_t now_ns, uint32_t *violations) {
    end_suspension(trace, now_ns, violations);
    release_node(trace);
}

static bool suspend(tr_trace *trace, const tr_node *entry, const tr_record *record, uint64_t now_ns,
                    uint32_t *violations) {
    uint32_t node_id = tr_view_node_id(record);
    leave_suspension(trace, now_ns, violations);
    tr_trace_node(trace, node_id)->status = TR_NODE_SUSPENDED; /* also if it was left at the same node */
    return tr_trace_add_suspension(trace, node_id, now_ns) != NULL &&
           (!tr_own_waits_any(trace) || tr_own_waits_note_plain(trace, entry)) && tr_engine_view_suspend(trace, record);
}

/* Leaves no attempt and no suspension open in a trace that closes. */
static void close_trace(tr_trace *trace, uint64_t now_ns, uint32_t *violations) {
    for (uint32_t i = 0; i < trace->attempt_count; i++) {
        if (trace->attempts[i].outcome == TR_OUTCOME_OPEN) {
            trace->attempts[i].outcome = TR_OUTCOME_ABANDONED;
            trace->attempts[i].end_ns = now_ns;
        }
    }
    end_suspension(trace, now_ns, violations);
    tr_own_waits_stop_all(trace, TR_OUTCOME_DONE, now_ns);
}

/* The node of which the engine sees the record, whose entry may be that of an instance. */
static inline tr_node *engines_node(tr_trace *trace, tr_node *entry, const tr_record *record,
                                    const tr_imported_fields *fields) {
    return fields == NULL || fields->instance.length_bytes == 0 ? entry : tr_trace_node(trace, tr_view_node_id(record));
}

/* What is particular to a type, beyond the tables. `entry` is what apply_to_node returned; NULL for types without a
 * node. */
static INLINED bool apply_particulars(tr_trace *trace, tr_node *entry, const tr_record *record, unsigned type,
                                      const tr_imported_fields *fields, uint64_t now_ns, uint32_t *violations) {
    switch (type) {
    case TR_TYPE_TRACE_START:
        return start_trace(trace, record, now_ns);
    case TR_TYPE_NODE_START:
        tr_own(trace)->records_starts = true;
        return tr_started_add(trace, engines_node(trace, entry, record, fields)) &&
               (fields == NULL || tr_imported_note_start(trace, entry, fields, violations));
    case TR_TYPE_NODE_DONE:
        tr_engine_view_finish(trace, engines_node(trace, entry, record, fields), record);
        return true;
    case TR_TYPE_NODE_ERROR:
        return note_error(trace, record, now_ns, false) &&
               (fields == NULL ||
                (tr_imported_note_error(trace, entry) && tr_imported_note_kind(trace, entry, fields->kind)));
    case TR_TYPE_TRACE_COMPLETE:
        *violations |= tr_wait_has_running_nodes(trace) ? TR_VIOLATION_COMPLETE_WHILE_RUNNING : 0;
        *violations |= now_ns < trace->last_ns ? TR_VIOLATION_TIME_BACKWARDS : 0;
        close_trace(trace, now_ns, violations);
        return true;
    case TR_TYPE_TRACE_FAILED:
        close_trace(trace, now_ns, violations);
        return note_error(trace, record, now_ns, true);
    case TR_TYPE_TRACE_SUSPENDED:
        return suspend(trace, entry, record, now_ns, violations);
    case TR_TYPE_TRACE_RESUMED:
        tr_wait_note_resume(trace);
        leave_suspension(trace, now_ns, violations);
        return true;
    case TR_TYPE_LOOP_ITERATION:
        return iterate(trace, entry, record, now_ns, violations);
    case TR_TYPE_LOOP_EXIT:
        return leave_loop(trace, entry, now_ns);
    default:
        return true;
    }
}

/* Notes a plan's reason to close the trace as the trace's failure. */
static bool note_reason(tr_trace *trace, const tr_record *record, uint64_t now_ns) {
    bool noted = note_error(trace, record, now_ns, true);
    if (noted) {
        trace->errors[trace->error_list_count - 1].by_tracereel = true;
    }
    return noted;
}

/* Applies a record that tracereel wrote to the engine's view. A suspension does not create an unknown node: a trace can
 * be held at a node that the flow does not have. */
static __attribute__((noinline)) bool apply_planned(tr_trace *trace, const tr_record *record, node_event event,
                                                    uint64_t now_ns, uint32_t *violations) {
    uint32_t node_id = tr_view_node_id(record);
    unsigned type = tr_view_type(record);
    bool makes_node = type == TR_TYPE_NODE_START || type == TR_TYPE_NODE_DONE;
    tr_node *node = event == NO_EVENT ? NULL : makes_node ? need_node(trace, node_id) : tr_trace_node(trace, node_id);
    if (type == TR_TYPE_TRACE_SUSPENDED || type == TR_TYPE_TRACE_RESUMED) {
        release_node(trace);
    }
    if (node != NULL) {
        change_status(trace, node, event, violations);
    } else if (makes_node) {
        return false;
    }
    switch (type) {
    case TR_TYPE_TRACE_START:
        return start_trace(trace, record, now_ns);
    case TR_TYPE_NODE_START:
        return tr_started_add(trace, node);
    case TR_TYPE_NODE_DONE:
        tr_engine_view_finish(trace, node, record);
        return true;
    case TR_TYPE_TRACE_COMPLETE:
        *violations |= tr_wait_has_running_nodes(trace) ? TR_VIOLATION_COMPLETE_WHILE_RUNNING : 0;
        return true;
    case TR_TYPE_TRACE_FAILED:
        return note_reason(trace, record, now_ns);
    case TR_TYPE_TRACE_SUSPENDED:
        return tr_engine_view_suspend(trace, record);
    default:
        return true;
    }
}

/* Updates the measured times. */
static INLINED void measure_time(tr_trace *trace, const trace_rule *rule, uint64_t now_ns) {
    if (rule->makes_ready) {
        tr_own(trace)->ready_ns = now_ns;
    }
    if (now_ns > trace->last_ns) {
        trace->last_ns = now_ns;
    }
}

/* Applies a record of that type. In XERV's own logs, where there are neither imported fields nor own waits, the copies
 * of this that are used ask nothing about them. `fields` is NULL where the record has none; `has_own_waits` is false
 * where none can be. */
static INLINED bool apply(tr_trace *trace, const tr_record *record, unsigned type, bool by_tracereel,
                          const tr_imported_fields *fields, bool has_own_waits, uint32_t *violations) {
    const trace_rule *rule = &trace_rules[type];
    uint64_t now_ns = tr_view_timestamp_ns(record);
    bool suspended = trace->status == TR_TRACE_SUSPENDED && !(has_own_waits && tr_own_waits_alone(trace));
    /* Both are read, so that what is the same in both is a constant. */
    uint32_t found = suspended ? rule->violation[1] : rule->violation[0];
    uint8_t next = suspended ? rule->next[1] : rule->next[0];
    if (now_ns < trace->start_ns) {
        found |= TR_VIOLATION_TIME_BACKWARDS;
    }
    trace->record_count++;
    node_event event = (node_event)rule->event;
    bool applied;
    if (by_tracereel) {
        applied = apply_planned(trace, record, event, now_ns, &found);
    } else {
        tr_node *entry = NULL;
        bool is_of_instance = fields != NULL && fields->instance.length_bytes > 0;
        applied = !tr_own(trace)->is_just_resumed || tr_wait_end(trace, record, is_of_instance);
        if (applied && fields != NULL && tr_own_waits_concern(record, fields)) {
            found = now_ns < trace->start_ns ? TR_VIOLATION_TIME_BACKWARDS : 0;
            applied = type == TR_TYPE_TRACE_SUSPENDED ? tr_own_waits_suspend(trace, record, fields, &found)
                                                      : tr_own_waits_resume(trace, record, fields, &found);
        } else if (applied) {
            applied = (event == NO_EVENT ||
                       (entry = apply_to_node(trace, record, event, fields, has_own_waits, now_ns, &found)) != NULL) &&
                      apply_particulars(trace, entry, record, type, fields, now_ns, &found);
        }
        measure_time(trace, rule, now_ns);
    }
    trace->status = next;
    if (has_own_waits && !by_tracereel && trace->status <= TR_TRACE_SUSPENDED && tr_own_waits_any(trace)) {
        trace->status = (uint8_t)tr_own_waits_status(trace);
    }
    if (trace->status > TR_TRACE_SUSPENDED) {
        trace->outcome =
            tr_imported_outcome(fields == NULL ? (tr_text){0} : fields->outcome, (tr_trace_status)trace->status);
    }
    *violations |= found;
    return applied;
}

static __attribute__((noinline, cold)) bool apply_with_fields(tr_trace *trace, const tr_record *record,
                                                              bool by_tracereel, uint32_t *violations) {
    tr_imported_fields fields;
    bool has_fields = record->metadata_length_bytes > 0 && !by_tracereel;
    if (has_fields && !tr_imported_fields_read(tr_own(trace)->home, record, &fields)) {
        trace->record_count++;
        return false;
    }
    return apply(trace, record, tr_view_type(record), by_tracereel, has_fields ? &fields : NULL, true, violations);
}

bool tr_transition_apply(tr_trace *trace, const tr_record *record, bool by_tracereel, uint32_t *violations) {
    /* A trace_start, which has most of the metadata in a log of XERV, says none of the imported fields. */
    bool may_have_fields = record->metadata_length_bytes > 0 && tr_view_type(record) != TR_TYPE_TRACE_START;
    if (by_tracereel || may_have_fields || tr_own(trace)->imported != NULL) {
        return apply_with_fields(trace, record, by_tracereel, violations);
    }
    switch (tr_view_type(record)) {
#define APPLY(number, constant, name, meanings)                                                                        \
    case number:                                                                                                       \
        return apply(trace, record, number, false, NULL, false, violations);
        TR_RECORD_TYPES(APPLY)
#undef APPLY
    default:
        return true; /* a tr_record has no other */
    }
}
