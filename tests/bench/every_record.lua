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
    shard = "trace",
    merge = function(a, b)
        return {
            nodes = a.nodes + b.nodes, latest_ns = math.max(a.latest_ns, b.latest_ns),
            trace_records = a.trace_records + b.trace_records,
        }
    end,
    finish = function()
        return { nodes = nodes, latest_ns = latest_ns, trace_records = trace_records }
    end,
}
