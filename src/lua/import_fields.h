/* The tables that an importer hands over: their fields, checked. */
#ifndef TRACEREEL_LUA_IMPORT_FIELDS_H
#define TRACEREEL_LUA_IMPORT_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "lua/keys.h"
#include "tracereel/json.h"
#include "tracereel/record.h"

/* X(name, type): every field that any of the calls has. */
#define TR_IMPORT_FIELDS(X)                                                                                            \
    X(id, NAME)                                                                                                        \
    X(name, NAME)                                                                                                      \
    X(parent, VALUE)                                                                                                   \
    X(parent_node, NAME)                                                                                               \
    X(parent_instance, NAME)                                                                                           \
    X(metadata, VALUE)                                                                                                 \
    X(at, WHOLE)                                                                                                       \
    X(instance, NAME)                                                                                                  \
    X(after, VALUE)                                                                                                    \
    X(resource, NAME)                                                                                                  \
    X(scheduled, WHOLE)                                                                                                \
    X(attempt, WHOLE)                                                                                                  \
    X(kind, NAME)                                                                                                      \
    X(message, TEXT)                                                                                                   \
    X(duration, WHOLE)                                                                                                 \
    X(error, TEXT)                                                                                                     \
    X(iteration, WHOLE)                                                                                                \
    X(parallel, FLAG)                                                                                                  \
    X(outcome, NAME)

typedef enum tr_import_field {
#define TR_IMPORT_FIELD_ENUM(name, type) TR_IMPORT_##name,
    TR_IMPORT_FIELDS(TR_IMPORT_FIELD_ENUM)
#undef TR_IMPORT_FIELD_ENUM
        TR_IMPORT_FIELD_COUNT
} tr_import_field;

#define TR_IMPORT_BIT(name) (1u << TR_IMPORT_##name)

/* The fields of one call. */
typedef struct tr_import_fields {
    const char *call; /* its name, for messages */
    int base;         /* the value of field 0 is at this stack index */
    unsigned present;
} tr_import_fields;

/* Pushes the names of the fields, for tr_import_read. */
void tr_import_push_keys(lua_State *L);

/* Reads the table at `index` (nil: none, where `may_be_absent`) onto the stack. Raises where it has a field that is not
 * among `known`, or of the wrong type. JSON's null is no field. `report_index`: a function(kind, is_dropped), which
 * hears of texts that are not UTF-8. */
tr_import_fields tr_import_read(lua_State *L, const char *call, int index, bool may_be_absent, unsigned known,
                                const tr_keys *keys, int report_index);

static inline bool tr_import_has(const tr_import_fields *fields, tr_import_field field) {
    return (fields->present & 1u << field) != 0;
}
/* Of a field that is there. */
tr_text tr_import_text(lua_State *L, const tr_import_fields *fields, tr_import_field field);
uint64_t tr_import_whole(lua_State *L, const tr_import_fields *fields, tr_import_field field);
/* A text of length 0 where it is not there. */
tr_text tr_import_optional_text(lua_State *L, const tr_import_fields *fields, tr_import_field field);

/* Calls the function at `report_index`: something does not fit, of that kind. */
void tr_import_report(lua_State *L, int report_index, const char *kind, bool is_dropped);

/* Replaces the text at `index` by one that is UTF-8, and, as `is_name`, has no control characters. */
void tr_import_clean(lua_State *L, int index, bool is_name, int report_index);

/* Writes the flat table of a field `metadata` as an object, in the order of the keys; nothing where it is not there.
 * What is no text, number or boolean in it is left out, and reported. */
void tr_import_write_metadata(lua_State *L, tr_json *json, const tr_import_fields *fields, int report_index);

#endif
