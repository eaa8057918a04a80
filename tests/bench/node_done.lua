-- Benchmark: a handler on node_done only, with the same three fields.
local nodes, latest_ns, trace_records = 0, 0, 0

return {
    api = 1,
    summary = "benchmark: node_done",
    node_done = function(rec, trace)
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
