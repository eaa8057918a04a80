/* Handler tables, resolved once before a replay: which function is called for what, and with how many arguments. */
#ifndef TRACEREEL_LUA_HANDLERS_H
#define TRACEREEL_LUA_HANDLERS_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "lua/declared.h"
#include "tracereel/record.h"
#include "tracereel/replay.h"
#include "tracereel/timing.h"

/* The handlers' keys, beside the record types. X(name). */
#define TR_HANDLER_EVENTS(X) X(record) X(gap) X(violation) X(tick)
/* What a script has besides. */
#define TR_SCRIPT_KEYS(X)                                                                                              \
    X(api) X(summary) X(args) X(start) X(finish) X(show) X(merge) X(shard) X(associative) X(recover) X(check)

/* A handler: the stack slot of its function, or 0 if there is none. */
typedef struct tr_handler {
    int slot;
    int parameters;              /* how many it takes, at most 3 */
    const tr_declared *declared; /* the fields that it takes instead; NULL: record, trace and code */
} tr_handler;

typedef struct tr_handlers {
    tr_handler by_type[TR_RECORD_TYPE_COUNT];
#define HANDLERS_MEMBER(name) tr_handler name;
    TR_HANDLER_EVENTS(HANDLERS_MEMBER)
#undef HANDLERS_MEMBER
    const tr_filter *filter;              /* NULL: every record passes */
    tr_timing *timing;                    /* traces are added to it when they close; NULL: there is none */
    struct tr_lua_aggregate **aggregates; /* of which each adds the records that it looks at */
    uint32_t aggregate_count;
    uint32_t aggregate_types; /* bits 1 << type: of what they look at */
    uint32_t types;           /* bits 1 << type: records of it are of interest, whatever their violations */
    uint64_t every_ns;        /* between ticks; above 0 where there is a tick */
    uint64_t next_tick_ns;
    bool ticks_begun;
    bool has_next_tick; /* false where the next one would be after the last time that 64 bits can hold */
} tr_handlers;

/* Pushes a list of the keys that a handler table, or a whole script, can have. */
void tr_lua_push_handler_keys(lua_State *L, bool with_script_keys);

/* Reads the handler table at `index`. Pushes its functions and returns how many; their slots count from `first_slot`,
 * the slot of the first. The table at `anchor_index` keeps alive the filter, the timing, the aggregates and lists of
 * fields. `names` are those of tr_lua_push_filter. */
int tr_lua_resolve_handlers(lua_State *L, int index, int anchor_index, int first_slot, uint32_t names,
                            tr_handlers *handlers);

#endif
