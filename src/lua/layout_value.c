#include "lua/layout_value.h"

#include <string.h>

#include "bytes/digits.h"
#include "bytes/utf8.h"
#include "json/room.h"

enum { SECOND_NS = 1000000000, MAX_ESCAPE_BYTES = 8 };

typedef struct span {
    const char *bytes;
    size_t length;
} span;

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

static void put(tr_json *out, const char *bytes, size_t length) {
    char *at = tr_json_reserve(out, length);
    if (at != NULL) {
        memcpy(at, bytes, length);
        tr_json_commit(out, at + length);
    }
}

static void put_unsigned(tr_json *out, uint64_t value) {
    char *at = tr_json_reserve(out, TR_UNSIGNED_DIGITS);
    if (at != NULL) {
        tr_json_commit(out, tr_put_unsigned(at, value));
    }
}

/* With a zero before it for each place that it does not fill. */
static char *put_padded(char *at, uint64_t value, unsigned places) {
    for (unsigned i = places; i-- > 0; value /= 10) {
        at[i] = (char)('0' + value % 10);
    }
    return at + places;
}

static void put_microseconds(tr_json *out, uint64_t ns, uint64_t since_ns) {
    char *at = tr_json_reserve(out, 1 + TR_UNSIGNED_DIGITS + 4);
    if (at == NULL) {
        return;
    }
    if (ns < since_ns) {
        *at++ = '-';
    }
    uint64_t span_ns = ns < since_ns ? since_ns - ns : ns - since_ns;
    at = tr_put_unsigned(at, span_ns / 1000);
    *at++ = '.';
    tr_json_commit(out, put_padded(at, span_ns % 1000, 3));
}

/* Howard Hinnant's civil calendar: years begin in March, so that the leap day comes last. */
static char *put_date(char *at, uint64_t days) {
    uint64_t shifted = days + 719468, day_of_era = shifted % 146097;
    uint64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint64_t month_from_march = (5 * day_of_year + 2) / 153;
    uint64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    at = put_padded(at, year_of_era + shifted / 146097 * 400 + (month <= 2), 4); /* 2554 at most */
    *at++ = '-';
    at = put_padded(at, month, 2);
    *at++ = '-';
    return put_padded(at, day_of_year - (153 * month_from_march + 2) / 5 + 1, 2);
}

static void put_time(tr_json *out, uint64_t ns) {
    enum { TIME_BYTES = sizeof "2025-11-24T16:00:00.005674000Z" };
    char *at = tr_json_reserve(out, TIME_BYTES);
    if (at == NULL) {
        return;
    }
    uint64_t seconds = ns / SECOND_NS, of_day = seconds % 86400;
    at = put_date(at, seconds / 86400);
    *at++ = 'T';
    at = put_padded(at, of_day / 3600, 2);
    *at++ = ':';
    at = put_padded(at, of_day / 60 % 60, 2);
    *at++ = ':';
    at = put_padded(at, of_day % 60, 2);
    *at++ = '.';
    at = put_padded(at, ns % SECOND_NS, 9);
    *at++ = 'Z';
    tr_json_commit(out, at);
}

static void put_hexadecimal(tr_json *out, uint64_t value) {
    enum { DIGITS = 16 };
    char *at = tr_json_reserve(out, DIGITS);
    if (at == NULL) {
        return;
    }
    for (int i = 0; i < DIGITS; i++) {
        at[i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
    }
    tr_json_commit(out, at + DIGITS);
}

/* What stands for a character of ASCII in a field between quotes, or in a value of an attribute; NULL: itself. */
typedef const char *escape_of(uint8_t character);

static const char *csv_escape(uint8_t character) {
    return character == '"' ? "\"\"" : NULL;
}

/* XML 1.0 has no way to write other control characters. */
static const char *xml_escape(uint8_t character) {
    switch (character) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\t':
        return "&#9;";
    case '\n':
        return "&#10;";
    case '\r':
        return "&#13;";
    default:
        return character < 0x20 ? replacement : NULL;
    }
}

