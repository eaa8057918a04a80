#include "simulation/population.h"

#include <stdlib.h>

#include "bytes/fail.h"
#include "simulation/chance.h"

/* Lists the traces that are not left out. */
static tr_status list_kept(tr_simulation *simulation, tr_error *error) {
    tr_population *population = &simulation->population;
    uint64_t count = tr_recording_trace_count(simulation->recording);
    population->kept = malloc((count + 1) * sizeof *population->kept);
    if (population->kept == NULL) {
        return tr_fail_memory(error, "simulating");
    }
    population->count = 0;
    for (uint64_t index = 0; index < count; index++) {
        if (!tr_recording_trace(simulation->recording, index)->is_left_out) {
            population->kept[population->count++] = index;
        }
    }
    return TR_OK;
}

tr_status tr_population_open(tr_simulation *simulation, tr_error *error) {
    bool has_gaps = tr_recording_get_stats(simulation->recording)->tainted_traces > 0;
    simulation->population.count = tr_recording_trace_count(simulation->recording);
    return simulation->scenario.resample_block > 0 && has_gaps ? list_kept(simulation, error) : TR_OK;
}

void tr_population_free(tr_simulation *simulation) {
    free(simulation->population.kept);
}

/* The trace at a place of the resample, which wraps around: the last trace is followed by the first, so that each is as
 * likely as any other. */
static const tr_chain *resampled(const tr_simulation *simulation, uint64_t place) {
    const tr_population *population = &simulation->population;
    uint64_t block = simulation->scenario.resample_block;
    uint64_t first = tr_chance(simulation->scenario.seed, place / block, TR_PURPOSE_RESAMPLE, 0) % population->count;
    uint64_t index = (first + place % block) % population->count;
    return tr_recording_trace(simulation->recording, population->kept == NULL ? index : population->kept[index]);
}

/* Draws a trace from all that are not left out, or from the resample; NULL if there is none. */
static const tr_chain *draw(const tr_simulation *simulation, uint64_t series) {
    const tr_population *population = &simulation->population;
    uint64_t left_out = population->kept == NULL ? tr_recording_get_stats(simulation->recording)->tainted_traces : 0;
    if (population->count <= left_out) {
        return NULL;
    }
    for (uint64_t attempt = 0;; attempt++) {
        uint64_t place = tr_chance(simulation->scenario.seed, series, TR_PURPOSE_DRAW, attempt) % population->count;
        const tr_chain *chain = simulation->scenario.resample_block > 0
                                    ? resampled(simulation, place)
                                    : tr_recording_trace(simulation->recording, place);
        if (!chain->is_left_out) {
            return chain;
        }
    }
}

static const tr_chain *next_moment(tr_simulation *simulation, tr_arrivals *arrivals) {
    uint64_t count = tr_recording_trace_count(simulation->recording);
    while (arrivals->index < count) {
        const tr_chain *chain = tr_recording_trace(simulation->recording, arrivals->index++);
        if (!chain->is_left_out) {
            return chain;
        }
    }
    return NULL;
}

void tr_population_next(tr_simulation *simulation, tr_arrivals *arrivals) {
    uint64_t wanted = simulation->scenario.trace_count, series = simulation->arrived;
    bool is_resampled = simulation->scenario.resample_block > 0;
    arrivals->moment = wanted == 0 || series < wanted ? next_moment(simulation, arrivals) : NULL;
    arrivals->chain = NULL;
    if (arrivals->moment == NULL && series >= wanted) {
        return;
    }
    if (arrivals->moment == NULL) {
        arrivals->chain = draw(simulation, series);
    } else {
        arrivals->chain = is_resampled ? resampled(simulation, series) : arrivals->moment;
    }
    arrivals->is_drawn = is_resampled || arrivals->moment == NULL;
}
