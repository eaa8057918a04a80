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

/* Which records somebody wants to see. All zero: every record. Applied to what is shown, never to the state. */
typedef struct tr_filter {
    uint32_t types;        /* bits 1 << type; 0 = all */
    const uint32_t *nodes; /* node_count of them; 0 = all. Records that name no node (trace_*, checkpoint) pass */
    size_t node_count;
    const uint8_t (*traces)[TR_TRACE_ID_BYTES]; /* trace_count of them; 0 = all */
    size_t trace_count;
    uint64_t since_ns; /* timestamp >= since_ns */
    uint64_t until_ns; /* timestamp < until_ns; 0 = no end */
} tr_filter;

bool tr_filter_passes(const tr_filter *filter, const tr_record *record);

typedef struct tr_event {
    tr_record record;
    tr_trace *trace;     /* the trace with the record in it, or NULL; a closed one is good until the next call */
    uint32_t violations; /* tr_violation bits */
} tr_event;

typedef struct tr_replay tr_replay;

/* Replays `log`, which must outlive it and must not be read by anybody else meanwhile. Traces of the log's snapshot are
 * open from the beginning. TR_OK or TR_ERROR_MEMORY (then `*replay` is NULL). */
tr_status tr_replay_open(tr_log *log, tr_replay **replay);

/* From now on only what ran counts: records that tracereel wrote are passed over, and count for nothing here (see
 * tr_traces_measure). To be called before the first record. */
void tr_replay_measure(tr_replay *replay);
/* The index of the segment of the first record that was passed over after the last one that counts, or TR_NONE. */
uint32_t tr_replay_planned_segment(const tr_replay *replay);

/* As tr_log_next: TR_OK with `event` filled, TR_GAP (see tr_log_gap), TR_END, or a failure, which tr_replay_error
 * explains. */
tr_status tr_replay_next(tr_replay *replay, tr_event *event);

/* What tr_replay_next is going to answer, without applying it; for TR_OK the record's timestamp. The record of the last
 * event must not be looked at any more. What the log says of its last answer is about the peeked one. */
tr_status tr_replay_peek(tr_replay *replay, uint64_t *timestamp_ns);

/* The latest timestamp seen so far: a log's clock never runs backwards, though its records' timestamps can. */
uint64_t tr_replay_now_ns(const tr_replay *replay);
/* The earliest timestamp seen so far. Both are 0 before the first record. */
uint64_t tr_replay_first_ns(const tr_replay *replay);
/* The traces that are open now; owned by the replay. */
tr_traces *tr_replay_traces(tr_replay *replay);
const tr_error *tr_replay_error(const tr_replay *replay);
/* How many records each violation has been seen on, by bit number. */
const uint64_t *tr_replay_violation_counts(const tr_replay *replay);

/* NULL is allowed. Does not close the log. */
void tr_replay_close(tr_replay *replay);

#ifdef __cplusplus
}
#endif
#endif
