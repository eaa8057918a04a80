-- Benchmark: a recovery script that looks at a trace's state, and a check that looks at its future, at every record.
return {
    api = 1,
    shard = "trace",
    summary = "benchmark: crash points",
    recover = function(trace, default)
        local node = trace.last_completed_node
        if node == 2 and trace.error_count > 0 then
            return tracereel.hold("node 2 was the last, and something failed")
        end
        return default
    end,
    check = function(_, decision, future)
        return decision.kind ~= "fail" or future.outcome == "failed"
    end,
}
