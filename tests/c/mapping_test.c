/* Pages that a file loses while they are mapped, and signals that belong to others. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "files/mapping.h"
#include "log_fixture.h"
#include "scarce_memory.h"

/* Three pages of 'x', open for reading. */
static int open_pages(char directory[64], size_t *page_bytes) {
    char path[128];
    *page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    make_directory(directory);
    char *bytes = malloc(3 * *page_bytes);
    if (bytes == NULL) {
        return -1;
    }
    memset(bytes, 'x', 3 * *page_bytes);
    write_file(directory, "pages", bytes, 3 * *page_bytes);
    free(bytes);
    snprintf(path, sizeof path, "%s/pages", directory);
    return open(path, O_RDWR | O_CLOEXEC);
}

static void a_lost_page_reads_as_zeros(void) {
    char directory[64];
    size_t page_bytes;
    tr_mapping mapping = {0}, other = {0};
    tr_error error;
    int file = open_pages(directory, &page_bytes);
    REQUIRE(file >= 0);
    REQUIRE(tr_mapping_set(&other, file, page_bytes, "pages", &error) == TR_OK);
    REQUIRE(tr_mapping_set(&mapping, file, 3 * page_bytes, "pages", &error) == TR_OK);
    CHECK_INT(0, ftruncate(file, (off_t)page_bytes));
    CHECK_INT('x', mapping.bytes[page_bytes - 1]);
    CHECK(!tr_mapping_lost_a_page(&mapping));
    CHECK_INT(0, mapping.bytes[2 * page_bytes + 5]);
    CHECK(tr_mapping_lost_a_page(&mapping));
    CHECK(!tr_mapping_lost_a_page(&other));
    CHECK_INT(TR_OK, tr_mapping_set(&mapping, file, page_bytes, "pages", &error));
    CHECK(!tr_mapping_lost_a_page(&mapping));
    CHECK_INT('x', mapping.bytes[page_bytes - 1]);
    tr_mapping_clear(&mapping);
    tr_mapping_clear(&other);
    CHECK(!tr_mapping_lost_a_page(&mapping));
    close(file);
    remove_directory(directory);
}

/* Touches a page of somebody else's mapping after the end of its file. */
static int touch_a_foreign_page(int file, size_t page_bytes) {
    const volatile char *foreign = mmap(NULL, 2 * page_bytes, PROT_READ, MAP_SHARED, file, 0);
    return foreign == MAP_FAILED ? -1 : foreign[page_bytes];
}

/* The exit status of a child process that touches such a page while a file of ours is mapped. */
static int status_of_touching(void (*prepare)(void)) {
    char directory[64];
    size_t page_bytes;
    int file = open_pages(directory, &page_bytes);
    CHECK(file >= 0 && ftruncate(file, (off_t)page_bytes) == 0);
    pid_t child = fork();
    if (child == 0) {
        tr_mapping mapping = {0};
        prepare();
        if (tr_mapping_set(&mapping, file, page_bytes, "pages", NULL) != TR_OK) {
            _exit(1);
        }
        touch_a_foreign_page(file, page_bytes);
        _exit(2);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    close(file);
    remove_directory(directory);
    return status;
}

static void leave_with_3(int signal_number) {
    _exit(signal_number == SIGBUS ? 3 : 4);
}

static void leave_with_5(int signal_number, siginfo_t *info, void *context) {
    _exit(signal_number == SIGBUS && info->si_addr != NULL && context != NULL ? 5 : 6);
}

static void install_nothing(void) {
    signal(SIGBUS, SIG_DFL);
}

static void ignore_it(void) {
    signal(SIGBUS, SIG_IGN);
}

static void install_plain_handler(void) {
    signal(SIGBUS, leave_with_3);
}

static void install_informed_handler(void) {
    struct sigaction action = {.sa_sigaction = leave_with_5, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &action, NULL);
}

static void a_foreign_signal_goes_to_the_previous_handler(void) {
    int status = status_of_touching(install_plain_handler);
    CHECK(WIFEXITED(status));
    CHECK_INT(3, WEXITSTATUS(status));
    status = status_of_touching(install_informed_handler);
    CHECK(WIFEXITED(status));
    CHECK_INT(5, WEXITSTATUS(status));
}

static void a_foreign_signal_without_a_handler_ends_the_process(void) {
    int status = status_of_touching(install_nothing);
    CHECK(WIFSIGNALED(status));
    CHECK_INT(SIGBUS, WTERMSIG(status));
    status = status_of_touching(ignore_it);
    CHECK(WIFSIGNALED(status));
    CHECK_INT(SIGBUS, WTERMSIG(status));
}

static void a_thousand_mappings_and_no_more(void) {
    enum { MAX_MAPPINGS = 1024 };
    static tr_mapping mappings[MAX_MAPPINGS + 1];
    char directory[64];
    size_t page_bytes;
    tr_error error;
    int file = open_pages(directory, &page_bytes);
    REQUIRE(file >= 0);
    for (size_t i = 0; i < MAX_MAPPINGS; i++) {
        CHECK_INT(TR_OK, tr_mapping_set(&mappings[i], file, page_bytes, "pages", &error));
    }
    CHECK_INT(TR_ERROR_TOO_MANY, tr_mapping_set(&mappings[MAX_MAPPINGS], file, page_bytes, "pages", &error));
    CHECK_TEXT("pages: expected at most 1024 logs to be open at once; close some", error.message);
    tr_mapping_clear(&mappings[7]);
    CHECK_INT(TR_OK, tr_mapping_set(&mappings[MAX_MAPPINGS], file, page_bytes, "pages", &error));
    for (size_t i = 0; i <= MAX_MAPPINGS; i++) {
        tr_mapping_clear(&mappings[i]);
    }
    close(file);
    remove_directory(directory);
}

static void what_cannot_be_mapped_is_reported(void) {
    tr_mapping mapping = {0};
    tr_error error;
    CHECK_INT(TR_ERROR_IO, tr_mapping_set(&mapping, -1, 4096, "nothing", &error));
    CHECK_TEXT("nothing: cannot map 4096 bytes: Bad file descriptor", error.message);
    CHECK(mapping.bytes == NULL);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("a page that the file lost reads as zeros, and only its mapping reports it", a_lost_page_reads_as_zeros);
    check_run("a lost page of another mapping goes to the previous handler",
              a_foreign_signal_goes_to_the_previous_handler);
    check_run("a lost page of another mapping ends the process if there was no handler",
              a_foreign_signal_without_a_handler_ends_the_process);
    check_run("1024 files can be mapped at once, and another when one is unmapped", a_thousand_mappings_and_no_more);
    check_run("a file that cannot be mapped is reported with the cause", what_cannot_be_mapped_is_reported);
    return check_end();
}
