/* What XERV (the engine) does again after a crash. */
#ifndef TRACEREEL_SIMULATION_REDO_H
#define TRACEREEL_SIMULATION_REDO_H

#include "simulation/internal.h"

/* Call after a crash, with the attempts' is_start_ahead and is_queued set: finds what the engine, by its log, does
 * again, and makes everything after it wait for it. TR_ERROR_MEMORY: the trace can only be freed. */
tr_status tr_simulation_redo(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error);
/* Whether an error ended the trace. The engine has then deleted its arena and will not recover it. */
bool tr_simulation_has_failed(const tr_simulation *simulation, const tr_simulated_trace *trace);

#endif
