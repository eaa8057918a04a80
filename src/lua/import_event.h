/* Events of imports that are written without Lua values: what is taken from rows and spans. */
#ifndef TRACEREEL_LUA_IMPORT_EVENT_H
#define TRACEREEL_LUA_IMPORT_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "import/name_table.h"
#include "lua/import_draft.h"
#include "tracereel/json.h"

_Noreturn void tr_lua_raise_import_memory(lua_State *L);

/* Raises that there is no memory, unless `is_fine`. Here, so that analyzers see where it does not return. */
static inline void tr_lua_check_import_memory(lua_State *L, bool is_fine) {
    if (!is_fine) {
        tr_lua_raise_import_memory(L);
    }
}

/* Writes a member, unless its text is empty. */
void tr_lua_write_member(tr_json *json, const char *key, tr_text text);

/* The number of a node by a name that needs no mending, of the draft at `draft_index`. `known` has those that were
 * asked for before. */
uint32_t tr_lua_known_node(lua_State *L, int draft_index, int report_index, const char *call, tr_name_table *known,
                           tr_text name);

/* Adds the event, whose metadata are the members that were written since tr_lua_begin_members. */
void tr_lua_add_event(lua_State *L, const char *call, tr_lua_draft *draft, tr_import_event *event, tr_record_type type,
                      uint64_t at_ns, tr_text message);

#endif
