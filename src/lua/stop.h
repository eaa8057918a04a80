/* Why reading a log should end early. Written by signal handlers. */
#ifndef TRACEREEL_LUA_STOP_H
#define TRACEREEL_LUA_STOP_H

#include <signal.h>

typedef enum tr_lua_stop {
    TR_STOP_NONE,
    TR_STOP_INTERRUPT, /* end as if the log ended here */
    TR_STOP_LIMIT      /* raise an error */
} tr_lua_stop;

extern volatile sig_atomic_t tr_lua_stop_flag;
/* How many cursors and simulations are under way: an interrupt reaches them through the flag above. */
extern volatile sig_atomic_t tr_lua_active_cursors;

#endif
