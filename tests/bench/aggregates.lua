-- Benchmark: a histogram by a key, without a handler.
return {
    api = 1,
    summary = "benchmark: histogram_by",
    aggregates = {
        times = tracereel.histogram_by { key = "node_id", value = "node.duration_ns",
            where = { type = "node_done", ["trace.open"] = true } },
    },
    finish = function(_, aggregated)
        local runs = {}
        for node, times in tracereel.sorted(aggregated.times) do
            runs[node] = times.count
        end
        return runs
    end,
}
