/* How a replay goes with time: as fast as it can, at a pace, or along with a log that is being written; and which
 * stretch of log time is shown. */
#ifndef TRACEREEL_LUA_PACE_H
#define TRACEREEL_LUA_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

typedef struct tr_pace {
    double speed;     /* nanoseconds of log time in one of the wall clock; 0: nothing is waited for */
    uint64_t from_ns; /* before this log time nothing is shown, and nothing is waited for */
    bool has_to;      /* the replay ends at to_ns, and otherwise at the end of the log */
    uint64_t to_ns;
    bool follows;    /* the replay goes on at the end of the log */
    bool is_running; /* the clock was set */
    uint64_t log_ns; /* when it was set: log time, and the monotonic clock */
    uint64_t wall_ns;
} tr_pace;

/* Whether the table at `index` has the options of a replay, and not handlers. */
bool tr_lua_is_pace(lua_State *L, int index);
/* Reads them. Raises on an unknown key. */
void tr_lua_read_pace(lua_State *L, int index, tr_pace *pace);

static inline bool tr_lua_pace_matters(const tr_pace *pace) {
    return pace->speed > 0 || pace->follows || pace->from_ns > 0 || pace->has_to;
}

/* Sets the clock: log time is `log_ns` now, and goes on from there. */
void tr_lua_pace_set(tr_pace *pace, uint64_t log_ns);
/* Returns what log time is now. Set the clock before. */
uint64_t tr_lua_pace_now(const tr_pace *pace);
/* Sleeps until that log time (UINT64_MAX: for nothing in particular), but not for long, and not past a signal: look at
 * the clock afterwards. */
void tr_lua_pace_sleep(lua_State *L, const tr_pace *pace, uint64_t until_ns);

#endif
