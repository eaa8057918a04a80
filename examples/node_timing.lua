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
    node_done = tracereel.fields("node_id", "trace_id", "node.duration_ns", function(node, trace_id, ns)
        local run = { runs = 1, total_ns = ns or 0, max_ns = ns or 0, trace_id = trace_id }
        nodes[node] = nodes[node] and add(nodes[node], run) or run
    end),
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
