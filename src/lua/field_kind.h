/* What kind of value a field of an event has, where it has one: known before there is any record, so that what can
 * never be true is refused when it is declared. */
#ifndef TRACEREEL_LUA_FIELD_KIND_H
#define TRACEREEL_LUA_FIELD_KIND_H

#include "lua/scalar.h"

typedef struct tr_field_kind {
    tr_scalar_kind kind;
    const char *(*name_of)(unsigned number); /* of TR_SCALAR_NAME: all that there are, from 0 */
    unsigned name_count;
} tr_field_kind;

/* Of the field with that name ("trace.status"), which is there and is no table. */
tr_field_kind tr_field_kind_of(const char *name);

#endif
