/* Meanings of statuses, and messages that stay one line whatever is in them. */
#include <errno.h>
#include <stdlib.h>

#include "bytes/fail.h"
#include "check.h"
#include "tracereel/status.h"

enum { MAX_MESSAGE_BYTES = TR_ERROR_BYTES - 1 }; /* without the final zero */

static void every_status_has_words(void) {
    CHECK_TEXT("done", tr_status_meaning(TR_OK));
    CHECK_TEXT("nothing more to read", tr_status_meaning(TR_END));
    CHECK_TEXT("out of memory", tr_status_meaning(TR_ERROR_MEMORY));
    for (int status = TR_OK; status <= TR_ERROR_INTERRUPTED; status++) {
        const char *words = tr_status_meaning((tr_status)status);
        CHECK(strlen(words) > 3);
        CHECK(strcmp(words, "an unknown status") != 0);
        for (int other = TR_OK; other < status; other++) {
            CHECK(strcmp(words, tr_status_meaning((tr_status)other)) != 0);
        }
    }
    CHECK_TEXT("an unknown status", tr_status_meaning((tr_status)(TR_ERROR_INTERRUPTED + 1)));
}

/* A message of `before` times "x" and then `text` repeatedly, longer than the buffer. */
static const char *cut_message(tr_error *error, size_t before, const char *text) {
    static char words[2 * TR_ERROR_BYTES];
    memset(words, 'x', before);
    size_t length = strlen(text);
    for (size_t at = before; at + length < sizeof words; at += length) {
        memcpy(words + at, text, length + 1);
    }
    CHECK_INT(TR_ERROR_IO, tr_fail(error, TR_ERROR_IO, "%s", words));
    return error->message;
}

/* The message ends with the last complete character: less than one character is missing to the end of the buffer. */
static void long_messages_are_cut_between_characters(void) {
    static const char *const characters[] = {"a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x8e\x9e"};
    for (size_t i = 0; i < sizeof characters / sizeof *characters; i++) {
        size_t length = strlen(characters[i]);
        for (size_t before = 0; before < 4; before++) {
            tr_error error;
            size_t whole = (MAX_MESSAGE_BYTES - before) / length;
            CHECK_UINT(before + whole * length, strlen(cut_message(&error, before, characters[i])));
            CHECK_TEXT(characters[i], error.message + strlen(error.message) - length);
        }
    }
}

/* Bytes that are not UTF-8 have no character boundaries: they are cut where the buffer ends. */
static void what_is_not_utf8_fills_the_buffer(void) {
    tr_error error;
    CHECK_UINT(MAX_MESSAGE_BYTES, strlen(cut_message(&error, 0, "\x80")));
}

static void a_message_stays_one_line(void) {
    tr_error error;
    CHECK_INT(TR_ERROR_INVALID, tr_fail(&error, TR_ERROR_INVALID, "%s", "a\nb\tc\033[1md\x7f\xc3\xa4"));
    CHECK_TEXT("a?b?c?[1md?\xc3\xa4", error.message);
}

static void a_message_may_be_left_out(void) {
    CHECK_INT(TR_ERROR_LOCKED, tr_fail(NULL, TR_ERROR_LOCKED, "%s", "nobody reads this"));
    errno = EIO;
    CHECK_INT(TR_ERROR_IO, tr_fail_system(NULL, "%s", "nor this"));
    CHECK_INT(TR_ERROR_MEMORY, tr_fail_memory(NULL, "testing"));
}

static void a_failed_system_call_says_its_cause(void) {
    static const struct {
        int cause;
        tr_status status;
        tr_status opening;
        const char *message;
    } cases[] = {
        {ENOMEM, TR_ERROR_MEMORY, TR_ERROR_MEMORY, "a/b: cannot do it: Cannot allocate memory"},
        {EINTR, TR_ERROR_INTERRUPTED, TR_ERROR_INTERRUPTED, "a/b: cannot do it: Interrupted system call"},
        {EMFILE, TR_ERROR_TOO_MANY, TR_ERROR_TOO_MANY, "a/b: cannot do it: Too many open files"},
        {EIO, TR_ERROR_IO, TR_ERROR_IO, "a/b: cannot do it: Input/output error"},
        {ENOENT, TR_ERROR_IO, TR_ERROR_NOT_A_LOG, "a/b: cannot do it: No such file or directory"},
        {ENOTDIR, TR_ERROR_IO, TR_ERROR_NOT_A_LOG, "a/b: cannot do it: Not a directory"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tr_error error;
        errno = cases[i].cause;
        CHECK_INT(cases[i].status, tr_fail_system(&error, "%s: cannot do it", "a/b"));
        CHECK_TEXT(cases[i].message, error.message);
        CHECK_INT(cases[i].cause, errno);
        errno = cases[i].cause;
        CHECK_INT(cases[i].opening, tr_fail_opening(&error, "%s: cannot do it", "a/b"));
        CHECK_TEXT(cases[i].message, error.message);
    }
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("every status has its own text", every_status_has_words);
    check_run("a message that is too long is cut between two characters", long_messages_are_cut_between_characters);
    check_run("a message that is not UTF-8 fills its buffer", what_is_not_utf8_fills_the_buffer);
    check_run("control bytes in a message become question marks", a_message_stays_one_line);
    check_run("a caller may ask for the status only", a_message_may_be_left_out);
    check_run("a failed system call gives its cause, and the status for it", a_failed_system_call_says_its_cause);
    return check_end();
}
