/* A name in the file system that this process alone writes to, as long as it holds the lock on what has that name. */
#ifndef TRACEREEL_LUA_CLAIM_H
#define TRACEREEL_LUA_CLAIM_H

#include <stdbool.h>

/* Makes a new file to append to, or an empty directory, locks it, and returns its descriptor. `*was_left`: somebody who
 * no longer writes to it had left one, which is gone now. -1: errno says why; EWOULDBLOCK: another process writes to
 * it. */
int tr_lua_claim(const char *path, bool is_directory, bool *was_left);

/* Removes all that is in an open directory. false: errno says why. */
bool tr_lua_empty_directory(int directory);

#endif
