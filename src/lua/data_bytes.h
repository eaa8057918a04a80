/* What a byte is in a Lua text. */
#ifndef TRACEREEL_LUA_DATA_BYTES_H
#define TRACEREEL_LUA_DATA_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static inline bool tr_data_is_newline(char byte) {
    return byte == '\n' || byte == '\r';
}

static inline bool tr_data_is_space(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\v' || byte == '\f' || tr_data_is_newline(byte);
}

static inline bool tr_data_is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

static inline bool tr_data_is_letter(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

static inline int tr_data_hex_digit(char byte) {
    static const char digits[] = "0123456789abcdef";
    char lower = byte >= 'A' && byte <= 'F' ? (char)(byte - 'A' + 'a') : byte;
    const char *found = lower == '\0' ? NULL : strchr(digits, lower);
    return found == NULL ? -1 : (int)(found - digits);
}

#endif
