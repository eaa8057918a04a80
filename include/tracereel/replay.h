/* A replay: the records of a log, each applied to the traces, one event at a time. */
#ifndef TRACEREEL_REPLAY_H
#define TRACEREEL_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/log.h"
#include "tracereel/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which records to show. All zero: every record. Filters what is shown, never what is applied to the state. */
typedef struct tr_filter {
    uint32_t types;        /* bits 1 << type; 0 = all */
    const uint32_t *nodes; /* node_count of them; 0 = all. Records that name no node (trace_*, checkpoint) pass */
    size_t node_count;
    const uint8_t (*traces)[TR_TRACE_ID_BYTES]; /* trace_count of them; 0 = all */
    size_t trace_count;
    bool traces_are_sorted; /* by their bytes, each once: then many of them cost little more than one */
    uint64_t since_ns;      /* timestamp >= since_ns */
    uint64_t until_ns;      /* timestamp < until_ns; 0 = no end */
} tr_filter;

bool tr_filter_passes(const tr_filter *filter, const tr_record *record);

typedef struct tr_event {
    tr_record record;
    tr_trace *trace;     /* the trace with the record applied, or NULL; a closed one is valid until the next call */
    uint32_t violations; /* tr_violation bits */
} tr_event;

typedef struct tr_replay tr_replay;

/* Opens a replay of `log`, which must outlive it; do not read the log elsewhere meanwhile. Traces of the log's snapshot
 * are open from the beginning. Returns TR_OK (close `*replay` with tr_replay_close), or TR_ERROR_MEMORY: `*replay` is
 * NULL. */
tr_status tr_replay_open(tr_log *log, tr_replay **replay);

/* Counts only what ran: records that tracereel wrote are skipped and count for nothing here (see tr_traces_measure).
 * Call before the first record. */
void tr_replay_measure(tr_replay *replay);
/* The index of the segment with the first skipped record after the last one that counts, or TR_NONE. */
uint32_t tr_replay_planned_segment(const tr_replay *replay);

/* Shows and keeps one shard of the log's traces alone (tr_trace_shard): records of the others are neither applied nor
 * returned. Those of no open trace, and checkpoints, belong to a shard by their id, too. Gaps come in every shard, and
 * damage taints its traces; the log is read whole, and its statistics are the whole's. Violations that are counted, and
 * open traces, are the shard's. The clock is the whole's, except where only what ran counts: there it is the shard's,
 * because what is counted of other traces depends on their states.
 *
 * Call before the first record. Returns TR_OK; TR_ERROR_ARGUMENT unless index < count <= TR_SHARD_MAX_COUNT; or
 * TR_ERROR_MEMORY: then close the replay. */
tr_status tr_replay_set_shard(tr_replay *replay, uint32_t index, uint32_t count);

/* Like tr_log_next: returns TR_OK with `event` filled, TR_GAP (see tr_log_gap), TR_END, or a failure, which
 * tr_replay_error explains. TR_ERROR_INTERRUPTED comes while records of other shards are passed over, too. */
tr_status tr_replay_next(tr_replay *replay, tr_event *event);

/* Returns what tr_replay_next is going to return, without applying it; for TR_OK also the record's timestamp. The
 * record of the last event is no longer valid. tr_log_place and tr_log_gap then describe the peeked result. With a
 * shard it can be a record of another one, which tr_replay_next would pass over. */
tr_status tr_replay_peek(tr_replay *replay, uint64_t *timestamp_ns);
/* If what was peeked is a record of another shard, passes over it, and over no other. Returns whether it was. */
bool tr_replay_pass_over(tr_replay *replay);

/* The latest timestamp seen so far: this clock never runs backwards, though the records' timestamps can. */
uint64_t tr_replay_now_ns(const tr_replay *replay);
/* The earliest timestamp seen so far. Both are 0 before the first record. */
uint64_t tr_replay_first_ns(const tr_replay *replay);
/* The traces that are open now; owned by the replay. */
tr_traces *tr_replay_traces(tr_replay *replay);
const tr_error *tr_replay_error(const tr_replay *replay);
/* How many records had each violation so far, by bit number. */
const uint64_t *tr_replay_violation_counts(const tr_replay *replay);

/* NULL is allowed. Does not close the log. */
void tr_replay_close(tr_replay *replay);

#ifdef __cplusplus
}
#endif
#endif
