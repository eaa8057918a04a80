#include "lua/import_event.h"

#include "lua/failure.h"

_Noreturn void tr_lua_raise_import_memory(lua_State *L) {
    tr_error error = {"out of memory while importing"};
    tr_lua_raise_status(L, TR_ERROR_MEMORY, &error);
}

void tr_lua_write_member(tr_json *json, const char *key, tr_text text) {
    if (text.length_bytes > 0) {
        tr_json_key(json, key);
        tr_json_text(json, text.bytes, text.length_bytes);
    }
}

uint32_t tr_lua_known_node(lua_State *L, int draft_index, int report_index, const char *call, tr_name_table *known,
                           tr_text name) {
    uint32_t node = 0;
    if (!tr_name_table_find(known, name, &node)) {
        lua_pushlstring(L, name.bytes, name.length_bytes);
        node = tr_lua_draft_node(L, draft_index, report_index, call, -1);
        lua_pop(L, 1);
        tr_lua_check_import_memory(L, tr_name_table_add(known, name, node));
    }
    return node;
}

void tr_lua_add_event(lua_State *L, const char *call, tr_lua_draft *draft, tr_import_event *event, tr_record_type type,
                      uint64_t at_ns, tr_text message) {
    tr_error error = {""};
    tr_text metadata = tr_lua_end_members(L, call, &draft->json);
    event->type = type;
    event->at_ns = at_ns;
    tr_lua_check_drafted(L, tr_draft_add(draft->draft, event, message, metadata, &error), &error);
}
