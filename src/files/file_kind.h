/* The kind of a file, in words. */
#ifndef TRACEREEL_FILE_KIND_H
#define TRACEREEL_FILE_KIND_H

#include <stdint.h>

/* `mode` is st_mode. Returns "a file", "a directory", "a pipe" ...: constant texts. */
const char *tr_file_kind_name(uint32_t mode);

#endif
