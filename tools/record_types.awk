# Writes the annotations of everything that has a field for each type of record. Reads a line for each type: its name,
# and what its fields mean, as TR_RECORD_TYPES in include/tracereel/record.h says it.
BEGIN { count = 0 }

NF > 0 {
    name[++count] = $1
    has_trace[count] = / TR_HAS_TRACE/
    has_node[count] = / TR_HAS_NODE/
}

END {
    if (count == 0) {
        exit 1
    }
    print "---@meta"
    print "-- What has a field for each type of record. Made from the table of types in include/tracereel/record.h."
    print ""
    print "---@class tracereel.record_handlers"
    for (i = 1; i <= count; i++) {
        print "---@field " name[i] "? (fun(rec: tracereel.rec, trace: tracereel.trace|nil))|tracereel.declared"
    }
    print ""
    print "---One constructor for each type: `tracereel.record.node_done{ trace_id = id, node_id = 3, ... }`. Every field is"
    print "---optional but trace_id (a checkpoint's is nil UUID where not given); timestamp_ns is now (in a script: the log's"
    print "---time) where not given. An unknown field is an error that names it."
    print "---@class tracereel.constructors"
    for (i = 1; i <= count; i++) {
        print "---@field " name[i] " fun(fields: tracereel.fields): tracereel.rec"
    }
    print ""
    print "---@class tracereel.future_times"
    for (i = 1; i <= count; i++) {
        if (has_node[i]) {
            print "---@field " name[i] " tracereel.times times by node"
        } else if (has_trace[i]) {
            print "---@field " name[i] " integer[]|nil times"
        }
    }
}
