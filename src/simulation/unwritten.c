#include "simulation/unwritten.h"

#include <stdlib.h>

void tr_unwritten_free(tr_unwritten *attempts) {
    free(attempts->ready_ns);
    free(attempts->end_ns);
    free(attempts->asked);
    *attempts = (tr_unwritten){0};
}

static bool grow(uint64_t **items, size_t capacity) {
    uint64_t *larger = realloc(*items, capacity * sizeof *larger);
    *items = larger == NULL ? *items : larger;
    return larger != NULL;
}

bool tr_unwritten_add(tr_unwritten *attempts, uint64_t ready_ns, uint64_t end_ns) {
    if (attempts->count == attempts->capacity) {
        size_t capacity = attempts->capacity * 2 + 16;
        if (!grow(&attempts->ready_ns, capacity) || !grow(&attempts->end_ns, capacity) ||
            !grow(&attempts->asked, capacity)) {
            return false;
        }
        attempts->capacity = capacity;
    }
    attempts->ready_ns[attempts->count] = ready_ns;
    attempts->end_ns[attempts->count] = end_ns;
    attempts->asked[attempts->count++] = 0;
    return true;
}

static int ascending(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

void tr_unwritten_sort(tr_unwritten *attempts) {
    if (attempts->count > 0) {
        qsort(attempts->ready_ns, attempts->count, sizeof *attempts->ready_ns, ascending);
    }
}

uint64_t tr_unwritten_since(tr_unwritten *attempts, uint64_t ready_ns, uint32_t places) {
    size_t low = 0, high = attempts->count; /* the first that was not ready before */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (attempts->ready_ns[middle] < ready_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    uint64_t turn = low == attempts->count ? low : low + attempts->asked[low]++;
    return turn < places || turn - places >= attempts->count ? 0 : attempts->end_ns[turn - places];
}
