/* Any bytes are either not a record, for a reason that can be stated, or a record whose fields encode to the same
 * bytes. */
#include <stdlib.h>
#include <string.h>

#include "tracereel/json.h"
#include "tracereel/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static void check_defect(const tr_defect *defect) {
    char words[160];
    require(defect->code != TR_DEFECT_NONE);
    require(tr_defect_describe(defect, words, sizeof words) == strlen(words));
    require(tr_defect_describe(defect, words, 7) == 6);
}

static void check_record(const tr_record *record, size_t available_bytes) {
    tr_record_fields fields;
    require(record->length_bytes <= available_bytes);
    tr_record_unpack(record, &fields);
    size_t length = tr_record_encoded_bytes(&fields);
    require(length == record->length_bytes);
    uint8_t *again = malloc(length);
    require(again != NULL);
    require(tr_record_encode(&fields, again, length - 1) == TR_ERROR_ARGUMENT);
    require(tr_record_encode(&fields, again, length) == TR_OK);
    require(memcmp(again, record->bytes, length) == 0);
    free(again);
    tr_json json;
    tr_json_init(&json);
    tr_json_record(&json, record);
    require(tr_json_status(&json) == TR_OK);
    tr_json_free(&json);
}

static bool decode(const uint8_t *bytes, size_t size) {
    tr_record record;
    tr_defect defect = {0};
    if (tr_record_decode(bytes, size, &record, &defect) != TR_OK) {
        check_defect(&defect);
        return false;
    }
    check_record(&record, size);
    return true;
}

/* A fuzzer does not guess a CRC, so that each input is also tried with the right one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *bytes = malloc(size > 0 ? size : 1);
    require(bytes != NULL);
    if (size > 0) {
        memcpy(bytes, data, size);
    }
    tr_record record;
    tr_defect defect;
    if (!decode(bytes, size) && tr_record_decode(bytes, size, &record, &defect) != TR_OK &&
        defect.code == TR_DEFECT_CRC) {
        for (int i = 0; i < 4; i++) {
            bytes[4 + i] = (uint8_t)(defect.found >> (8 * i));
        }
        require(decode(bytes, size));
    }
    free(bytes);
    return 0;
}
