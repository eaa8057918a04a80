/* The result of a call into the library, and the text that explains a failure. */
#ifndef TRACEREEL_STATUS_H
#define TRACEREEL_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, meaning for the user). Zero is success; TR_END and TR_GAP are results, not failures. A function that returns
 * TR_ERROR_IO returns TR_ERROR_TOO_MANY instead if this process has too many files or logs open. */
#define TR_STATUSES(X)                                                                                                 \
    X(TR_OK, "done")                                                                                                   \
    X(TR_END, "nothing more to read")                                                                                  \
    X(TR_GAP, "a stretch of the log could not be read")                                                                \
    X(TR_ERROR_ARGUMENT, "the call was wrong")                                                                         \
    X(TR_ERROR_MEMORY, "out of memory")                                                                                \
    X(TR_ERROR_IO, "the system refused a read or a write")                                                             \
    X(TR_ERROR_TOO_MANY, "too many files or logs are open at once")                                                    \
    X(TR_ERROR_NOT_A_LOG, "there is no log there")                                                                     \
    X(TR_ERROR_INVALID, "the bytes are not what they should be")                                                       \
    X(TR_ERROR_DAMAGED, "strict reading met a stretch that could not be read")                                         \
    X(TR_ERROR_LOCKED, "another process holds the log")                                                                \
    X(TR_ERROR_INTERRUPTED, "a signal came while waiting for input; the call can be made again")

typedef enum tr_status {
#define TR_STATUS_NAME(name, meaning) name,
    TR_STATUSES(TR_STATUS_NAME)
#undef TR_STATUS_NAME
} tr_status;

/* The longest message, its final zero included. Longer ones are cut. */
#define TR_ERROR_BYTES 768

/* Filled by a call that fails: one line, without a newline, that names the file, the offset, what was expected, what
 * was found and what to do. Unchanged by a call that succeeds. Wherever a function takes a `tr_error *`, NULL is
 * allowed: the caller wants only the status. */
typedef struct tr_error {
    char message[TR_ERROR_BYTES];
} tr_error;

/* A constant sentence for a status; never NULL. */
const char *tr_status_meaning(tr_status status);

#ifdef __cplusplus
}
#endif
#endif
