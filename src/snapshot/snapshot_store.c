#include "snapshot/snapshot_store.h"

#include <stdio.h>
#include <stdlib.h>

#include "bytes/fail.h"
#include "files/segment_list.h"
#include "files/source.h"

static tr_status read_one(const char *directory, const char *name, tr_snapshot_store *store, uint64_t *file_bytes,
                          tr_error *error) {
    char *path = NULL;
    if (asprintf(&path, "%s/%s", directory, name) < 0) {
        return tr_fail_memory(error, "reading a snapshot");
    }
    tr_source *source;
    tr_status status = tr_source_open(path, name, TR_SOURCE_FILE, NULL, &source, error);
    free(path);
    if (status != TR_OK) {
        return status;
    }
    tr_source_view view = tr_source_look(source);
    *file_bytes = view.available_bytes;
    status = tr_snapshot_parse(view.bytes, view.available_bytes, &store->newest, error);
    tr_source_close(source);
    return status;
}

/* Takes ownership of the name. */
static tr_status note_problem(tr_snapshot_store *store, char *name, uint64_t file_bytes, const tr_error *problem,
                              tr_error *error) {
    tr_snapshot_problem *problems = realloc(store->problems, (store->problem_count + 1) * sizeof *problems);
    if (problems == NULL) {
        free(name);
        return tr_fail_memory(error, "reading a snapshot");
    }
    store->problems = problems;
    problems[store->problem_count++] = (tr_snapshot_problem){name, file_bytes, *problem};
    return TR_OK;
}

static tr_status try_one(const char *directory, const char *file_name, tr_snapshot_store *store, tr_error *error) {
    char *name = NULL;
    if (asprintf(&name, "snapshots/%s", file_name) < 0) {
        return tr_fail_memory(error, "reading a snapshot");
    }
    uint64_t file_bytes = 0;
    tr_error problem = {""};
    tr_status status = read_one(directory, name, store, &file_bytes, &problem);
    if (status == TR_ERROR_INVALID || status == TR_ERROR_NOT_A_LOG) {
        return note_problem(store, name, file_bytes, &problem, error);
    }
    free(name);
    return status == TR_OK ? TR_OK : tr_fail(error, status, "%s", problem.message);
}

tr_status tr_snapshot_store_read(const char *directory, tr_snapshot_store *store, tr_error *error) {
    *store = (tr_snapshot_store){0};
    tr_segment_list list;
    tr_status status = tr_snapshot_list_read(directory, &list, error);
    for (uint32_t i = list.count; status == TR_OK && store->newest == NULL && i > 0; i--) {
        status = try_one(directory, list.items[i - 1].name, store, error);
    }
    tr_segment_list_clear(&list);
    return status;
}

void tr_snapshot_store_clear(tr_snapshot_store *store) {
    tr_snapshot_free(store->newest);
    for (uint32_t i = 0; i < store->problem_count; i++) {
        free(store->problems[i].name);
    }
    free(store->problems);
    *store = (tr_snapshot_store){0};
}
