#include "simulation/timeout.h"

#include "simulation/member.h"
#include "json/json_reader.h"

#define SECOND_NS UINT64_C(1000000000)

uint64_t tr_timeout_of(const tr_recorded *suspended) {
    tr_text value;
    uint64_t seconds;
    if (!tr_member_find(suspended, "timeout_secs", &value)) {
        return UINT64_MAX;
    }
    tr_json_reader reader = tr_json_reader_begin(value.bytes, value.length_bytes, 0, NULL);
    bool is_known = tr_json_reader_unsigned(&reader, UINT64_MAX, &seconds);
    return is_known && seconds <= UINT64_MAX / SECOND_NS ? seconds * SECOND_NS : UINT64_MAX;
}
