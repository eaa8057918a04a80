/* A log that is being made of what an importer says, in whatever order it says it. */
#ifndef TRACEREEL_DRAFT_H
#define TRACEREEL_DRAFT_H

#include <stdbool.h>
#include <stdint.h>

#include "import/attempt_table.h"
#include "import/event_sorter.h"
#include "tracereel/record.h"
#include "tracereel/status.h"
#include "tracereel/writer.h"

/* What is changed to fit, or left out. X(name, is it left out, kind for the report). */
#define TR_DRAFT_BENDS(X)                                                                                              \
    X(END_BEFORE_START, false, "ends before their starts: the attempts have no length")                                \
    X(END_WITHOUT_START, false, "ends without a start: the starts are estimated")                                      \
    X(START_WHILE_RUNNING, false, "starts of nodes that were running: the earlier attempts are abandoned")             \
    X(RESUME_WITHOUT_WAIT, false, "ends of waits that had not begun")                                                  \
    X(TRACE_START_AFTER_EVENT, false, "traces that began after their first event: they begin with it")                 \
    X(TRACE_END_BEFORE_EVENT, false, "traces that ended before their last event: they end with it")                    \
    X(SECOND_TRACE_END, true, "second ends of a trace")                                                                \
    X(EMPTY_TRACE, true, "traces in which nothing happens")

typedef enum tr_draft_bend {
#define TR_DRAFT_BEND_ENUM(name, is_dropped, kind) TR_BEND_##name,
    TR_DRAFT_BENDS(TR_DRAFT_BEND_ENUM)
#undef TR_DRAFT_BEND_ENUM
        TR_BEND_COUNT
} tr_draft_bend;

/* How often, and where first. */
typedef struct tr_draft_bend_count {
    uint64_t count;
    uint8_t trace_id[TR_TRACE_ID_BYTES];
    bool has_node;
    uint32_t node;
    uint64_t at_ns; /* TR_TIME_UNKNOWN where there is none */
} tr_draft_bend_count;

typedef struct tr_draft tr_draft;

typedef struct tr_draft_stats {
    uint64_t traces;
    uint64_t records; /* so far */
    uint64_t events;  /* that were added */
} tr_draft_stats;

/* `sorter_memory_bytes` as tr_event_sorter_open takes it. On failure `*draft` is NULL. */
tr_status tr_draft_open(uint64_t sorter_memory_bytes, tr_draft **draft, tr_error *error);

/* Is there a trace of that id? */
bool tr_draft_find_trace(const tr_draft *draft, const uint8_t id[TR_TRACE_ID_BYTES], uint32_t *trace);

/* Makes one that is not there. `parent` may be NULL, and need not be there. `at_ns` may be TR_TIME_UNKNOWN: the trace
 * then begins with its first event. After a failure a draft can only be closed; that holds for all that follow. */
tr_status tr_draft_add_trace(tr_draft *draft, const uint8_t id[TR_TRACE_ID_BYTES], const uint8_t *parent,
                             uint64_t at_ns, tr_text metadata, uint32_t *trace, tr_error *error);

/* How the trace ends where nothing closes it, and as many of its attempts have ended as have begun: with its last
 * event. Otherwise it stays open, as do those of which nothing is said. */
tr_status tr_draft_set_outcome(tr_draft *draft, uint32_t trace, tr_record_type type, tr_text metadata, tr_error *error);

/* The `instance` of an event: a number for the text that names it, never 0, and another one in each process. */
uint64_t tr_draft_instance(tr_text name);

/* Of several attempts of a node (and instance) at one time, each has a lane of its own: the first, from 1, in which no
 * other one overlaps it. A lane is known by the time from its first start to its last end, so what comes in the order
 * of starts or of ends takes as few lanes as there can be. Once the trace was closed with its last event, the lanes
 * begin anew. */
tr_status tr_draft_lane(tr_draft *draft, uint32_t trace, uint32_t node, uint64_t instance, uint64_t start_ns,
                        uint64_t end_ns, uint32_t *lane, tr_error *error);

/* Adds what happens in a trace: its `at_ns`, `instance`, `trace`, `node`, `iteration`, `type` and `wait_kind`. An end
 * before its start is moved to it. */
tr_status tr_draft_add(tr_draft *draft, tr_import_event *event, tr_text message, tr_text metadata, tr_error *error);

/* The trace's end: TR_TYPE_TRACE_COMPLETE or TR_TYPE_TRACE_FAILED. `at_ns` TR_TIME_UNKNOWN: with its last event. What
 * is known of its attempts is forgotten, and with its last event what is known of lanes, too. */
tr_status tr_draft_close_trace(tr_draft *draft, uint32_t trace, tr_record_type type, uint64_t at_ns, tr_text message,
                               tr_text metadata, tr_error *error);

/* Says that a node comes after another. */
tr_status tr_draft_add_edge(tr_draft *draft, uint32_t node, uint32_t before, tr_error *error);
/* The edges, each once. */
uint32_t tr_draft_edge_count(const tr_draft *draft);
void tr_draft_edge(const tr_draft *draft, uint32_t index, uint32_t *node, uint32_t *before);

/* The latest end of a node in a trace, of all its instances; TR_TIME_UNKNOWN where none has ended, or the trace was
 * closed. */
uint64_t tr_draft_latest_end(const tr_draft *draft, uint32_t trace, uint32_t node);
/* When the trace was said to begin. */
uint64_t tr_draft_trace_at(const tr_draft *draft, uint32_t trace);
void tr_draft_trace_id(const tr_draft *draft, uint32_t trace, uint8_t id[TR_TRACE_ID_BYTES]);

/* The number of a kind of waits. `members`: a JSON object, or nothing; the metadata of the records that begin and end
 * such a wait begin with its members. The first kind gets 0, and is that of an end whose wait had not begun. */
tr_status tr_draft_number_wait_kind(tr_draft *draft, tr_text members, uint8_t *kind, tr_error *error);

/* Begins to write: no more is added. `node_count`: one more than the highest node. */
tr_status tr_draft_finish(tr_draft *draft, uint32_t node_count, tr_error *error);
/* Writes up to about `max_records` records. Returns TR_OK, TR_END once all are written, or what the writer returns. */
tr_status tr_draft_write(tr_draft *draft, tr_writer *writer, uint64_t max_records, tr_error *error);

tr_draft_stats tr_draft_stats_of(const tr_draft *draft);
/* What the report calls it; and whether what it counts was left out. */
const char *tr_draft_bend_kind(tr_draft_bend bend);
bool tr_draft_bend_is_dropped(tr_draft_bend bend);
const tr_draft_bend_count *tr_draft_bend_count_of(const tr_draft *draft, tr_draft_bend bend);

/* NULL is allowed. */
void tr_draft_close(tr_draft *draft);

#endif