/* The two characters at the end of the first plane: XML has no way to write them either. */
static bool is_noncharacter(const uint8_t *at, size_t length) {
    return length == 3 && at[0] == 0xef && at[1] == 0xbf && at[2] >= 0xbe;
}

static void put_escaped(tr_json *out, span text, escape_of *escape, bool takes_noncharacters) {
    const uint8_t *at = (const uint8_t *)text.bytes, *end = at + text.length;
    while (at < end) {
        char *to = tr_json_reserve(out, MAX_ESCAPE_BYTES);
        if (to == NULL) {
            return;
        }
        size_t length = 1;
        const char *written = NULL;
        if (*at >= 0x80) {
            bool is_valid;
            length = tr_utf8_scan(at, (size_t)(end - at), &is_valid);
            written = is_valid && (takes_noncharacters || !is_noncharacter(at, length)) ? NULL : replacement;
        } else {
            written = escape(*at);
        }
        size_t written_bytes = written == NULL ? length : strlen(written);
        memcpy(to, written == NULL ? (const char *)at : written, written_bytes);
        tr_json_commit(out, to + written_bytes);
        at += length;
    }
}

/* RFC 4180: between quotes where it has a comma, a quote or the end of a line in it. */
static void put_csv(tr_json *out, span text) {
    bool is_quoted = false, is_plain = true;
    for (size_t i = 0; i < text.length; i++) {
        uint8_t byte = (uint8_t)text.bytes[i];
        is_quoted |= byte == ',' || byte == '"' || byte == '\r' || byte == '\n';
        is_plain &= byte < 0x80;
    }
    if (!is_quoted && is_plain) {
        put(out, text.bytes, text.length);
        return;
    }
    put(out, "\"", is_quoted);
    put_escaped(out, text, csv_escape, true);
    put(out, "\"", is_quoted);
}

static bool put_text(tr_json *out, tr_layout_value kind, span text) {
    switch (kind) {
    case TR_LAYOUT_PLAIN:
        put(out, text.bytes, text.length);
        return true;
    case TR_LAYOUT_JSON:
        out->needs_comma = false;
        tr_json_text(out, text.bytes, text.length);
        return true;
    case TR_LAYOUT_CSV:
        put_csv(out, text);
        return true;
    case TR_LAYOUT_XML:
        put_escaped(out, text, xml_escape, false);
        return true;
    default:
        return false;
    }
}

static bool put_integer(tr_json *out, tr_layout_value kind, uint64_t value, uint64_t since_ns) {
    switch (kind) {
    case TR_LAYOUT_TIME:
        put_time(out, value);
        return true;
    case TR_LAYOUT_MICROSECONDS:
        put_microseconds(out, value, since_ns);
        return true;
    case TR_LAYOUT_HEXADECIMAL:
        put_hexadecimal(out, value);
        return true;
    default:
        put_unsigned(out, value);
        return true;
    }
}

static bool takes_names(tr_layout_value kind) {
    return kind <= TR_LAYOUT_XML;
}

bool tr_lua_put_layout_value(lua_State *L, tr_json *out, tr_layout_value kind, int type, uint64_t since_ns) {
    switch (type) {
    case LUA_TSTRING: {
        size_t length = 0;
        const char *bytes = lua_tolstring(L, -1, &length);
        return put_text(out, kind, (span){bytes, length});
    }
    case LUA_TNUMBER:
        return lua_isinteger(L, -1) && put_integer(out, kind, (uint64_t)lua_tointeger(L, -1), since_ns);
    case LUA_TBOOLEAN:
        put(out, lua_toboolean(L, -1) ? "true" : "false", lua_toboolean(L, -1) ? 4 : 5);
        return takes_names(kind);
    case LUA_TNIL:
        if (kind == TR_LAYOUT_JSON) {
            put(out, "null", 4);
        }
        return kind == TR_LAYOUT_JSON || kind == TR_LAYOUT_CSV;
    default:
        return false;
    }
}
