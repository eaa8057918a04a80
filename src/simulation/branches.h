/* Branches that a crash loses. */
#ifndef TRACEREEL_SIMULATION_BRANCHES_H
#define TRACEREEL_SIMULATION_BRANCHES_H

#include "simulation/internal.h"

/* Fills the node views: last_end is the step by which XERV (the engine) takes the node as done. Returns false on
 * allocation failure. */
bool tr_simulation_view_nodes(const tr_simulation *simulation, const tr_simulated_trace *trace);
/* Drops what will never run: every node that is done counts as having answered on its port "out", and what no such edge
 * reaches is lost. The views are those of tr_simulation_view_nodes. */
tr_status tr_simulation_drop_branches(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error);

#endif
