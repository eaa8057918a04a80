#include "files/mapping.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bytes/fail.h"

/* What the signal handler reads: fixed memory, written only by atomics. Each open log has one mapping; a process cannot
 * have more than this many logs open at once. */
enum { SLOT_COUNT = 1024 };

static struct slot {
    atomic_bool taken;
    _Atomic(uintptr_t) begin;
    _Atomic(uintptr_t) end; /* 0: unused slot */
    atomic_bool lost_a_page;
} slots[SLOT_COUNT];

static struct sigaction previous_action;
static uintptr_t page_bytes;

static bool replace_lost_page(uintptr_t address) {
    for (int i = 0; i < SLOT_COUNT; i++) {
        if (address < slots[i].end && address >= slots[i].begin) {
            void *page = (void *)(address & ~(page_bytes - 1));
            atomic_store(&slots[i].lost_a_page, true);
            return mmap(page, page_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page;
        }
    }
    return false;
}

static void on_lost_page(int signal_number, siginfo_t *info, void *context) {
    if (replace_lost_page((uintptr_t)info->si_addr)) {
        return;
    }
    if ((previous_action.sa_flags & SA_SIGINFO) != 0) {
        previous_action.sa_sigaction(signal_number, info, context);
    } else if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN) {
        previous_action.sa_handler(signal_number);
    } else {
        signal(signal_number, SIG_DFL); /* the access is retried and ends the process, as without this handler */
    }
}

static void install_handler(void) {
    page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    struct sigaction action = {.sa_sigaction = on_lost_page, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &previous_action);
}

static int take_slot(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install_handler);
    for (int i = 0; i < SLOT_COUNT; i++) {
        bool expected = false;
        if (atomic_compare_exchange_strong(&slots[i].taken, &expected, true)) {
            return i;
        }
    }
    return -1;
}

tr_status tr_mapping_set(tr_mapping *mapping, int file, size_t length_bytes, const char *name, tr_error *error) {
    int slot = mapping->bytes != NULL ? mapping->slot : take_slot();
    if (slot < 0) {
        return tr_fail(error, TR_ERROR_TOO_MANY, "%s: expected at most %d logs to be open at once; close some", name,
                       SLOT_COUNT);
    }
    void *bytes = mmap(NULL, length_bytes, PROT_READ, MAP_SHARED, file, 0);
    if (bytes == MAP_FAILED) {
        if (mapping->bytes == NULL) {
            slots[slot].taken = false;
        }
        return tr_fail_system(error, "%s: cannot map %zu bytes", name, length_bytes);
    }
    madvise(bytes, length_bytes, MADV_SEQUENTIAL);
    if (mapping->bytes != NULL) {
        slots[slot].end = 0;
        munmap((void *)mapping->bytes, mapping->length_bytes);
    }
    slots[slot].lost_a_page = false;
    slots[slot].begin = (uintptr_t)bytes;
    slots[slot].end = (uintptr_t)bytes + length_bytes;
    *mapping = (tr_mapping){bytes, length_bytes, slot};
    return TR_OK;
}

bool tr_mapping_lost_a_page(const tr_mapping *mapping) {
    return mapping->bytes != NULL && slots[mapping->slot].lost_a_page;
}

void tr_mapping_clear(tr_mapping *mapping) {
    if (mapping->bytes != NULL) {
        slots[mapping->slot].end = 0;
        munmap((void *)mapping->bytes, mapping->length_bytes);
        slots[mapping->slot].taken = false;
        mapping->bytes = NULL;
        mapping->length_bytes = 0;
    }
}
