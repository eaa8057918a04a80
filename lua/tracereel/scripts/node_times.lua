-- How long each node runs. Traces that were open across damage are left out.
local times, estimated = {}, 0

return {
    api = 1,
    summary = "how often each node ran, and how long it took",

    node_done = function(rec, trace)
        local node = trace and not trace.tainted and trace:node(rec.node_id)
        if node then
            times[rec.node_id] = times[rec.node_id] or tracereel.histogram()
            times[rec.node_id]:add(node.duration_ns)
            estimated = estimated + (node.estimated and 1 or 0)
        end
    end,

    finish = function()
        local rows = { { "node", "runs", "p50", "p90", "p99", "max" } }
        for node, h in tracereel.sorted(times) do
            rows[#rows + 1] = { node, h.count, tracereel.duration(h:quantile(0.5)),
                tracereel.duration(h:quantile(0.9)), tracereel.duration(h:quantile(0.99)), tracereel.duration(h.max) }
        end
        if estimated > 0 then
            rows[#rows + 1] = { ("%d runs are estimated: no node_start was written"):format(estimated) }
        end
        return rows
    end,
}
