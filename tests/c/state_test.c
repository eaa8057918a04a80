/* Copies of traces in another table, to which recovery applies its records. */
#include "bytes/digest.h"
#include "log_fixture.h"
#include "scarce_memory.h"
#include "tracereel/trace.h"

static const uint8_t id_1[TR_TRACE_ID_BYTES] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

static tr_trace *apply(tr_traces *traces, written_record written) {
    uint8_t bytes[256];
    tr_record record;
    tr_defect defect;
    uint32_t violations;
    tr_trace *trace = NULL;
    size_t length = put_record(bytes, written);
    CHECK_INT(TR_OK, tr_record_decode(bytes, length, &record, &defect));
    CHECK_INT(TR_OK, tr_traces_apply(traces, &record, false, &trace, &violations));
    return trace;
}

/* A trace with that many nodes done, each with an error before. */
static tr_trace *large_trace(tr_traces *traces, uint32_t node_count) {
    apply(traces, (written_record){.type = 0, .trace = 1, .timestamp_ns = 1, .metadata = "{\"order\":1}"});
    for (uint32_t node = 0; node < node_count; node++) {
        apply(traces, (written_record){
                          .type = 3, .trace = 1, .node_id = node, .timestamp_ns = 2 + node, .error_message = "no"});
        apply(traces, (written_record){.type = 2, .trace = 1, .node_id = node, .timestamp_ns = 3 + node});
    }
    return tr_traces_find(traces, id_1);
}

static void a_copy_goes_on_by_itself(void) {
    tr_traces *from = tr_traces_new();
    tr_traces *into = tr_traces_new();
    tr_trace *copy = NULL;
    tr_trace *original = large_trace(from, 100);
    CHECK_INT(TR_OK, tr_traces_put(into, original, &copy));
    CHECK(copy == tr_traces_find(into, id_1));
    CHECK_UINT(original->node_count, copy->node_count);
    CHECK_UINT(original->attempt_count, copy->attempt_count);
    apply(into, (written_record){.type = 2, .trace = 1, .node_id = 700, .timestamp_ns = 900});
    CHECK_UINT(700, copy->last_completed_node);
    CHECK_UINT(101, copy->node_count);
    CHECK_UINT(99, original->last_completed_node);
    tr_traces_free(from);
    CHECK_UINT(100, copy->error_list_count);
    CHECK(memcmp(copy->errors[99].message, "no", 2) == 0);
    CHECK(tr_trace_find_node(copy, 50) != NULL);
    CHECK_INT(TR_OK, tr_traces_put(into, copy, &copy)); /* onto itself */
    CHECK_UINT(1, tr_traces_open_count(into));
    tr_traces_free(into);
}

static void damage_in_one_table_does_not_taint_the_other(void) {
    tr_traces *from = tr_traces_new();
    tr_traces *into = tr_traces_new();
    tr_trace *copy = NULL;
    tr_trace *original = large_trace(from, 1);
    tr_traces_note_damage(into);
    CHECK_INT(TR_OK, tr_traces_put(into, original, &copy));
    CHECK(!tr_trace_is_tainted(copy));
    tr_traces_note_damage(from);
    CHECK(tr_trace_is_tainted(original));
    CHECK(!tr_trace_is_tainted(copy));
    CHECK_INT(TR_OK, tr_traces_put(into, original, &copy));
    CHECK(tr_trace_is_tainted(copy));
    tr_traces_free(from);
    tr_traces_free(into);
}

static int put_without_memory(void) {
    tr_traces *from = tr_traces_new();
    tr_traces *into = tr_traces_new();
    tr_trace *original = large_trace(from, 20000);
    tr_trace *copy = original;
    use_up_memory();
    if (tr_traces_put(into, original, &copy) != TR_ERROR_MEMORY || copy != NULL) {
        return 1;
    }
    if (tr_traces_open_count(into) != 0 || tr_traces_find(into, id_1) != NULL) {
        return 2;
    }
    return original->node_count == 20000 ? 0 : 3;
}

static void without_memory_the_trace_is_not_open(void) {
    check_in_child(put_without_memory);
}

static void sha256_of_the_published_vectors(void) {
    char text[TR_SHA256_TEXT_BYTES];
    tr_sha256("abc", 3, text);
    CHECK(strcmp("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", text) == 0);
    tr_sha256(NULL, 0, text);
    CHECK(strcmp("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", text) == 0);
    CHECK_UINT(0xCBF43926u, tr_crc32("123456789", 9));
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("a copy of a trace continues independently", a_copy_goes_on_by_itself);
    check_run("damage in one table does not taint the other", damage_in_one_table_does_not_taint_the_other);
    if (CAN_RUN_OUT_OF_MEMORY) {
        check_run("without memory for a copy the trace is not open", without_memory_the_trace_is_not_open);
    }
    check_run("checksums are those of the published vectors", sha256_of_the_published_vectors);
    return check_end();
}
