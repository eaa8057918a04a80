#include "lua/value_text.h"

#include <stdbool.h>
#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

#include "lua/failure.h"

/* Upvalues of the functions. The numbers are in a table with weak keys, the last of them at its index 0. */
enum { UPVALUE_NUMBERS = 1, UPVALUE_FORMAT };

static bool has_address(lua_State *L, int index) {
    int type = lua_type(L, index);
    return type == LUA_TTABLE || type == LUA_TFUNCTION || type == LUA_TUSERDATA || type == LUA_TTHREAD ||
           type == LUA_TLIGHTUSERDATA;
}

static lua_Integer number_of(lua_State *L, int index) {
    lua_pushvalue(L, index);
    if (lua_rawget(L, lua_upvalueindex(UPVALUE_NUMBERS)) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_rawgeti(L, lua_upvalueindex(UPVALUE_NUMBERS), 0);
        lua_Integer number = lua_tointeger(L, -1) + 1;
        lua_pushinteger(L, number);
        lua_rawseti(L, lua_upvalueindex(UPVALUE_NUMBERS), 0);
        lua_pop(L, 1);
        lua_pushvalue(L, index);
        lua_pushinteger(L, number);
        lua_rawset(L, lua_upvalueindex(UPVALUE_NUMBERS));
        return number;
    }
    lua_Integer number = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return number;
}

/* Pushes the text of the value at the absolute `index`, as tostring gives it. */
static void push_text_of(lua_State *L, int index) {
    if (!has_address(L, index) || luaL_getmetafield(L, index, "__tostring") != LUA_TNIL) {
        luaL_tolstring(L, index, NULL);
        return;
    }
    const char *name = luaL_typename(L, index);
    if (luaL_getmetafield(L, index, "__name") != LUA_TNIL && lua_type(L, -1) == LUA_TSTRING) {
        name = lua_tostring(L, -1);
    }
    lua_pushfstring(L, "%s: %I", name, (LUAI_UACINT)number_of(L, index));
}

static int text_tostring(lua_State *L) {
    luaL_checkany(L, 1);
    push_text_of(L, 1);
    return 1;
}

/* ---- format ---- */

/* Replaces the argument of a %p by the text of its number. */
static void number_argument(lua_State *L, int index) {
    if (has_address(L, index)) {
        lua_pushfstring(L, "%d", (int)number_of(L, index));
    } else {
        lua_pushliteral(L, "(null)");
    }
    lua_replace(L, index);
}

/* Replaces the arguments that would be shown by their address with texts; pushes the form that belongs to them. */
static void replace_addresses(lua_State *L, int count) {
    size_t length;
    const char *at = lua_tolstring(L, 1, &length);
    const char *end = at + length;
    lua_pushvalue(L, 1);
    char *form = lua_newuserdatauv(L, length + 1, 0); /* ..., form's text, form */
    memcpy(form, at, length);
    int argument = 1;
    for (size_t i = 0; i < length; i++) {
        if (form[i] != '%' || (i + 1 < length && form[i + 1] == '%')) {
            i += form[i] == '%';
            continue;
        }
        i += 1 + strspn(at + i + 1, "-+ #0123456789.");
        argument++;
        if (at + i >= end || argument > count) {
            break;
        }
        if (form[i] == 's' && has_address(L, argument)) {
            push_text_of(L, argument);
            lua_replace(L, argument);
        } else if (form[i] == 'p') {
            form[i] = 's';
            number_argument(L, argument);
        }
    }
    lua_pushlstring(L, form, length);
    lua_replace(L, 1);
    lua_settop(L, count);
}

static bool may_show_address(lua_State *L, int count) {
    for (int i = 2; i <= count; i++) {
        if (has_address(L, i)) {
            return true;
        }
    }
    return lua_type(L, 1) == LUA_TSTRING && strchr(lua_tostring(L, 1), 'p') != NULL;
}

static int text_format(lua_State *L) {
    int count = lua_gettop(L);
    if (count >= 1 && lua_isstring(L, 1) && may_show_address(L, count)) {
        tr_lua_check_stack(L, LUA_MINSTACK, "string.format");
        replace_addresses(L, count);
    }
    lua_pushvalue(L, lua_upvalueindex(UPVALUE_FORMAT));
    lua_insert(L, 1);
    int status = lua_pcall(L, count, 1, 0);
    if (status == LUA_OK) {
        return 1;
    }
    if (status == LUA_ERRRUN && lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1); /* the standard function sees this one as its caller, which has no line */
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

/* Forgets all numbers. */
static int begin_numbers(lua_State *L) {
    lua_settop(L, 0);
    lua_pushnil(L);
    while (lua_next(L, lua_upvalueindex(UPVALUE_NUMBERS)) != 0) {
        lua_pop(L, 1);
        lua_pushvalue(L, 1);
        lua_pushnil(L);
        lua_rawset(L, lua_upvalueindex(UPVALUE_NUMBERS)); /* a field may be cleared on the way */
    }
    return 0;
}

/* text_functions() -> tostring, format, begin_numbers, which share their numbers. */
int tr_lua_new_text_functions(lua_State *L) {
    lua_settop(L, 0);
    lua_newtable(L);          /* numbers */
    lua_createtable(L, 0, 1); /* numbers, metatable */
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, text_tostring, UPVALUE_NUMBERS);
    lua_pushvalue(L, 1);
    lua_getglobal(L, LUA_STRLIBNAME);
    lua_getfield(L, -1, "format");
    lua_remove(L, -2);
    lua_pushcclosure(L, text_format, UPVALUE_FORMAT);
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, begin_numbers, UPVALUE_NUMBERS);
    return 3;
}
