#include "lua/scalar.h"

tr_scalar tr_scalar_of(lua_State *L, int index) {
    size_t length = 0;
    switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
        return tr_scalar_boolean(lua_toboolean(L, index));
    case LUA_TNUMBER:
        return lua_isinteger(L, index) ? tr_scalar_unsigned((uint64_t)lua_tointeger(L, index)) : tr_scalar_nil();
    case LUA_TSTRING: {
        const char *bytes = lua_tolstring(L, index, &length);
        return tr_scalar_text((tr_text){bytes, (uint32_t)length});
    }
    default:
        return tr_scalar_nil();
    }
}
