/* What goes wrong when a trace writes a certain record, as the scenario says. */
#ifndef TRACEREEL_SIMULATION_FAULTS_H
#define TRACEREEL_SIMULATION_FAULTS_H

#include "simulation/internal.h"

typedef enum tr_effect_kind {
    TR_EFFECT_NONE,  /* the step fires now */
    TR_EFFECT_DELAY, /* it fires `ns` later */
    TR_EFFECT_CRASH  /* the engine dies before it, and is there again `ns` later */
} tr_effect_kind;

typedef struct tr_fault_effect {
    tr_effect_kind kind;
    uint64_t ns;
} tr_fault_effect;

/* Finds the faults that the scenario has for a trace that arrives. */
void tr_simulation_find_faults(const tr_simulation *simulation, tr_simulated_trace *trace);
/* Call when a step is about to write its record. With TR_EFFECT_NONE, `trace->fault` is what hits the record, or NULL.
 * A step that is put off is met again when it comes again. TR_ERROR_MEMORY: `*effect` is TR_EFFECT_NONE. */
tr_status tr_simulation_meet_fault(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step,
                                   tr_fault_effect *effect, tr_error *error);

#endif
