/* A replay and time: its ticks, and waiting for what is due. */
#include "lua/pass.h"

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

static void call_ticks(lua_State *L, tr_pass *pass, tr_handlers *handlers, uint64_t now_ns) {
    if (!handlers->ticks_begun) {
        begin_ticks(handlers, now_ns);
    }
    if (handlers->has_next_tick && now_ns >= handlers->next_tick_ns &&
        (now_ns - handlers->next_tick_ns) / handlers->every_ns >= MAX_TICKS_AT_ONCE) {
        handlers->next_tick_ns = now_ns - (now_ns - handlers->next_tick_ns) % handlers->every_ns;
    }
    while (handlers->has_next_tick && now_ns >= handlers->next_tick_ns && tr_lua_stop_flag == TR_STOP_NONE) {
        pass->handler = "tick";
        lua_pushvalue(L, handlers->tick.slot);
        tr_lua_push_unsigned(L, handlers->next_tick_ns);
        lua_call(L, 1, 0);
        handlers->has_next_tick = handlers->next_tick_ns <= UINT64_MAX - handlers->every_ns;
        handlers->next_tick_ns += handlers->every_ns;
    }
}

void tr_pass_show_time(lua_State *L, tr_pass *pass, uint64_t now_ns) {
    for (int i = 0; i < pass->count; i++) {
        if (pass->handlers[i].tick.slot != 0) {
            pass->reading->core->script_index = (uint32_t)i;
            call_ticks(L, pass, &pass->handlers[i], now_ns);
        }
    }
}

/* ---- waiting ---- */

/* Ticks up to `until_ns` that nothing in the log has to come for: once there was a record. Answers with the time of the
 * next one, or UINT64_MAX. */
static uint64_t show_time_between(lua_State *L, tr_pass *pass, uint64_t until_ns) {
    uint64_t next_ns = UINT64_MAX;
    bool have_begun = false;
    for (int i = 0; i < pass->count; i++) {
        have_begun |= pass->handlers[i].ticks_begun;
    }
    if (have_begun) {
        tr_pass_show_time(L, pass, until_ns);
    }
    for (int i = 0; i < pass->count; i++) {
        const tr_handlers *handlers = &pass->handlers[i];
        if (handlers->has_next_tick && handlers->next_tick_ns < next_ns) {
            next_ns = handlers->next_tick_ns;
        }
    }
    return next_ns;
}

/* Sleeps until a record of that log time is due; ticks come in between. */
static void wait_until(lua_State *L, tr_pass *pass, uint64_t moment_ns) {
    if (!pass->pace.is_running) {
        tr_lua_pace_set(&pass->pace, moment_ns);
    }
    pass->is_between = true;
    while (tr_lua_stop_flag == TR_STOP_NONE) {
        uint64_t now_ns = tr_lua_pace_now(&pass->pace);
        bool is_due = now_ns >= moment_ns;
        uint64_t next_ns = show_time_between(L, pass, is_due && moment_ns > 0 ? moment_ns - 1 : now_ns);
        if (is_due) {
            break;
        }
        tr_lua_pace_sleep(L, &pass->pace, next_ns < moment_ns ? next_ns : moment_ns);
    }
    pass->is_between = false;
}

/* At the end of a log that is followed: waits a little. Log time goes on from the last record, up to the time at which
 * the replay ends; what was written before that has a moment to arrive. */
static void wait_for_more(lua_State *L, tr_pass *pass) {
    static const uint64_t max_delay_ns = 1000000000;
    uint64_t to_ns = pass->pace.to_ns;
    if (!pass->pace.is_running) {
        tr_lua_pace_set(&pass->pace, tr_replay_now_ns(pass->reading->replay));
    }
    uint64_t now_ns = tr_lua_pace_now(&pass->pace);
    bool is_over = pass->pace.has_to && now_ns >= to_ns;
    pass->is_between = true;
    uint64_t next_ns = show_time_between(L, pass, is_over && to_ns > 0 ? to_ns - 1 : now_ns);
    if (is_over && now_ns - to_ns >= max_delay_ns) {
        pass->status = TR_END;
    } else {
        tr_lua_pace_sleep(L, &pass->pace, is_over ? UINT64_MAX : next_ns);
    }
    pass->is_between = false;
}

bool tr_pass_advance(lua_State *L, tr_pass *pass) {
    tr_replay *replay = pass->reading->replay;
    tr_pace *pace = &pass->pace;
    uint64_t timestamp_ns = 0;
    tr_status status = tr_replay_peek(replay, &timestamp_ns);
    if (status == TR_END && pace->follows && tr_log_may_go_on(pass->reading->log)) {
        wait_for_more(L, pass);
        return false;
    }
    if (status != TR_OK) {
        return true;
    }
    uint64_t now_ns = tr_replay_now_ns(replay);
    uint64_t moment_ns = timestamp_ns > now_ns ? timestamp_ns : now_ns;
    if (pace->has_to && moment_ns >= pace->to_ns) {
        pass->status = TR_END;
        return false;
    }
    pass->is_hidden = moment_ns < pace->from_ns;
    if (pace->follows) {
        pace->is_running = false;
    } else if (pace->speed > 0 && !pass->is_hidden) {
        wait_until(L, pass, moment_ns);
    }
    return tr_lua_stop_flag == TR_STOP_NONE;
}
