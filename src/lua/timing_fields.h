/* A timing as plain tables, and back: what processes hand to each other. Zeros and what is empty are left out. */
#ifndef TRACEREEL_LUA_TIMING_FIELDS_H
#define TRACEREEL_LUA_TIMING_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

/* Members of a span, in the order of a flat list: X(member, type, its largest value). Lanes follow from the rest. */
#define TR_SPAN_VALUES(X)                                                                                              \
    X(ready_ns, uint64_t, UINT64_MAX)                                                                                  \
    X(start_ns, uint64_t, UINT64_MAX)                                                                                  \
    X(end_ns, uint64_t, UINT64_MAX)                                                                                    \
    X(run_ns, uint64_t, UINT64_MAX)                                                                                    \
    X(node_id, uint32_t, UINT32_MAX)                                                                                   \
    X(instance, uint32_t, UINT32_MAX)                                                                                  \
    X(outcome, uint8_t, UINT8_MAX)                                                                                     \
    X(estimated, bool, 1)                                                                                              \
    X(is_critical, bool, 1)

/* The same of a suspension: all of them have ended. */
#define TR_SUSPENSION_VALUES(X)                                                                                        \
    X(start_ns, uint64_t, UINT64_MAX)                                                                                  \
    X(end_ns, uint64_t, UINT64_MAX)                                                                                    \
    X(node_id, uint32_t, UINT32_MAX)

#define TR_COUNT_VALUE(member, type, max) +1
enum {
    TR_SPAN_VALUE_COUNT = 0 TR_SPAN_VALUES(TR_COUNT_VALUE),
    TR_SUSPENSION_VALUE_COUNT = 0 TR_SUSPENSION_VALUES(TR_COUNT_VALUE)
};
#undef TR_COUNT_VALUE

/* timing_fields(timing) -> { worst_limit, flow = { name, text, nodes }, traces, nodes, worst }: of a flow's node its
 * id, name and `after`; the rest by the names of the members of tr_trace_timing, tr_node_timing and tr_timed_trace,
 * with histograms as histogram_fields gives them, and what is many times there as flat lists timing_from(fields) -> the
 * timing. Raises where none can hold that. */
int tr_lua_timing_fields(lua_State *L);
int tr_lua_timing_from(lua_State *L);

#endif
