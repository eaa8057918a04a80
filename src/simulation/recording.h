/* The chains of a recording, for the simulation. */
#ifndef TRACEREEL_RECORDING_H
#define TRACEREEL_RECORDING_H

#include "files/spool.h"
#include "tracereel/simulation.h"

/* A record in the spool, followed by its bytes. */
typedef struct tr_recorded {
    uint64_t next;          /* offset in the spool of the next record of the chain; 0: none */
    uint64_t event_ns;      /* the latest timestamp up to here */
    uint64_t earlier_by_ns; /* event time less the record's own timestamp */
    uint64_t number;        /* in the log, from 0 */
    uint64_t length_bytes;
} tr_recorded;

/* The records of one trace, from its trace_start to its end; or one record of no open trace. */
typedef struct tr_chain {
    uint64_t first; /* offset in the spool */
    uint64_t event_ns;
    uint64_t last_ns; /* event time of the last record */
    uint64_t number;
    uint32_t count;
    uint16_t is_left_out; /* tainted; or an orphan of a damaged log */
    uint16_t is_closed;   /* a trace that ended in the log */
} tr_chain;

uint64_t tr_recording_trace_count(const tr_recording *recording);
uint64_t tr_recording_orphan_count(const tr_recording *recording);
const tr_chain *tr_recording_trace(const tr_recording *recording, uint64_t index);
const tr_chain *tr_recording_orphan(const tr_recording *recording, uint64_t index);
const tr_recorded *tr_recording_at(const tr_recording *recording, uint64_t offset);
static inline const uint8_t *tr_recorded_bytes(const tr_recorded *recorded) {
    return (const uint8_t *)(recorded + 1);
}
/* The record. Valid as long as the recording. */
static inline tr_record tr_recorded_record(const tr_recorded *recorded) {
    return (tr_record){.bytes = tr_recorded_bytes(recorded), .length_bytes = (uint32_t)recorded->length_bytes};
}
/* How many bytes of records each segment holds. */
const uint64_t *tr_recording_segments(const tr_recording *recording, size_t *count);

#endif
