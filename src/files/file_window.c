#include "files/file_window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void tr_file_window_empty(tr_file_window *window) {
    window->begin = window->end = 0;
}

void tr_file_window_clear(tr_file_window *window) {
    free(window->buffer);
    *window = (tr_file_window){0};
}

/* Reads on until the buffer is full, or `end` is reached; less only where the file cannot be read or is shorter. */
static void fill(tr_file_window *window, int file, size_t end) {
    ssize_t got = 1;
    while (window->end < end && got > 0) {
        do {
            got = pread(file, window->buffer + (window->end - window->begin), end - window->end, (off_t)window->end);
        } while (got < 0 && errno == EINTR);
        window->end += got > 0 ? (size_t)got : 0;
    }
}

bool tr_file_window_move(tr_file_window *window, int file, size_t begin, size_t wanted_end, size_t file_bytes) {
    if (window->buffer == NULL) {
        window->buffer = malloc(TR_FILE_WINDOW_BYTES);
    }
    size_t end = wanted_end < file_bytes ? wanted_end : file_bytes;
    if (window->buffer != NULL && end - begin <= TR_FILE_WINDOW_BYTES) {
        memmove(window->buffer, window->buffer + (begin - window->begin), window->end - begin);
        window->begin = begin;
        size_t left = file_bytes - begin;
        fill(window, file, begin + (left < TR_FILE_WINDOW_BYTES ? left : TR_FILE_WINDOW_BYTES));
        if (window->end >= end) {
            return true;
        }
    }
    tr_file_window_empty(window);
    return false;
}
