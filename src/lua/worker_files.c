#include "lua/worker_files.h"

#include <errno.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lauxlib.h>

#include "files/temporary.h"
#include "lua/files.h"

bool worker_files_open(worker_files *self, const char **directory) {
    for (int i = 0; i < WORKER_FILES; i++) {
        self->of[i] = -1;
    }
    for (int i = 0; i < WORKER_FILES; i++) {
        self->of[i] = tr_temporary_file(directory);
        if (self->of[i] < 0) {
            return false;
        }
    }
    return true;
}

void worker_files_close(worker_files *self) {
    for (int i = 0; i < WORKER_FILES; i++) {
        if (self->of[i] >= 0) {
            close(self->of[i]);
            self->of[i] = -1;
        }
    }
}

bool worker_files_empty(worker_files *self) {
    for (int i = 0; i < WORKER_FILES; i++) {
        if (ftruncate(self->of[i], 0) != 0 || lseek(self->of[i], 0, SEEK_SET) < 0) {
            return false;
        }
    }
    return true;
}

/* Numbers alone: a file that cannot be read has none. */
int worker_files_push_unit(lua_State *L, const worker_files *self, lua_Integer offset) {
    int64_t header[HEADER_FIELDS];
    if (pread(self->of[WORKER_VALUE], header, sizeof header, (off_t)offset) != (ssize_t)sizeof header) {
        return 0;
    }
    struct stat found;
    lua_Integer first = offset + (lua_Integer)sizeof header;
    if (fstat(self->of[WORKER_VALUE], &found) != 0 || found.st_size - first < header[HEADER_VALUE_BYTES]) {
        return 0; /* the worker was killed while it wrote */
    }
    lua_pushinteger(L, header[HEADER_STDOUT_END]);
    lua_pushinteger(L, header[HEADER_STDERR_END]);
    lua_pushinteger(L, first);
    lua_pushinteger(L, first + header[HEADER_VALUE_BYTES]);
    return 4;
}

int worker_files_push_bytes(lua_State *L, const worker_files *self, int file, lua_Integer offset, lua_Integer end) {
    enum { CHUNK_BYTES = 65536 };
    size_t wanted_bytes = end <= offset ? 0 : end - offset < CHUNK_BYTES ? (size_t)(end - offset) : CHUNK_BYTES;
    luaL_Buffer buffer;
    char *chunk = luaL_buffinitsize(L, &buffer, wanted_bytes);
    ssize_t length;
    do {
        length = pread(self->of[file], chunk, wanted_bytes, (off_t)offset);
    } while (length < 0 && errno == EINTR);
    if (length < 0) {
        return tr_lua_path_result(L, false, "a temporary file");
    }
    luaL_pushresultsize(&buffer, (size_t)length);
    return 1;
}
