/* A part of a file in a buffer that is used again for the next part: reading on costs a copy, and no new pages, which
 * cost several times as much as the copy. */
#ifndef TRACEREEL_FILE_WINDOW_H
#define TRACEREEL_FILE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TR_FILE_WINDOW_BYTES = 128 * 1024 };

/* All zero is an empty window. One file after the other can use it. */
typedef struct tr_file_window {
    uint8_t *buffer; /* TR_FILE_WINDOW_BYTES; NULL until it is needed */
    size_t begin;    /* offset in the file of what is in the buffer */
    size_t end;
} tr_file_window;

/* Forgets what is in it. */
void tr_file_window_empty(tr_file_window *window);

/* Moves the window on: it then begins at `begin`, which is inside it or at its end, and reaches to `wanted_end` at
 * least, but not beyond `file_bytes`. Returns false if that is not possible (too much at once, no memory, the file
 * cannot be read or has become shorter): the window is then empty. */
bool tr_file_window_move(tr_file_window *window, int file, size_t begin, size_t wanted_end, size_t file_bytes);

/* Such that the byte at offset n of the file is at [n], for those from begin to end. */
static inline const uint8_t *tr_file_window_bytes(const tr_file_window *window) {
    return (const uint8_t *)((uintptr_t)window->buffer - window->begin);
}

/* Frees the buffer. */
void tr_file_window_clear(tr_file_window *window);

#endif
