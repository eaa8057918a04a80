/* A text that says where the segments of a log are, one a line: files in any directories, or commands that write them.
 *
 *     archive/wal_0000000000000001.log.gz
 *     wal_0000000000000002.log | curl -sf https://example.com/wal_0000000000000002.log
 *
 * A segment's number, and whether it is compressed, stand in its name: the last part of a file's path, or what stands
 * before the " | " of a command. Empty lines and lines that begin with # say nothing. The order of the lines does not
 * matter. Paths are relative to the working directory, in which commands are run, too. */
#ifndef TRACEREEL_SEGMENT_SOURCES_H
#define TRACEREEL_SEGMENT_SOURCES_H

#include "files/segment_list.h"

/* Reads the text in the file `path` into `list`, each item with its `source`. Returns TR_OK (the list may be empty),
 * TR_ERROR_ARGUMENT (a line is no segment, or two have one number), TR_ERROR_NOT_A_LOG (there is no such file),
 * TR_ERROR_IO or TR_ERROR_MEMORY; on failure the list is empty. */
tr_status tr_segment_sources_read(const char *path, tr_segment_list *list, tr_error *error);

#endif
