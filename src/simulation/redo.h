/* What the engine does again after a crash. */
#ifndef TRACEREEL_SIMULATION_REDO_H
#define TRACEREEL_SIMULATION_REDO_H

#include "simulation/internal.h"

/* After a crash: finds what the engine, by its log, does again, and lets all wait for it that comes after it. The
 * attempts' is_start_ahead and is_queued are known. TR_ERROR_MEMORY: the trace can only be freed. */
tr_status tr_simulation_redo(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error);
/* Whether an error ended the trace, of which the engine deletes the arena then: it will not recover it. */
bool tr_simulation_has_failed(const tr_simulation *simulation, const tr_simulated_trace *trace);

#endif
