#include "trace/imported.h"

#include <string.h>

#include "bytes/hash.h"
#include "record/text.h"
#include "trace/trace_store.h"

/* ---- memory ---- */

tr_imported *tr_imported_need(tr_trace *trace) {
    tr_trace_state *own = tr_own(trace);
    if (own->imported == NULL) {
        tr_imported *made = tr_pool_allocate(&own->home->pool, sizeof *made);
        if (made == NULL) {
            return NULL;
        }
        *made = (tr_imported){.first_own_suspension = TR_NONE};
        own->imported = made;
    }
    return own->imported;
}

void tr_imported_free(tr_trace *trace) {
    tr_imported *imported = tr_own(trace)->imported;
    if (imported == NULL) {
        return;
    }
    tr_pool *pool = &tr_own(trace)->home->pool;
#define FREE_LIST(type, name) tr_pool_free(pool, imported->name, imported->name##_capacity * sizeof(type));
    TR_IMPORTED_LISTS(FREE_LIST)
#undef FREE_LIST
    tr_pool_free(pool, imported, sizeof *imported);
    tr_own(trace)->imported = NULL;
}

bool tr_imported_copy(tr_trace *trace, const tr_trace *from) {
    const tr_imported *source = tr_own(from)->imported;
    tr_imported *copy = source == NULL ? NULL : tr_imported_need(trace);
    if (copy == NULL) {
        return source == NULL;
    }
    tr_pool *pool = &tr_own(trace)->home->pool;
    bool copied = true;
    *copy = *source;
#define COPY_LIST(type, name)                                                                                          \
    copy->name =                                                                                                       \
        copied && source->name##_capacity > 0 ? tr_pool_allocate(pool, source->name##_capacity * sizeof(type)) : NULL; \
    if (copy->name != NULL) {                                                                                          \
        memcpy(copy->name, source->name, source->name##_capacity * sizeof(type));                                      \
    } else {                                                                                                           \
        copied = copied && source->name##_capacity == 0;                                                               \
        copy->name##_capacity = 0;                                                                                     \
    }
    TR_IMPORTED_LISTS(COPY_LIST)
#undef COPY_LIST
    return copied;
}

/* Grows a list so that it has at least `count` items; new ones are all zero. */
static bool cover(const tr_trace *trace, void **items, uint32_t *capacity, size_t count, size_t item_bytes) {
    enum { FIRST_CAPACITY = 4 };
    if (count <= *capacity) {
        return true;
    }
    size_t grown_count = *capacity == 0 ? FIRST_CAPACITY : 2 * (size_t)*capacity;
    grown_count = grown_count < count ? count : grown_count;
    if (grown_count > UINT32_MAX) {
        return false;
    }
    char *grown =
        tr_pool_reallocate(&tr_own(trace)->home->pool, *items, *capacity * item_bytes, grown_count * item_bytes);
    if (grown == NULL) {
        return false;
    }
    memset(grown + *capacity * item_bytes, 0, (grown_count - *capacity) * item_bytes);
    *items = grown;
    *capacity = (uint32_t)grown_count;
    return true;
}

#define NEED_ITEM(type, name)                                                                                          \
    type *tr_imported_need_##name(tr_trace *trace, uint32_t index) {                                                   \
        tr_imported *imported = tr_imported_need(trace);                                                               \
        void *items = imported == NULL ? NULL : imported->name;                                                        \
        if (imported == NULL || !cover(trace, &items, &imported->name##_capacity, (size_t)index + 1, sizeof(type))) {  \
            return NULL;                                                                                               \
        }                                                                                                              \
        imported->name = items;                                                                                        \
        return &imported->name[index];                                                                                 \
    }
NEED_ITEM(tr_imported_node, nodes)
NEED_ITEM(tr_imported_attempt, attempts)
NEED_ITEM(tr_imported_suspension, suspensions)
NEED_ITEM(uint32_t, errors)
#undef NEED_ITEM

bool tr_imported_add_text(tr_trace *trace, tr_text text, tr_text_place *place) {
    tr_imported *imported = tr_imported_need(trace);
    void *items = imported == NULL ? NULL : imported->texts;
    if (imported == NULL ||
        !cover(trace, &items, &imported->texts_capacity, (size_t)imported->texts_bytes + text.length_bytes, 1)) {
        return false;
    }
    imported->texts = items;
    *place = (tr_text_place){imported->texts_bytes, text.length_bytes};
    if (text.length_bytes > 0) {
        memcpy(imported->texts + imported->texts_bytes, text.bytes, text.length_bytes);
    }
    imported->texts_bytes += text.length_bytes;
    return true;
}

/* ---- instances ---- */

static bool is_text(const tr_imported *imported, tr_text_place place, tr_text text) {
    return place.length_bytes == text.length_bytes &&
           memcmp(imported->texts + place.offset, text.bytes, text.length_bytes) == 0;
}

static uint64_t hash_of(uint32_t node_id, tr_text instance) {
    return tr_hash_bytes(tr_hash_mix(node_id ^ tr_hash_seed()), instance.bytes, instance.length_bytes);
}

/* The entry of an instance in the index, or the free entry where it belongs. The index is not empty. */
static uint32_t *place_of(const tr_trace *trace, const tr_imported *imported, uint32_t node_id, tr_text instance) {
    uint32_t mask = imported->by_instance_capacity - 1;
    uint32_t at = (uint32_t)hash_of(node_id, instance) & mask;
    for (; imported->by_instance[at] != 0; at = (at + 1) & mask) {
        uint32_t index = imported->by_instance[at] - 1;
        if (trace->nodes[index].node_id == node_id && is_text(imported, imported->nodes[index].instance, instance)) {
            break;
        }
    }
    return &imported->by_instance[at];
}

static tr_text text_at(const tr_imported *imported, tr_text_place place) {
    return place.length_bytes == 0 ? (tr_text){0} : (tr_text){imported->texts + place.offset, place.length_bytes};
}

/* Keeps the index at most half full, and its capacity a power of two. */
static bool make_room_in_index(tr_trace *trace, tr_imported *imported) {
    enum { FIRST_CAPACITY = 16 };
    uint32_t old_capacity = imported->by_instance_capacity;
    if ((imported->instance_count + 1) * 2 <= old_capacity) {
        return true;
    }
    uint32_t capacity = old_capacity == 0 ? FIRST_CAPACITY : 2 * old_capacity;
    tr_pool *pool = &tr_own(trace)->home->pool;
    uint32_t *index = tr_pool_allocate(pool, capacity * sizeof *index);
    if (index == NULL) {
        return false;
    }
    memset(index, 0, capacity * sizeof *index);
    tr_pool_free(pool, imported->by_instance, old_capacity * sizeof *index);
    imported->by_instance = index;
    imported->by_instance_capacity = capacity;
    const tr_node *nodes = trace->nodes;
    for (uint32_t i = 0; nodes != NULL && i < trace->node_count && i < imported->nodes_capacity; i++) {
        if (imported->nodes[i].instance.length_bytes > 0) {
            *place_of(trace, imported, nodes[i].node_id, text_at(imported, imported->nodes[i].instance)) = i + 1;
        }
    }
    return true;
}

static tr_node *add_instance(tr_trace *trace, const tr_node *node, tr_text instance) {
    tr_imported *imported = tr_own(trace)->imported;
    uint32_t of = (uint32_t)(node - trace->nodes), node_id = node->node_id;
    uint32_t added = trace->node_count;
    tr_text_place text;
    /* The entry comes last, because nothing takes it back. */
    if (!make_room_in_index(trace, imported) || tr_imported_need_nodes(trace, added) == NULL ||
        !tr_imported_add_text(trace, instance, &text) || tr_trace_add_instance_node(trace, node_id) == NULL) {
        return NULL;
    }
    uint32_t number = ++imported->nodes[of].instance_count;
    imported->nodes[added] = (tr_imported_node){.instance = text, .of = of, .instance_count = number};
    imported->instance_count++;
    *place_of(trace, imported, node_id, instance) = added + 1;
    return &trace->nodes[added];
}

tr_node *tr_imported_need_instance(tr_trace *trace, tr_node *node, tr_text instance) {
    const tr_node *known = tr_trace_find_instance(trace, node->node_id, instance);
    return known != NULL                     ? &trace->nodes[known - trace->nodes]
           : tr_imported_need(trace) == NULL ? NULL
                                             : add_instance(trace, node, instance);
}

const tr_node *tr_trace_find_instance(const tr_trace *trace, uint32_t node_id, tr_text instance) {
    const tr_imported *imported = tr_own(trace)->imported;
    if (instance.length_bytes == 0) {
        return tr_trace_find_node(trace, node_id);
    }
    uint32_t found =
        imported == NULL || imported->by_instance_capacity == 0 ? 0 : *place_of(trace, imported, node_id, instance);
    return found == 0 ? NULL : &trace->nodes[found - 1];
}

/* ---- details ---- */

/* What the source counts between the attempt before and this one: all below it in a row that begins afresh. */
static uint32_t hidden_before(const tr_trace *trace, const tr_attempt *attempt, uint32_t number) {
    const tr_attempt *before = tr_trace_earlier_attempt(trace, attempt);
    if (number == 0) {
        return 0;
    }
    if (before == NULL || before->outcome == TR_OUTCOME_DONE) {
        return number - 1;
    }
    uint32_t last = tr_trace_attempt_details(trace, before).number;
    return last == 0 ? 0 : number > last ? number - last - 1 : number - 1;
}

bool tr_imported_note_start(tr_trace *trace, const tr_node *entry, const tr_imported_fields *fields,
                            uint32_t *violations) {
    if (fields->scheduled_ns == 0 && fields->attempt == 0 && fields->resource.length_bytes == 0) {
        return true;
    }
    tr_imported_attempt *noted = tr_imported_need_attempts(trace, entry->last_attempt);
    tr_text_place resource;
    if (noted == NULL || !tr_imported_add_text(trace, fields->resource, &resource)) {
        return false;
    }
    const tr_attempt *attempt = &trace->attempts[entry->last_attempt];
    bool is_late = fields->scheduled_ns > attempt->start_ns;
    *violations |= is_late ? TR_VIOLATION_TIME_BACKWARDS : 0;
    noted->scheduled_ns = is_late ? 0 : fields->scheduled_ns;
    noted->number = fields->attempt;
    noted->hidden_count = hidden_before(trace, attempt, fields->attempt);
    noted->resource = resource;
    return true;
}

bool tr_imported_note_kind(tr_trace *trace, const tr_node *entry, tr_text kind) {
    if (kind.length_bytes == 0) {
        return true;
    }
    tr_imported_attempt *noted = tr_imported_need_attempts(trace, entry->last_attempt);
    return noted != NULL && tr_imported_add_text(trace, kind, &noted->kind);
}

bool tr_imported_note_error(tr_trace *trace, const tr_node *entry) {
    if (tr_own(trace)->imported == NULL || tr_trace_instance(trace, entry).length_bytes == 0) {
        return true;
    }
    uint32_t *noted = tr_imported_need_errors(trace, trace->error_list_count - 1);
    if (noted != NULL) {
        *noted = (uint32_t)(entry - trace->nodes) + 1;
    }
    return noted != NULL;
}

/* ---- what is known of an entry ---- */

/* The item of a parallel list, or NULL. */
#define ITEM(imported, name, index)                                                                                    \
    ((imported) != NULL && (index) < (imported)->name##_capacity ? &(imported)->name[index] : NULL)

tr_text tr_trace_instance(const tr_trace *trace, const tr_node *node) {
    const tr_imported *imported = tr_own(trace)->imported;
    const tr_imported_node *known = ITEM(imported, nodes, (size_t)(node - trace->nodes));
    return known == NULL ? (tr_text){0} : text_at(imported, known->instance);
}

uint32_t tr_trace_instance_count(const tr_trace *trace, const tr_node *node) {
    const tr_imported_node *known = ITEM(tr_own(trace)->imported, nodes, (size_t)(node - trace->nodes));
    return known == NULL || known->instance.length_bytes > 0 ? 0 : known->instance_count;
}

uint32_t tr_imported_instance_number(const tr_trace *trace, uint32_t node_index) {
    const tr_imported_node *known = ITEM(tr_own(trace)->imported, nodes, node_index);
    return known == NULL || known->instance.length_bytes == 0 ? 0 : known->instance_count;
}

tr_attempt_details tr_trace_attempt_details(const tr_trace *trace, const tr_attempt *attempt) {
    const tr_imported *imported = tr_own(trace)->imported;
    const tr_imported_attempt *known = ITEM(imported, attempts, (size_t)(attempt - trace->attempts));
    return known == NULL ? (tr_attempt_details){0}
                         : (tr_attempt_details){.scheduled_ns = known->scheduled_ns,
                                                .number = known->number,
                                                .hidden_count = known->hidden_count,
                                                .resource = text_at(imported, known->resource),
                                                .kind = text_at(imported, known->kind)};
}

const tr_node *tr_trace_error_node(const tr_trace *trace, const tr_trace_error *error) {
    const uint32_t *known = ITEM(tr_own(trace)->imported, errors, (size_t)(error - trace->errors));
    return error->is_trace_failure        ? NULL
           : known == NULL || *known == 0 ? tr_trace_find_node(trace, error->node_id)
                                          : &trace->nodes[*known - 1];
}

uint8_t tr_imported_outcome(tr_text name, tr_trace_status status) {
    uint8_t plain = status == TR_TRACE_COMPLETE ? TR_TRACE_OUTCOME_COMPLETE : TR_TRACE_OUTCOME_FAILED;
    if (name.length_bytes == 0) {
        return plain;
    }
    static const uint8_t status_of[TR_TRACE_OUTCOME_COUNT] = {
#define STATUS_OF_OUTCOME(constant, name, status) TR_TRACE_##status,
        TR_TRACE_OUTCOMES(STATUS_OF_OUTCOME)
#undef STATUS_OF_OUTCOME
    };
    for (unsigned outcome = TR_TRACE_OUTCOME_CANCELLED; outcome < TR_TRACE_OUTCOME_COUNT; outcome++) {
        if (status_of[outcome] == status && tr_text_is(name, tr_trace_outcome_name(outcome))) {
            return (uint8_t)outcome;
        }
    }
    return plain;
}
