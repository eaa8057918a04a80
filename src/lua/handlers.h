/* Handler tables, resolved once before a pass: which function is called for what, and with how many arguments. */
#ifndef TRACEREEL_LUA_HANDLERS_H
#define TRACEREEL_LUA_HANDLERS_H

#include "lua/binding.h"
#include "tracereel/timing.h"

/* A handler: the stack slot that its function stands in, or 0 where there is none. */
typedef struct tr_handler {
    int slot;
    int parameters; /* how many it takes, at most 3 */
} tr_handler;

typedef struct tr_handlers {
    tr_handler by_type[TR_RECORD_TYPE_COUNT];
#define HANDLERS_MEMBER(name) tr_handler name;
    TR_HANDLER_EVENTS(HANDLERS_MEMBER)
#undef HANDLERS_MEMBER
    const tr_filter *filter; /* NULL: every record passes */
    tr_timing *timing;       /* traces are added to it when they close; NULL: there is none */
    uint32_t types;          /* bits 1 << type: records of it are of interest, whatever their violations */
    uint64_t every_ns;       /* between ticks; above 0 where there is a tick */
    uint64_t next_tick_ns;
    bool ticks_begun;
    bool has_next_tick; /* false where the next one would be behind the last time that 64 bits can tell */
} tr_handlers;

/* Reads the handler table at `index`. Its functions are pushed, and the slots are those they have if the table's first
 * function comes to stand in slot `first_slot`; answers with how many were pushed. The filter lives in a userdata that
 * is put into the table at `anchor_index`, and so does the timing. */
int tr_lua_resolve_handlers(lua_State *L, int index, int anchor_index, int first_slot, tr_handlers *handlers);

#endif
