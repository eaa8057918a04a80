#include "simulation/chance.h"

static uint64_t mix(uint64_t bits) {
    bits = (bits ^ bits >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94D049BB133111EB);
    return bits ^ bits >> 31;
}

uint64_t tr_chance(uint64_t seed, uint64_t series, uint64_t purpose, uint64_t detail) {
    static const uint64_t step = UINT64_C(0x9E3779B97F4A7C15);
    uint64_t bits = mix(seed + step);
    bits = mix(bits ^ (series + 1) * step);
    bits = mix(bits ^ (purpose + 1) * step);
    return mix(bits ^ (detail + 1) * step);
}

uint64_t tr_node_chance(uint64_t seed, uint64_t series, uint64_t purpose, uint32_t node_id, uint32_t occurrence,
                        uint32_t attempt) {
    return mix(tr_chance(seed, series, purpose, (uint64_t)node_id << 32 | occurrence) ^ attempt);
}
