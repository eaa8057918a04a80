#include "trace/own_waits.h"

#include "record/record_view.h"
#include "record/text.h"
#include "trace/attempts.h"
#include "trace/engine_view.h"
#include "trace/trace_store.h"

tr_suspension *tr_own_waits_plain(const tr_trace *trace) {
    uint32_t place = tr_own_waits_any(trace) ? tr_own(trace)->imported->plain_suspension : trace->suspension_count;
    return place == 0 ? NULL : &trace->suspensions[place - 1];
}

/* From the first wait on, the number of open attempts is kept as they open and end. */
static void count_open_attempts(tr_trace *trace) {
    tr_imported *imported = tr_own(trace)->imported;
    if (imported->counts_attempts) {
        return;
    }
    imported->open_attempt_count = 0;
    for (uint32_t i = 0; i < trace->node_count; i++) {
        imported->open_attempt_count += tr_attempts_open_of(trace, &trace->nodes[i]) != NULL;
    }
    imported->counts_attempts = true;
}

/* Links the latest suspension to the open attempt of its entry. There is none where only a snapshot knows that it runs.
 */
static tr_imported_suspension *link_latest(tr_trace *trace, const tr_node *entry) {
    uint32_t latest = trace->suspension_count - 1;
    tr_imported_suspension *known = tr_imported_need_suspensions(trace, latest);
    if (known == NULL) {
        return NULL;
    }
    *known = (tr_imported_suspension){.node_index = (uint32_t)(entry - trace->nodes)};
    if (tr_attempts_open_of(trace, entry) == NULL) {
        return known;
    }
    tr_imported_attempt *attempt = tr_imported_need_attempts(trace, entry->last_attempt);
    if (attempt == NULL) {
        return NULL;
    }
    known->before = attempt->last_suspension;
    attempt->last_suspension = latest + 1;
    return known;
}

bool tr_own_waits_note_plain(tr_trace *trace, const tr_node *entry) {
    tr_own(trace)->imported->plain_suspension = trace->suspension_count;
    return link_latest(trace, entry) != NULL;
}

static void end_wait(tr_trace *trace, tr_imported_node *known, tr_outcome outcome, uint64_t now_ns) {
    tr_suspension *wait = &trace->suspensions[known->open_wait - 1];
    wait->end_ns = now_ns;
    wait->outcome = (uint8_t)outcome;
    known->open_wait = 0;
    tr_own(trace)->imported->open_wait_count--;
}

/* What is known of an entry that waits; NULL if it does not. */
static tr_imported_node *waiting(const tr_trace *trace, const tr_node *entry) {
    tr_imported *imported = tr_own(trace)->imported;
    size_t index = (size_t)(entry - trace->nodes);
    return imported != NULL && index < imported->nodes_capacity && imported->nodes[index].open_wait != 0
               ? &imported->nodes[index]
               : NULL;
}

void tr_own_waits_stop(tr_trace *trace, const tr_node *entry, uint64_t now_ns, uint32_t *violations) {
    tr_imported_node *known = waiting(trace, entry);
    if (known != NULL) {
        *violations |= now_ns < trace->suspensions[known->open_wait - 1].start_ns ? TR_VIOLATION_TIME_BACKWARDS : 0;
        end_wait(trace, known, TR_OUTCOME_DONE, now_ns);
    }
}

void tr_own_waits_stop_all(tr_trace *trace, tr_outcome outcome, uint64_t now_ns) {
    tr_imported *imported = tr_own(trace)->imported;
    for (uint32_t i = 0; imported != NULL && imported->open_wait_count > 0 && i < imported->nodes_capacity; i++) {
        tr_imported_node *known = &imported->nodes[i];
        if (known->open_wait != 0) {
            uint64_t start_ns = trace->suspensions[known->open_wait - 1].start_ns;
            bool is_cut = outcome == TR_OUTCOME_ABANDONED && now_ns < start_ns;
            end_wait(trace, known, outcome, is_cut ? start_ns : now_ns);
        }
    }
}

/* Opens the attempt that waits: the wait is its beginning. */
static bool need_attempt(tr_trace *trace, tr_node *entry, uint64_t now_ns) {
    entry->from_snapshot = false;
    return tr_attempts_open_of(trace, entry) != NULL || tr_trace_add_attempt(trace, entry, now_ns, false) != NULL;
}

static tr_node *need_entry(tr_trace *trace, const tr_record *record, const tr_imported_fields *fields) {
    tr_node *node = tr_trace_node(trace, tr_view_node_id(record));
    node = node == NULL ? tr_trace_add_node(trace, tr_view_node_id(record)) : node;
    return node == NULL || fields->instance.length_bytes == 0
               ? node
               : tr_imported_need_instance(trace, node, fields->instance);
}

static bool begin(tr_trace *trace, tr_node *entry, tr_text kind, uint64_t now_ns) {
    tr_imported *imported = tr_own(trace)->imported;
    uint32_t before = trace->suspension_count;
    uint32_t index = (uint32_t)(entry - trace->nodes);
    if (tr_imported_need_nodes(trace, index) == NULL || !need_attempt(trace, entry, now_ns) ||
        tr_trace_add_suspension(trace, entry->node_id, now_ns) == NULL) {
        return false;
    }
    if (imported->first_own_suspension == TR_NONE) {
        imported->first_own_suspension = before;
        imported->plain_suspension = before;
    }
    imported->nodes[index].open_wait = trace->suspension_count;
    imported->open_wait_count++;
    tr_imported_suspension *known = link_latest(trace, entry);
    if (known == NULL || !tr_imported_add_text(trace, kind, &known->kind)) {
        return false;
    }
    known->is_own = true;
    return true;
}

