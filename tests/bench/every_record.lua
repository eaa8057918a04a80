-- Benchmark: a handler on every record that reads two fields of the record and one of the trace.
local nodes, latest_ns, trace_records = 0, 0, 0

return {
    api = 1,
    summary = "benchmark: every record",
    record = function(rec, trace)
        nodes = nodes + rec.node_id
        latest_ns = rec.timestamp_ns
        if trace then
            trace_records = trace_records + trace.record_count
        end
    end,
    finish = function()
        return { nodes = nodes, latest_ns = latest_ns, trace_records = trace_records }
    end,
}
