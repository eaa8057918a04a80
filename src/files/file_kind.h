/* What stands under a name in a file system, in words. */
#ifndef TRACEREEL_FILE_KIND_H
#define TRACEREEL_FILE_KIND_H

#include <stdint.h>

/* `mode` is st_mode. "a file", "a directory", "a pipe" ...; lives for ever. */
const char *tr_file_kind_words(uint32_t mode);

#endif
