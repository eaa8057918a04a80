/* The first bytes of a value in CBOR, in their shortest form. All return how many they wrote. */
#ifndef TRACEREEL_LUA_CBOR_HEAD_H
#define TRACEREEL_LUA_CBOR_HEAD_H

#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "lua/cbor.h"

enum { TR_CBOR_HEAD_BYTES = 9 };

/* A first byte and a number of so many bytes, the highest first. */
size_t tr_cbor_write_initial(uint8_t head[TR_CBOR_HEAD_BYTES], unsigned initial, uint64_t number, size_t number_bytes);
size_t tr_cbor_write_head(uint8_t head[TR_CBOR_HEAD_BYTES], enum tr_cbor_major major, uint64_t number);
/* A whole number, which is all of its value. */
size_t tr_cbor_write_integer(uint8_t head[TR_CBOR_HEAD_BYTES], lua_Integer value);
size_t tr_cbor_write_float(uint8_t head[TR_CBOR_HEAD_BYTES], lua_Number value);

#endif
