/* What a token of a Lua text means: its number, or its text. */
#ifndef TRACEREEL_LUA_DATA_LITERAL_H
#define TRACEREEL_LUA_DATA_LITERAL_H

#include "lua/data_token.h"

/* Push what the token at hand, of that kind, means. Raise where it means nothing. */
void tr_data_push_number(tr_data_reader *reader);
void tr_data_push_text(tr_data_reader *reader);

#endif
