/* A small harness for the unit tests: every tests/c/NAME_test.c includes it once and is a program.
 *
 *     static void short_bytes_are_refused(void) {
 *         tr_defect defect = {0};
 *         CHECK_INT(TR_ERROR_INVALID, tr_record_decode(bytes, 68, &record, &defect));
 *         CHECK_UINT(68, defect.found);
 *     }
 *
 *     int main(int argc, char **argv) {
 *         check_begin(argc, argv);
 *         check_run("68 bytes are too small for a record", short_bytes_are_refused);
 *         return check_end();
 *     }
 *
 * A test's name states what users rely on. The expected value comes first. A failing CHECK prints where it is and what
 * was found, marks the test as failed and continues; a failing REQUIRE also leaves the function, for what the rest of
 * it needs. A test without a single check counts as failed. With an argument the program runs only the tests whose name
 * contains it. It ends with "N passed, N failed", and exits with 1 if any failed. */
#ifndef TRACEREEL_CHECK_H
#define TRACEREEL_CHECK_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static struct {
    const char *only; /* run the tests whose name contains this; NULL runs all */
    unsigned passed;
    unsigned failed;
    unsigned checks;          /* in the running test */
    unsigned failures;        /* in the running test */
    const char *running_test; /* its name */
} check_state;

/* All macros end here. Returns `holds`; if it is false the caller prints the details after the printed position. */
static inline bool check_note(bool holds, const char *file, int line) {
    check_state.checks++;
    if (!holds) {
        if (check_state.failures++ == 0) {
            printf("FAILED: %s\n", check_state.running_test);
        }
        printf("  %s:%d: ", file, line);
    }
    return holds;
}

static inline bool check_true(bool holds, const char *text, const char *file, int line) {
    if (!check_note(holds, file, line)) {
        printf("does not hold: %s\n", text);
    }
    return holds;
}

static inline bool check_int(int64_t expected, int64_t found, const char *text, const char *file, int line) {
    if (!check_note(expected == found, file, line)) {
        printf("%s: expected %" PRId64 ", found %" PRId64 "\n", text, expected, found);
    }
    return expected == found;
}

static inline bool check_uint(uint64_t expected, uint64_t found, const char *text, const char *file, int line) {
    if (!check_note(expected == found, file, line)) {
        printf("%s: expected %" PRIu64 " (0x%" PRIx64 "), found %" PRIu64 " (0x%" PRIx64 ")\n", text, expected,
               expected, found, found);
    }
    return expected == found;
}

static inline void check_print_bytes(const void *bytes, size_t length_bytes) {
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < length_bytes; i++) {
        printf(byte[i] >= 0x20 && byte[i] < 0x7f && byte[i] != '\\' ? "%c" : "\\x%02x", byte[i]);
    }
}

/* Either pointer may be NULL if its length is 0. */
static inline bool check_bytes(const void *expected, size_t expected_bytes, const void *found, size_t found_bytes,
                               const char *text, const char *file, int line) {
    bool same = expected_bytes == found_bytes && (found_bytes == 0 || memcmp(expected, found, found_bytes) == 0);
    if (!check_note(same, file, line)) {
        printf("%s:\n    expected %zu bytes: ", text, expected_bytes);
        check_print_bytes(expected, expected_bytes);
        printf("\n    found    %zu bytes: ", found_bytes);
        check_print_bytes(found, found_bytes);
        printf("\n");
    }
    return same;
}

static inline bool check_text(const char *expected, const char *found, const char *text, const char *file, int line) {
    if (expected == NULL || found == NULL) {
        if (!check_note(expected == found, file, line)) {
            printf("%s: expected %s, found %s\n", text, expected == NULL ? "NULL" : expected,
                   found == NULL ? "NULL" : found);
        }
        return expected == found;
    }
    return check_bytes(expected, strlen(expected), found, strlen(found), text, file, line);
}

static inline bool check_contains(const char *part, const char *whole, const char *text, const char *file, int line) {
    bool holds = whole != NULL && strstr(whole, part) != NULL;
    if (!check_note(holds, file, line)) {
        printf("%s: expected to find \"%s\" in \"%s\"\n", text, part, whole == NULL ? "(null)" : whole);
    }
    return holds;
}

#define CHECK(condition) ((void)check_true((condition), #condition, __FILE__, __LINE__))
#define CHECK_INT(expected, found) ((void)check_int((expected), (found), #found, __FILE__, __LINE__))
#define CHECK_UINT(expected, found) ((void)check_uint((expected), (found), #found, __FILE__, __LINE__))
/* Zero-terminated texts; either may be NULL. */
#define CHECK_TEXT(expected, found) ((void)check_text((expected), (found), #found, __FILE__, __LINE__))
/* `whole` contains the text `part`. */
#define CHECK_CONTAINS(part, whole) ((void)check_contains((part), (whole), #whole, __FILE__, __LINE__))
#define CHECK_BYTES(expected, expected_bytes, found, found_bytes)                                                      \
    ((void)check_bytes((expected), (expected_bytes), (found), (found_bytes), #found, __FILE__, __LINE__))
/* Leaves the function, which returns nothing. */
#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!check_true((condition), #condition, __FILE__, __LINE__)) {                                                \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)

static inline void check_begin(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0); /* so that what was printed before a crash is seen */
    check_state.only = argc > 1 ? argv[1] : NULL;
}

static inline void check_run(const char *name, void (*test)(void)) {
    if (check_state.only != NULL && strstr(name, check_state.only) == NULL) {
        return;
    }
    check_state.running_test = name;
    check_state.checks = 0;
    check_state.failures = 0;
    test();
    if (check_state.checks == 0) {
        (void)check_true(false, "the test checks something", __FILE__, __LINE__);
    }
    if (check_state.failures > 0) {
        check_state.failed++;
    } else {
        check_state.passed++;
        printf("ok: %s\n", name);
    }
}

/* What main returns. */
static inline int check_end(void) {
    printf("%u passed, %u failed\n", check_state.passed, check_state.failed);
    return check_state.failed > 0 || check_state.passed == 0 ? 1 : 0;
}

#endif
