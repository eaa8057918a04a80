-- Per-node timing in twenty lines: how often each node ran, its mean and its longest run, and in which trace that was.
local nodes = {}

return {
    api = 1,
    summary = "runs, mean and longest run of each node",
    node_done = function(rec, trace)
        local ns = trace and trace:node(rec.node_id).duration_ns or 0
        local node = nodes[rec.node_id] or { runs = 0, total_ns = 0, max_ns = -1 }
        node.runs, node.total_ns = node.runs + 1, node.total_ns + ns
        if ns > node.max_ns then
            node.max_ns, node.trace_id = ns, rec.trace_id
        end
        nodes[rec.node_id] = node
    end,
    finish = function()
        local rows = { { "node", "runs", "mean", "longest", "in trace" } }
        for id, node in tracereel.sorted(nodes) do
            rows[#rows + 1] = { id, node.runs, tracereel.duration(node.total_ns // node.runs),
                tracereel.duration(node.max_ns), node.trace_id:sub(1, 8) }
        end
        return rows
    end,
}
