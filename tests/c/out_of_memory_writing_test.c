/* Memory that runs out anywhere while a log is written or changed. */
#include "refused_memory.h"

#if CAN_RUN_OUT_OF_MEMORY

#include "tracereel/locked_arena.h"
#include "tracereel/locked_log.h"
#include "tracereel/writer.h"

static char directory[64]; /* has a log, made for the running test */

/* ---- writing ---- */

static tr_status write_new_log(void) {
    enum { LARGE_BYTES = 2 * 256 * 1024 }; /* twice what the writer's buffer holds: it must grow */
    static uint8_t record[LARGE_BYTES + 256];
    static char text[LARGE_BYTES];
    char path[512];
    tr_writer *writer;
    tr_error error = {""};
    join(path, sizeof path, directory, "new");
    tr_status status = tr_writer_open(path, &(tr_writer_options){.max_segment_bytes = 1000}, &writer, &error);
    CHECK((status == TR_OK) == (writer != NULL));
    memset(text, 'x', sizeof text - 1);
    size_t length = put_record(record, (written_record){.type = 0, .trace = 1, .metadata = text});
    for (unsigned i = 0; status == TR_OK && i < 3; i++) {
        tr_position position;
        status = tr_writer_append_bytes(writer, record, length, &position, &error);
        note_number(status == TR_OK ? position.sequence : 0);
    }
    tr_status closed = tr_writer_close(writer, &error);
    return status != TR_OK ? status : closed;
}

static void remove_new_log(void) {
    char path[512];
    join(path, sizeof path, directory, "new");
    remove_directory(path);
}

static void writing_a_log(void) {
    make_directory(directory);
    prepare = remove_new_log;
    refuse_each(write_new_log);
    prepare = NULL;
    remove_directory(directory);
}

static void check_segment(const char *name, size_t length) {
    char path[512];
    struct stat found;
    join(path, sizeof path, directory, name);
    bool is_there = stat(path, &found) == 0;
    CHECK(!is_there || (size_t)found.st_size == length); /* complete, or not there */
    note_number(is_there);
    unlink(path);
}

static tr_status change_locked_log(void) {
    uint8_t record[256];
    tr_locked_log *held;
    tr_error error = {""};
    size_t length = put_record(record, (written_record){.type = 4, .trace = 1, .timestamp_ns = 9});
    tr_status status = tr_locked_log_open(directory, &held, &error);
    CHECK((status == TR_OK) == (held != NULL));
    if (status == TR_OK) {
        status = tr_locked_log_preflight(held, "tracereel.journal", &error);
    }
    if (status == TR_OK) {
        status = tr_locked_log_append_line(held, "tracereel.journal", "{}", 2, &error);
    }
    if (status == TR_OK) {
        status = tr_locked_log_add_segment(held, record, length, &error);
    }
    if (status == TR_OK) {
        status = tr_locked_log_save(held, "wal_0000000000000001.log", &(tr_stretch){0, 500}, 1, "saved", &error);
    }
    tr_locked_log_close(held);
    check_segment("wal_0000000000000002.log", length);
    check_segment("saved", 500);
    unlink("saved");
    return status;
}

static void write_segment_to_replace(void) {
    write_file(directory, "wal_0000000000000001.log", "0123456789", 10);
}

static tr_status replace_segment(void) {
    tr_locked_log *held;
    tr_error error = {""};
    tr_status status = tr_locked_log_open(directory, &held, &error);
    if (status == TR_OK) {
        status =
            tr_locked_log_replace_segment(held, "wal_0000000000000001.log", &(tr_stretch){0, 4}, 1, "original", &error);
    }
    tr_locked_log_close(held);
    return status;
}

static void look_at_replaced(tr_status status) {
    check_segment("wal_0000000000000001.log", status == TR_OK ? 4 : 10);
    check_segment("original", 10);
}

static tr_status set_arena_position(void) {
    char path[512];
    tr_locked_arena *held;
    tr_error error = {""};
    join(path, sizeof path, directory, "arena");
    tr_status status = tr_locked_arena_open(path, &held, &error);
    CHECK((status == TR_OK) == (held != NULL));
    if (status == TR_OK) {
        status = tr_locked_arena_set_write_position(held, 128, &error);
    }
    tr_locked_arena_close(held);
    return status;
}

static void changing_a_locked_log(void) {
    static const uint8_t arena[TR_ARENA_HEADER_BYTES];
    write_log(directory, false);
    write_file(directory, "arena", arena, sizeof arena);
    refuse_each(change_locked_log);
    refuse_each(set_arena_position);
    prepare = write_segment_to_replace;
    look_at = look_at_replaced;
    refuse_each(replace_segment);
    prepare = NULL;
    look_at = NULL;
    remove_directory(directory);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("without memory a writer says so, or writes the same", writing_a_log);
    check_run("without memory a locked log is unchanged or fully updated", changing_a_locked_log);
    return check_end();
}

#else

#include "cannot_run_out.h"

#endif
