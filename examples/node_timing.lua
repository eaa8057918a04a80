-- Per-node timing in twenty lines: how often each node ran, its mean and its longest run, and in which trace that was.
local nodes = {}

-- Of runs that are equally long the one with the smallest trace id, whichever was first.
local function add(a, b)
    local max = (b.max_ns > a.max_ns or b.max_ns == a.max_ns and b.trace_id < a.trace_id) and b or a
    return { runs = a.runs + b.runs, total_ns = a.total_ns + b.total_ns, max_ns = max.max_ns, trace_id = max.trace_id }
end

return {
    api = 1,
    shard = "trace",
    associative = true,
    merge = tracereel.merge.by_key(add),
    summary = "runs, mean and longest run of each node",
    node_done = function(rec, trace)
        local ns = trace and trace:node(rec.node_id).duration_ns or 0
        local run = { runs = 1, total_ns = ns, max_ns = ns, trace_id = rec.trace_id }
        nodes[rec.node_id] = nodes[rec.node_id] and add(nodes[rec.node_id], run) or run
    end,
    finish = function()
        return nodes
    end,
    show = function(all)
        local rows = { { "node", "runs", "mean", "longest", "in trace" } }
        for id, node in tracereel.sorted(all) do
            rows[#rows + 1] = { id, node.runs, tracereel.duration(node.total_ns // node.runs),
                tracereel.duration(node.max_ns), node.trace_id:sub(1, 8) }
        end
        return rows
    end,
}
