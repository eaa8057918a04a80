#include "lua/pace.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/options.h"
#include "lua/stop.h"

/* The longest sleep: so soon are an interrupt that came just before it, and a log that has grown, noticed. */
static const uint64_t nap_ns = 50000000;

/* ---- options ---- */

static void read_follow(lua_State *L, int index, void *pace) {
    if (!lua_isboolean(L, index)) {
        luaL_error(L, "follow must be true or false, is %s", tr_lua_push_got(L, index));
    }
    ((tr_pace *)pace)->follows = lua_toboolean(L, index);
}

static void read_from_ns(lua_State *L, int index, void *pace) {
    ((tr_pace *)pace)->from_ns = tr_lua_to_u64(L, index, "from_ns");
}

static void read_speed(lua_State *L, int index, void *pace) {
    double speed = lua_type(L, index) == LUA_TNUMBER ? lua_tonumber(L, index) : 0;
    if (!(speed > 0) || isinf(speed)) {
        luaL_error(L, "speed must be a number above 0, is %s", tr_lua_push_got(L, index));
    }
    ((tr_pace *)pace)->speed = speed;
}

static void read_to_ns(lua_State *L, int index, void *pace) {
    ((tr_pace *)pace)->has_to = true;
    ((tr_pace *)pace)->to_ns = tr_lua_to_u64(L, index, "to_ns");
}

static const tr_lua_option option_items[] = {
    {"follow", read_follow}, {"from_ns", read_from_ns}, {"speed", read_speed}, {"to_ns", read_to_ns}};
static const tr_lua_options replay_options = {"replay", "option", option_items,
                                              sizeof option_items / sizeof *option_items};

bool tr_lua_is_pace(lua_State *L, int index) {
    return lua_istable(L, index) && tr_lua_has_option(L, index, &replay_options);
}

void tr_lua_read_pace(lua_State *L, int index, tr_pace *pace) {
    tr_lua_read_options(L, index, &replay_options, pace);
    if (pace->follows && pace->speed > 0) {
        luaL_error(L, "follow goes at the pace of the writer: it cannot have a speed");
    }
}

/* ---- the clock ---- */

static uint64_t monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* A log that is followed is written at the speed of the wall clock. */
static double speed_of(const tr_pace *pace) {
    return pace->follows ? 1 : pace->speed;
}

void tr_lua_pace_set(tr_pace *pace, uint64_t log_ns) {
    pace->is_running = true;
    pace->log_ns = log_ns;
    pace->wall_ns = monotonic_ns();
}

uint64_t tr_lua_pace_now(const tr_pace *pace) {
    double passed_ns = (double)(monotonic_ns() - pace->wall_ns) * speed_of(pace);
    double left_ns = (double)(UINT64_MAX - pace->log_ns);
    return passed_ns < left_ns ? pace->log_ns + (uint64_t)passed_ns : UINT64_MAX;
}

static int wake(lua_State *L) {
    (void)L;
    return 0;
}

void tr_lua_pace_sleep(lua_State *L, const tr_pace *pace, uint64_t until_ns) {
    uint64_t now_ns = tr_lua_pace_now(pace);
    double wait_ns = until_ns > now_ns ? (double)(until_ns - now_ns) / speed_of(pace) : 0;
    if (until_ns == UINT64_MAX) {
        wait_ns = (double)nap_ns; /* which now_ns is as well, after a record of the end of time */
    }
    struct timespec nap = {0, (long)(wait_ns < (double)nap_ns ? ceil(wait_ns) : (double)nap_ns)};
    if (tr_lua_stop_flag == TR_STOP_NONE) {
        nanosleep(&nap, NULL);
    }
    /* Any call lets a hook run, by which Lua's own interpreter and other hosts end what takes too long. */
    lua_pushcfunction(L, wake);
    lua_call(L, 0, 0);
}
