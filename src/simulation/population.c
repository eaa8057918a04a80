#include "simulation/population.h"

#include <stdlib.h>

#include "bytes/fail.h"
#include "simulation/chance.h"

/* Whether traces arrive in another order than the recorded one, so that their ids cannot stay. */
static bool is_own(const tr_scenario *scenario) {
    return scenario->population != NULL || scenario->draws_all || scenario->resample_block > 0;
}

/* The traces that are not left out, as a list. */
static tr_status list_kept(tr_simulation *simulation, tr_error *error) {
    tr_population *population = &simulation->population;
    uint64_t count = tr_recording_trace_count(simulation->recording);
    population->kept = malloc((count + 1) * sizeof *population->kept);
    if (population->kept == NULL) {
        return tr_fail_memory(error, "simulating");
    }
    for (uint64_t index = 0; index < count; index++) {
        if (!tr_recording_trace(simulation->recording, index)->is_left_out) {
            population->kept[population->count++] = index;
        }
    }
    population->indexes = population->kept;
    return TR_OK;
}

tr_status tr_population_open(tr_simulation *simulation, tr_error *error) {
    const tr_scenario *scenario = &simulation->scenario;
    tr_population *population = &simulation->population;
    simulation->arrivals[TR_EVENT_TRACE].index = scenario->first_moment;
    if (scenario->population != NULL) {
        population->indexes = scenario->population;
        population->count = scenario->population_count;
        return TR_OK;
    } else if (is_own(scenario) && tr_recording_get_stats(simulation->recording)->tainted_traces > 0) {
        return list_kept(simulation, error);
    }
    population->count = tr_recording_trace_count(simulation->recording);
    return TR_OK;
}

void tr_population_free(tr_simulation *simulation) {
    free(simulation->population.kept);
}

/* A resample is the population drawn with replacement, in blocks of traces that follow each other; the last trace is
 * followed by the first, so that each is as likely as any other. */
static uint64_t resampled(const tr_simulation *simulation, uint64_t place) {
    uint64_t block = simulation->scenario.resample_block;
    if (block == 0) {
        return place;
    }
    uint64_t count = simulation->population.count;
    uint64_t first = tr_chance(simulation->scenario.seed, place / block, TR_PURPOSE_RESAMPLE, 0) % count;
    return (first + place % block) % count;
}

static const tr_chain *at(const tr_simulation *simulation, uint64_t place) {
    const tr_population *population = &simulation->population;
    uint64_t place_now = resampled(simulation, place);
    uint64_t index = population->indexes == NULL ? place_now : population->indexes[place_now];
    return tr_recording_trace(simulation->recording, index);
}

/* Draws a trace; NULL if there is none. */
static const tr_chain *draw(const tr_simulation *simulation, uint64_t series) {
    uint64_t count = simulation->population.count;
    bool has_all = simulation->population.indexes == NULL;
    uint64_t tainted = has_all ? tr_recording_get_stats(simulation->recording)->tainted_traces : 0;
    if (count <= tainted) {
        return NULL;
    }
    for (uint64_t attempt = 0;; attempt++) {
        const tr_chain *chain =
            at(simulation, tr_chance(simulation->scenario.seed, series, TR_PURPOSE_DRAW, attempt) % count);
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
    const tr_scenario *scenario = &simulation->scenario;
    uint64_t wanted = scenario->trace_count;
    arrivals->moment = wanted == 0 || simulation->arrived < wanted ? next_moment(simulation, arrivals) : NULL;
    arrivals->chain = NULL;
    if (arrivals->moment == NULL && simulation->arrived >= wanted) {
        return;
    }
    bool has_place = !scenario->draws_all && simulation->arrived < simulation->population.count;
    if (!is_own(scenario) && arrivals->moment != NULL) {
        arrivals->chain = arrivals->moment;
    } else if (is_own(scenario) && has_place) {
        arrivals->chain = at(simulation, simulation->arrived);
    } else {
        arrivals->chain = draw(simulation, simulation->arrived);
    }
    arrivals->is_drawn = is_own(scenario) || arrivals->moment == NULL;
}
