#include "lua/stop.h"

volatile sig_atomic_t tr_lua_stop_flag = TR_STOP_NONE;
volatile sig_atomic_t tr_lua_active_cursors = 0;
