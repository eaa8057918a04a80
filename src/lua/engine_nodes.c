#include "lua/engine_nodes.h"

#include <stdlib.h>

#include <lauxlib.h>

#include "lua/trace.h"
#include "tracereel/trace.h"

/* ---- in the order in which they were done ---- */

typedef struct completion {
    uint64_t done_ns;
    uint32_t place; /* of the node in the trace */
    uint32_t is_last;
} completion;

/* When the node was last done; 0 if that is not known (it came from a snapshot). */
static uint64_t done_ns(const tr_trace *trace, const tr_node *node) {
    const tr_attempt *at = tr_trace_last_attempt(trace, node);
    while (at != NULL && at->outcome != TR_OUTCOME_DONE) {
        at = tr_trace_earlier_attempt(trace, at);
    }
    return at == NULL ? 0 : at->end_ns;
}

static int compare(const void *a, const void *b) {
    const completion *one = a;
    const completion *other = b;
    if (one->is_last != other->is_last) {
        return one->is_last != 0 ? 1 : -1;
    } else if (one->done_ns != other->done_ns) {
        return one->done_ns < other->done_ns ? -1 : 1;
    }
    return one->place < other->place ? -1 : one->place > other->place;
}

/* completion_order(trace) -> ids of the completed nodes, oldest first; the engine's last one is the last */
int tr_lua_completion_order(lua_State *L) {
    const tr_trace *trace = tr_lua_check_trace(L, 1)->trace;
    size_t count = 0;
    completion *order = lua_newuserdatauv(L, ((size_t)trace->node_count + 1) * sizeof *order, 0); /* order */
    for (uint32_t i = 0; i < trace->node_count; i++) {
        const tr_node *node = &trace->nodes[i];
        if (node->is_completed) {
            uint32_t is_last = trace->has_last_completed_node && node->node_id == trace->last_completed_node;
            order[count++] = (completion){done_ns(trace, node), i, is_last};
        }
    }
    qsort(order, count, sizeof *order, compare);
    lua_createtable(L, count < INT32_MAX ? (int)count : INT32_MAX, 0); /* order, ids */
    for (size_t i = 0; i < count; i++) {
        lua_pushinteger(L, (lua_Integer)trace->nodes[order[i].place].node_id);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* ---- that have begun ---- */

static bool has_begun(const tr_trace *trace, const tr_node *node) {
    bool has_attempt = node->last_attempt != TR_NODE_NONE && node->last_attempt >= trace->first_attempt;
    bool has_iterated = trace->restart_count == 0 && node->last_loop_event != TR_NODE_NONE &&
                        (!tr_trace_last_loop_event(trace, node)->is_exit || tr_trace_loop_iterations(trace, node) > 0);
    return has_attempt || has_iterated || node->status == TR_NODE_LOOPING;
}

static void set_begun(lua_State *L, uint32_t node_id) { /* in the table on top */
    lua_pushboolean(L, true);
    lua_rawseti(L, -2, (lua_Integer)node_id);
}

/* begun_nodes(trace) -> true by the ids of the nodes that have run or waited since the latest trace_start, to their end
 * or not */
int tr_lua_begun_nodes(lua_State *L) {
    const tr_trace *trace = tr_lua_check_trace(L, 1)->trace;
    lua_newtable(L); /* begun */
    for (uint32_t i = 0; i < trace->node_count; i++) {
        if (has_begun(trace, &trace->nodes[i])) {
            set_begun(L, trace->nodes[i].node_id);
        }
    }
    for (uint32_t i = trace->first_suspension; i < trace->suspension_count; i++) {
        set_begun(L, trace->suspensions[i].node_id);
    }
    if (trace->is_suspended) {
        set_begun(L, trace->suspended_at);
    }
    return 1;
}
