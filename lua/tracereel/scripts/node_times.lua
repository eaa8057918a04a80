-- How long each node runs. Traces that were open across damage are left out, and so is what was estimated where a node
-- has exact times.
local exact, estimated = {}, {}
local merge = tracereel.merge

-- By number, where the log's flow has them.
local names = {}

local merge_times = merge.by_key(merge.histogram)

-- A number that two flows call by different names stays a number: false.
local merge_names = merge.by_key(function(one, other)
    return one == other and one
end)

-- Which of several instances in parallel a record of an imported log is of.
local function instance_of(rec)
    local said = rec.metadata and rec.metadata:find('"instance"', 1, true) and tracereel.json_decode(rec.metadata)
    local instance = type(said) == "table" and said.instance
    return type(instance) == "string" and instance ~= "" and instance or nil
end

return {
    api = 1,
    shard = "trace",
    associative = true,
    merge = function(a, b)
        return { exact = merge_times(a.exact, b.exact), estimated = merge_times(a.estimated, b.estimated),
            names = merge_names(a.names, b.names) }
    end,
    summary = "how often each node ran, and how long it took",

    node_done = function(rec, trace)
        local node = trace and not trace.tainted and trace:node(rec.node_id, instance_of(rec))
        if node then
            names[rec.node_id] = rec.node_name
            local times = node.estimated and estimated or exact
            times[rec.node_id] = times[rec.node_id] or tracereel.histogram()
            times[rec.node_id]:add(node.duration_ns)
        end
    end,

    finish = function()
        return { exact = exact, estimated = estimated, names = names }
    end,

    show = function(all)
        local shown, estimated_count, left_out_count = {}, 0, 0
        for node, h in pairs(all.estimated) do
            shown[node] = h
            estimated_count = estimated_count + (all.exact[node] and 0 or h.count)
            left_out_count = left_out_count + (all.exact[node] and h.count or 0)
        end
        for node, h in pairs(all.exact) do
            shown[node] = h
        end
        local rows = { { "node", "runs", "p50", "p90", "p99", "max" } }
        for node, h in tracereel.sorted(shown) do
            rows[#rows + 1] = { all.names[node] or node, h.count, tracereel.duration(h:quantile(0.5)),
                tracereel.duration(h:quantile(0.9)), tracereel.duration(h:quantile(0.99)), tracereel.duration(h.max) }
        end
        if estimated_count > 0 then
            rows[#rows + 1] = { ("%d runs are estimated: no node_start was written"):format(estimated_count) }
        end
        if left_out_count > 0 then
            rows[#rows + 1] = { ("%d more would be estimated: left out"):format(left_out_count) }
        end
        return rows
    end,
}
