/* Pseudorandom numbers: each depends only on the scenario's seed and on what it is drawn for. splitmix64's finalizer,
 * applied once for each part of the purpose. */
#ifndef TRACEREEL_CHANCE_H
#define TRACEREEL_CHANCE_H

#include <stdint.h>

/* What a number is drawn for. From TR_PURPOSE_QUESTION on: questions, by kind; from TR_PURPOSE_EVENT on: records, by
 * type. The numbers stay as they are, so that a seed gives the same in later versions. */
typedef enum tr_purpose {
    TR_PURPOSE_FAIL = 1,
    TR_PURPOSE_DRAW,
    TR_PURPOSE_INTERVAL,
    TR_PURPOSE_ID,
    TR_PURPOSE_QUESTION,
    TR_PURPOSE_EVENT = TR_PURPOSE_QUESTION + 6,
    TR_PURPOSE_PRIORITY = 1 << 15,
    TR_PURPOSE_RESAMPLE = 1 << 16
} tr_purpose;

/* `series`: the trace, in the order of arrival, from 0. */
uint64_t tr_chance(uint64_t seed, uint64_t series, uint64_t purpose, uint64_t detail);
/* For an attempt at what happens to a node for the `occurrence`-th time in its trace. */
uint64_t tr_node_chance(uint64_t seed, uint64_t series, uint64_t purpose, uint32_t node_id, uint32_t occurrence,
                        uint32_t attempt);

#endif