bool tr_own_waits_suspend(tr_trace *trace, const tr_record *record, const tr_imported_fields *fields,
                          uint32_t *violations) {
    uint64_t now_ns = tr_view_timestamp_ns(record);
    tr_node *entry = tr_imported_need(trace) == NULL ? NULL : need_entry(trace, record, fields);
    if (entry == NULL) {
        return false;
    }
    count_open_attempts(trace);
    *violations |= waiting(trace, entry) != NULL ? TR_VIOLATION_SUSPENDED_TWICE : 0;
    tr_own_waits_stop(trace, entry, now_ns, violations);
    entry->status = TR_NODE_SUSPENDED;
    return begin(trace, entry, fields->wait, now_ns) && tr_engine_view_suspend(trace, record);
}

bool tr_own_waits_resume(tr_trace *trace, const tr_record *record, const tr_imported_fields *fields,
                         uint32_t *violations) {
    uint64_t now_ns = tr_view_timestamp_ns(record);
    const tr_node *found = tr_trace_find_instance(trace, tr_view_node_id(record), fields->instance);
    tr_node *entry = found == NULL ? NULL : &trace->nodes[found - trace->nodes];
    trace->is_suspended = false;
    if (entry == NULL || waiting(trace, entry) == NULL) {
        return true;
    }
    tr_own_waits_stop(trace, entry, now_ns, violations);
    tr_attempt *attempt = tr_attempts_open_of(trace, entry);
    if (attempt != NULL) {
        tr_attempts_end(trace, attempt, TR_OUTCOME_DONE, now_ns);
        attempt->by_resume = true;
    }
    entry->status = TR_NODE_DONE;
    return true;
}

tr_trace_status tr_own_waits_status(tr_trace *trace) {
    const tr_suspension *plain = tr_own_waits_plain(trace);
    const tr_imported *imported = tr_own(trace)->imported;
    if (imported->open_wait_count > 0) {
        count_open_attempts(trace);
    }
    bool only_waits = imported->open_wait_count > 0 && imported->open_attempt_count <= imported->open_wait_count;
    bool is_suspended = plain != NULL && plain->outcome == TR_OUTCOME_OPEN;
    return is_suspended || only_waits ? TR_TRACE_SUSPENDED : TR_TRACE_RUNNING;
}

/* How long the waits that are linked to an attempt lasted between two times. */
static uint64_t waited_ns(const tr_trace *trace, const tr_attempt *attempt, uint64_t start_ns, uint64_t end_ns,
                          bool timers_only) {
    const tr_imported *imported = tr_own(trace)->imported;
    size_t index = (size_t)(attempt - trace->attempts);
    uint64_t total_ns = 0;
    uint32_t at =
        tr_own_waits_any(trace) && index < imported->attempts_capacity ? imported->attempts[index].last_suspension : 0;
    for (; at != 0; at = imported->suspensions[at - 1].before) {
        const tr_suspension *wait = &trace->suspensions[at - 1];
        if (timers_only && !tr_own_waits_are_timer(trace, wait)) {
            continue;
        }
        uint64_t until_ns = wait->outcome == TR_OUTCOME_OPEN || wait->end_ns > end_ns ? end_ns : wait->end_ns;
        uint64_t from_ns = wait->start_ns > start_ns ? wait->start_ns : start_ns;
        total_ns += until_ns > from_ns ? until_ns - from_ns : 0;
    }
    return total_ns;
}

uint64_t tr_own_waits_suspended_ns(const tr_trace *trace, const tr_attempt *attempt, uint64_t start_ns,
                                   uint64_t end_ns) {
    return waited_ns(trace, attempt, start_ns, end_ns, false);
}

uint64_t tr_own_waits_timers_ns(const tr_trace *trace, const tr_attempt *attempt, uint64_t start_ns, uint64_t end_ns) {
    return waited_ns(trace, attempt, start_ns, end_ns, true);
}

bool tr_own_waits_are_timer(const tr_trace *trace, const tr_suspension *suspension) {
    return tr_text_is(tr_trace_wait_kind(trace, suspension), "timer");
}

tr_text tr_trace_wait_kind(const tr_trace *trace, const tr_suspension *suspension) {
    const tr_imported *imported = tr_own(trace)->imported;
    size_t index = (size_t)(suspension - trace->suspensions);
    if (imported == NULL || index >= imported->suspensions_capacity || !imported->suspensions[index].is_own) {
        return (tr_text){0};
    }
    tr_text_place kind = imported->suspensions[index].kind;
    return (tr_text){imported->texts + kind.offset, kind.length_bytes};
}

const tr_node *tr_trace_suspension_node(const tr_trace *trace, const tr_suspension *suspension) {
    const tr_imported *imported = tr_own(trace)->imported;
    size_t index = (size_t)(suspension - trace->suspensions);
    bool is_linked =
        tr_own_waits_any(trace) && index >= imported->first_own_suspension && index < imported->suspensions_capacity;
    return is_linked ? &trace->nodes[imported->suspensions[index].node_index]
                     : tr_trace_find_node(trace, suspension->node_id);
}
