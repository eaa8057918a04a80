-- Benchmark: every_record.lua with the same three fields named, so that it gets their values.
local nodes, latest_ns, trace_records = 0, 0, 0

return {
    api = 1,
    summary = "benchmark: fields of every record",
    record = tracereel.fields("node_id", "timestamp_ns", "trace.record_count", function(node, at_ns, record_count)
        nodes = nodes + node
        latest_ns = at_ns
        if record_count then
            trace_records = trace_records + record_count
        end
    end),
    finish = function()
        return { nodes = nodes, latest_ns = latest_ns, trace_records = trace_records }
    end,
}
