/* Which steps belong to which iteration of a loop. */
#ifndef TRACEREEL_LOOP_BODIES_H
#define TRACEREEL_LOOP_BODIES_H

#include "simulation/loops.h"

/* Finds where each attempt of a node ends, in the draft's program as recorded. Returns false on allocation failure. */
bool tr_loops_find_finishes(tr_loops *loops);
/* Marks which steps belong to which iteration of `run`; loops->heads must be those of the run. */
void tr_loops_mark(tr_loops *loops, const tr_recording *recording, const tr_loop_run *run, const tr_loop_rule *rule,
                   uint32_t copies_from);

#endif
