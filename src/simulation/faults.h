/* The scenario's faults: what goes wrong when a trace writes a certain record. */
#ifndef TRACEREEL_SIMULATION_FAULTS_H
#define TRACEREEL_SIMULATION_FAULTS_H

#include "simulation/internal.h"

typedef enum tr_effect_kind {
    TR_EFFECT_NONE,  /* the step fires now */
    TR_EFFECT_DELAY, /* it fires `ns` later */
    TR_EFFECT_CRASH  /* the engine dies before it, and starts again `ns` later */
} tr_effect_kind;

typedef struct tr_fault_effect {
    tr_effect_kind kind;
    uint64_t ns;
} tr_fault_effect;

/* Finds the scenario's faults for an arriving trace. */
void tr_simulation_find_faults(const tr_simulation *simulation, tr_simulated_trace *trace);
/* Call when a step is about to write its record. With TR_EFFECT_NONE, `trace->fault` is what hits the record, or NULL.
 * Call again when a delayed step comes again. TR_ERROR_MEMORY: `*effect` is TR_EFFECT_NONE. */
tr_status tr_simulation_meet_fault(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step,
                                   tr_fault_effect *effect, tr_error *error);

#endif
