#include "lua/host_terminal.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <lauxlib.h>

static struct termios before;
static bool has_keys;
static bool restores_at_exit;

static void restore(void) {
    if (has_keys) {
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
        has_keys = false;
    }
}

int tr_host_is_terminal(lua_State *L) {
    lua_pushboolean(L, isatty((int)luaL_checkinteger(L, 1)));
    return 1;
}

int tr_host_terminal_columns(lua_State *L) {
    struct winsize size;
    bool is_known = (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) ||
                    (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0);
    lua_pushinteger(L, is_known ? size.ws_col : 80);
    return 1;
}

int tr_host_terminal_rows(lua_State *L) {
    struct winsize size;
    bool is_known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0;
    lua_pushinteger(L, is_known ? size.ws_row : 24);
    return 1;
}

int tr_host_begin_keys(lua_State *L) {
    struct termios keys;
    bool is_set = has_keys || tcgetattr(STDIN_FILENO, &before) == 0;
    if (is_set && !has_keys) {
        keys = before;
        keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        keys.c_cc[VMIN] = 0;
        keys.c_cc[VTIME] = 0;
        keys.c_cc[VSUSP] = _POSIX_VDISABLE;
        is_set = (restores_at_exit || atexit(restore) == 0) && tcsetattr(STDIN_FILENO, TCSANOW, &keys) == 0;
        restores_at_exit = is_set;
        has_keys = is_set;
    }
    if (!is_set) {
        lua_pushnil(L);
        lua_pushstring(L, strerror(errno));
        return 2;
    }
    lua_pushboolean(L, true);
    return 1;
}

int tr_host_end_keys(lua_State *L) {
    (void)L;
    restore();
    return 0;
}

int tr_host_read_keys(lua_State *L) {
    lua_Number seconds = luaL_checknumber(L, 1);
    luaL_argcheck(L, seconds >= 0 && seconds <= 1, 1, "must be 0 to 1");
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    char bytes[64];
    if (poll(&input, 1, (int)(seconds * 1000)) > 0) {
        ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
        if (count >= 0) {
            lua_pushlstring(L, bytes, (size_t)count);
            return 1;
        }
    }
    lua_pushnil(L);
    return 1;
}
