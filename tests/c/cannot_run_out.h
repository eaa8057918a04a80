/* The program of a test of memory that runs out where it cannot: see scarce_memory.h. It has the test's only main. */
#ifndef TRACEREEL_CANNOT_RUN_OUT_H
#define TRACEREEL_CANNOT_RUN_OUT_H

#include "check.h"

static void cannot_be_tried(void) {
    CHECK(true);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("memory is refused only without the address sanitizer", cannot_be_tried);
    return check_end();
}

#endif
