#include "lua/replay_clock.h"

#include "lua/arguments.h"
#include "lua/handlers.h"
#include "lua/pace.h"
#include "lua/stop.h"
#include "tracereel/log.h"
#include "tracereel/replay.h"
#include "tracereel/status.h"

/* More ticks than this for one record are only the last of them: its timestamp is not to be believed. */
enum { MAX_TICKS_AT_ONCE = 1000000 };

/* ---- ticks ---- */

/* The first tick is at the first record's time, rounded up to a whole multiple. */
static void begin_ticks(tr_handlers *handlers, uint64_t now_ns) {
    uint64_t past_ns = now_ns % handlers->every_ns;
    uint64_t wait_ns = past_ns == 0 ? 0 : handlers->every_ns - past_ns;
    handlers->ticks_begun = true;
    handlers->has_next_tick = wait_ns <= UINT64_MAX - now_ns;
    handlers->next_tick_ns = now_ns + wait_ns;
}

static void call_ticks(lua_State *L, tr_lua_replay *replay, tr_handlers *handlers, uint64_t now_ns) {
    if (!handlers->ticks_begun) {
        begin_ticks(handlers, now_ns);
    }
    if (handlers->has_next_tick && now_ns >= handlers->next_tick_ns &&
        (now_ns - handlers->next_tick_ns) / handlers->every_ns >= MAX_TICKS_AT_ONCE) {
        handlers->next_tick_ns = now_ns - (now_ns - handlers->next_tick_ns) % handlers->every_ns;
    }
    while (handlers->has_next_tick && now_ns >= handlers->next_tick_ns && tr_lua_stop_flag == TR_STOP_NONE) {
        replay->handler = "tick";
        lua_pushvalue(L, handlers->tick.slot);
        tr_lua_push_unsigned(L, handlers->next_tick_ns);
        lua_call(L, 1, 0);
        handlers->has_next_tick = handlers->next_tick_ns <= UINT64_MAX - handlers->every_ns;
        handlers->next_tick_ns += handlers->every_ns;
    }
}

void tr_lua_replay_show_time(lua_State *L, tr_lua_replay *replay, uint64_t now_ns) {
    for (int i = 0; i < replay->count; i++) {
        if (replay->handlers[i].tick.slot != 0) {
            replay->cursor->core->script_index = (uint32_t)i;
            call_ticks(L, replay, &replay->handlers[i], now_ns);
        }
    }
}

/* ---- waiting ---- */

/* Ticks up to `until_ns` that nothing in the log has to come for: once there was a record. Returns the time of the
 * next one, or UINT64_MAX. */
static uint64_t show_time_between(lua_State *L, tr_lua_replay *replay, uint64_t until_ns) {
    uint64_t next_ns = UINT64_MAX;
    bool have_begun = false;
    for (int i = 0; i < replay->count; i++) {
        have_begun |= replay->handlers[i].ticks_begun;
    }
    if (have_begun) {
        tr_lua_replay_show_time(L, replay, until_ns);
    }
    for (int i = 0; i < replay->count; i++) {
        const tr_handlers *handlers = &replay->handlers[i];
        if (handlers->has_next_tick && handlers->next_tick_ns < next_ns) {
            next_ns = handlers->next_tick_ns;
        }
    }
    return next_ns;
}

/* Sleeps until a record of that log time is due; ticks come in between. */
static void wait_until(lua_State *L, tr_lua_replay *replay, uint64_t moment_ns) {
    if (!replay->pace.is_running) {
        tr_lua_pace_set(&replay->pace, moment_ns);
    }
    replay->is_between = true;
    while (tr_lua_stop_flag == TR_STOP_NONE) {
        uint64_t now_ns = tr_lua_pace_now(&replay->pace);
        bool is_due = now_ns >= moment_ns;
        uint64_t next_ns = show_time_between(L, replay, is_due && moment_ns > 0 ? moment_ns - 1 : now_ns);
        if (is_due) {
            break;
        }
        tr_lua_pace_sleep(L, &replay->pace, next_ns < moment_ns ? next_ns : moment_ns);
    }
    replay->is_between = false;
}

/* At the end of a log that is followed: waits a little. Log time goes on from the last record, up to the time at which
 * the replay ends; what was written before that has a moment to arrive. */
static void wait_for_more(lua_State *L, tr_lua_replay *replay) {
    static const uint64_t max_delay_ns = 1000000000;
    uint64_t to_ns = replay->pace.to_ns;
    if (!replay->pace.is_running) {
        tr_lua_pace_set(&replay->pace, tr_replay_now_ns(replay->cursor->replay));
    }
    uint64_t now_ns = tr_lua_pace_now(&replay->pace);
    bool is_over = replay->pace.has_to && now_ns >= to_ns;
    replay->is_between = true;
    uint64_t next_ns = show_time_between(L, replay, is_over && to_ns > 0 ? to_ns - 1 : now_ns);
    if (is_over && now_ns - to_ns >= max_delay_ns) {
        replay->status = TR_END;
    } else {
        tr_lua_pace_sleep(L, &replay->pace, is_over ? UINT64_MAX : next_ns);
    }
    replay->is_between = false;
}

bool tr_lua_replay_advance(lua_State *L, tr_lua_replay *replay) {
    tr_replay *engine = replay->cursor->replay;
    tr_pace *pace = &replay->pace;
    uint64_t timestamp_ns = 0;
    tr_status status = tr_replay_peek(engine, &timestamp_ns);
    if (status == TR_END && pace->follows && tr_log_may_go_on(replay->cursor->log)) {
        wait_for_more(L, replay);
        return false;
    }
    if (status != TR_OK) {
        return true;
    }
    uint64_t now_ns = tr_replay_now_ns(engine);
    uint64_t moment_ns = timestamp_ns > now_ns ? timestamp_ns : now_ns;
    if (pace->has_to && moment_ns >= pace->to_ns) {
        replay->status = TR_END;
        return false;
    }
    replay->is_hidden = moment_ns < pace->from_ns;
    if (tr_replay_pass_over(engine)) {
        return false; /* one at a time: the next record may be past the end */
    }
    if (pace->follows) {
        pace->is_running = false;
    } else if (pace->speed > 0 && !replay->is_hidden) {
        wait_until(L, replay, moment_ns);
    }
    return tr_lua_stop_flag == TR_STOP_NONE;
}
