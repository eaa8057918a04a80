/* Writes records at the present time: into the new log, or those of a probe into memory. */
#ifndef TRACEREEL_SIMULATION_SINK_H
#define TRACEREEL_SIMULATION_SINK_H

#include "simulation/internal.h"

/* Writes a step's record at the present time. */
tr_status tr_simulation_write(tr_simulation *simulation, tr_simulated_trace *trace, const tr_step *step,
                              tr_error *error);
/* Writes a node_error in place of the node_done of that step. */
tr_status tr_simulation_write_error(tr_simulation *simulation, tr_simulated_trace *trace, const tr_step *step,
                                    tr_text message, tr_error *error);
/* Writes the record of TR_RECOVERY_STEP or TR_COMPLETION_STEP. */
tr_status tr_simulation_write_made(tr_simulation *simulation, const tr_simulated_trace *trace, uint32_t step,
                                   tr_error *error);
/* The type of a step's record. The step must have one. */
tr_record_type tr_simulation_type_of(const tr_simulation *simulation, const tr_step *step);
/* Decodes the fields of a recorded record. They point into the recording. */
void tr_simulation_unpack(const tr_recorded *recorded, tr_record_fields *fields);

#endif
