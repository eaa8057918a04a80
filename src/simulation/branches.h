/* Branches that a crash loses. */
#ifndef TRACEREEL_SIMULATION_BRANCHES_H
#define TRACEREEL_SIMULATION_BRANCHES_H

#include "simulation/internal.h"

/* What each node has come to: view.last_end is the end by which the engine takes it as done. */
bool tr_simulation_view_nodes(const tr_simulation *simulation, const tr_simulated_trace *trace);
/* Every node that is done counts as having answered on its port "out": what is not reached by it will never run. The
 * views are those of tr_simulation_view_nodes. */
tr_status tr_simulation_drop_branches(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error);

#endif
