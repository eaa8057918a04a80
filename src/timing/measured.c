#include "timing/measured.h"

#include <stdlib.h>

tr_status tr_timing_add_open(tr_timing *timing, tr_traces *traces) {
    size_t count = tr_traces_open_count(traces);
    if (count == 0) {
        return TR_OK;
    }
    tr_trace **sorted = tr_traces_sorted(traces);
    if (sorted == NULL) {
        return TR_ERROR_MEMORY;
    }
    tr_status status = TR_OK;
    for (size_t i = 0; status == TR_OK && i < count; i++) {
        status = tr_timing_add(timing, sorted[i]);
    }
    free(sorted);
    return status;
}
