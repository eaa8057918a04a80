#include "lua/host_precompiled.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lauxlib.h>

#include "bytes/digest.h"

/* As tools/precompile.lua writes it, with the integers of this machine. */
typedef struct header {
    char magic[8];
    char release[24]; /* as in lua_ident: "Lua 5.4.4" */
    uint32_t entry_count;
    uint32_t crc; /* of the entries */
} header;

/* Ascending by source_crc. */
typedef struct entry {
    uint32_t source_crc; /* of the path, a zero byte, and the source */
    uint32_t source_bytes;
    uint32_t chunk_offset; /* in the file */
    uint32_t chunk_bytes;
    uint32_t chunk_crc;
} entry;

static const char magic[8] = {'t', 'r', 'c', 'l', 'u', 'a', '0', '1'};

/* Mapped until the process ends. */
static const uint8_t *file_bytes;
static size_t file_size;
static const entry *entries;
static size_t entry_count;

/* The whole of a file, or NULL. `before` bytes in front of it are free for the caller. */
static uint8_t *read_whole(const char *path, size_t before, size_t *size) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    uint8_t *bytes = NULL;
    if (descriptor >= 0 && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
        status.st_size <= (off_t)UINT32_MAX) {
        *size = (size_t)status.st_size;
        bytes = malloc(before + *size + 1);
    }
    if (bytes != NULL && read(descriptor, bytes + before, *size + 1) != (ssize_t)*size) {
        free(bytes);
        bytes = NULL;
    }
    if (descriptor >= 0) {
        close(descriptor);
    }
    return bytes;
}

/* lua_ident is "$LuaVersion: Lua 5.4.4  Copyright (C) ...": that of the library that is linked now. */
static bool is_of_this_release(const header *head) {
    const char *found =
        memchr(head->release, '\0', sizeof head->release) == NULL ? NULL : strstr(lua_ident, head->release);
    return found != NULL && head->release[0] != '\0' && found[strlen(head->release)] == ' ';
}

static bool is_sound(const uint8_t *bytes, size_t size) {
    header head;
    if (size < sizeof head) {
        return false;
    }
    memcpy(&head, bytes, sizeof head);
    return memcmp(head.magic, magic, sizeof magic) == 0 && is_of_this_release(&head) &&
           head.entry_count <= (size - sizeof head) / sizeof(entry) &&
           tr_crc32(bytes + sizeof head, head.entry_count * sizeof(entry)) == head.crc;
}

void tr_host_use_precompiled(const char *path) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    if (descriptor >= 0 && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
        size_t size = (size_t)status.st_size;
        uint8_t *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
        if (bytes != MAP_FAILED && !is_sound(bytes, size)) {
            munmap(bytes, size);
        } else if (bytes != MAP_FAILED) {
            file_bytes = bytes;
            file_size = size;
            entries = (const void *)(bytes + sizeof(header));
            entry_count = ((const header *)(const void *)bytes)->entry_count;
        }
    }
    if (descriptor >= 0) {
        close(descriptor);
    }
}

static const entry *find_entry(uint32_t source_crc, size_t source_bytes) {
    size_t low = 0, high = entry_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (entries[middle].source_crc < source_crc) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool is_there =
        low < entry_count && entries[low].source_crc == source_crc && entries[low].source_bytes == source_bytes;
    return is_there ? &entries[low] : NULL;
}

/* The compiled chunk for what a file holds now; NULL where there is none. */
static const entry *find_chunk(const char *path) {
    size_t path_bytes = strlen(path) + 1, source_bytes;
    uint8_t *bytes = read_whole(path, path_bytes, &source_bytes);
    if (bytes == NULL) {
        return NULL;
    }
    memcpy(bytes, path, path_bytes);
    const entry *found = find_entry(tr_crc32(bytes, path_bytes + source_bytes), source_bytes);
    free(bytes);
    bool is_whole = found != NULL && found->chunk_offset <= file_size &&
                    found->chunk_bytes <= file_size - found->chunk_offset &&
                    tr_crc32(file_bytes + found->chunk_offset, found->chunk_bytes) == found->chunk_crc;
    return is_whole ? found : NULL;
}

bool tr_host_load_precompiled(lua_State *L, const char *path) {
    const entry *found = entry_count == 0 ? NULL : find_chunk(path);
    if (found == NULL) {
        return false;
    }
    int status = luaL_loadbufferx(L, (const char *)file_bytes + found->chunk_offset, found->chunk_bytes, path, "b");
    if (status == LUA_ERRMEM) {
        lua_error(L);
    }
    if (status != LUA_OK) { /* this Lua was built with other sizes of numbers */
        lua_pop(L, 1);
    }
    return status == LUA_OK;
}
