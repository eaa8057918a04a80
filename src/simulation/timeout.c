#include "simulation/timeout.h"

#include "simulation/member.h"

#define SECOND_NS UINT64_C(1000000000)

uint64_t tr_timeout_of(const tr_recorded *suspended) {
    tr_text value;
    uint64_t seconds = tr_member_number(suspended, "timeout_secs", &value);
    return seconds <= UINT64_MAX / SECOND_NS ? seconds * SECOND_NS : UINT64_MAX;
}
