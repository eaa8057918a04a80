#include "simulation/measured_log.h"

#include "record/record_view.h"
#include "timing/measured.h"

tr_status tr_measured_log_open(tr_measured_log *measured, tr_timing *timing) {
    *measured = (tr_measured_log){.timing = NULL, .traces = tr_traces_new()};
    if (measured->traces == NULL) {
        return TR_ERROR_MEMORY;
    }
    tr_traces_measure(measured->traces);
    measured->timing = timing;
    return TR_OK;
}

tr_status tr_measured_log_append(tr_measured_log *measured, const uint8_t *bytes, size_t length) {
    tr_record record; /* its CRC was right when it was recorded, or is made with it */
    tr_trace *trace;
    uint32_t violations;
    if (!tr_record_is_plausible(bytes, length, &record)) {
        return TR_OK;
    }
    tr_status status = tr_traces_apply(measured->traces, &record, false, &trace, &violations);
    return status == TR_OK ? tr_timing_add_closed(measured->timing, trace) : status;
}

tr_status tr_measured_log_finish(tr_measured_log *measured) {
    return tr_timing_add_open(measured->timing, measured->traces);
}

void tr_measured_log_close(tr_measured_log *measured) {
    tr_traces_free(measured->traces);
    *measured = (tr_measured_log){0};
}
