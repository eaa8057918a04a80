/* Which recorded trace arrives next, and at which recorded moment. */
#ifndef TRACEREEL_POPULATION_H
#define TRACEREEL_POPULATION_H

#include "simulation/internal.h"

/* Prepares what arrivals are taken from. TR_OK, or TR_NO_MEMORY: tr_population_free is allowed all the same. */
tr_status tr_population_open(tr_simulation *simulation, tr_error *error);
/* Takes the next moment and trace: `arrivals->chain` is NULL if nothing more arrives, `moment` is NULL if the log has
 * no moment for it any more. */
void tr_population_next(tr_simulation *simulation, tr_arrivals *arrivals);
void tr_population_free(tr_simulation *simulation);

#endif
