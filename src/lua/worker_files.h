/* What a worker's process hands to its parent, in files without names that both have open: what it writes to standard
 * output and error, and the values of its units of work. */
#ifndef TRACEREEL_LUA_WORKER_FILES_H
#define TRACEREEL_LUA_WORKER_FILES_H

#include <stdbool.h>

#include <lua.h>

enum { WORKER_STDOUT, WORKER_STDERR, WORKER_VALUE, WORKER_FILES };

/* What is before each value in its file. */
enum { HEADER_STDOUT_END, HEADER_STDERR_END, HEADER_VALUE_BYTES, HEADER_FIELDS };

typedef struct worker_files {
    int of[WORKER_FILES]; /* descriptors; -1 where one is not open */
} worker_files;

/* Makes all of them. False where that cannot be, with errno and where; what was made stays, for close. */
bool worker_files_open(worker_files *self, const char **directory);

void worker_files_close(worker_files *self);

/* Empties all of them. Parent and worker have one place to write at, which is moved for both. */
bool worker_files_empty(worker_files *self);

/* Pushes where in "stdout" and "stderr" the unit ends whose header is at `offset` of the values, and its value's first
 * and last offset, and returns how many were pushed: 0 where no more was finished. */
int worker_files_push_unit(lua_State *L, const worker_files *self, lua_Integer offset);

/* Pushes bytes of one file from `offset`, at most up to `end`, "" at its end; or nil, what is wrong and errno. Returns
 * how many were pushed. */
int worker_files_push_bytes(lua_State *L, const worker_files *self, int file, lua_Integer offset, lua_Integer end);

#endif
