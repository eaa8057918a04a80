-- Traces that wait, or in which nothing happens, for longer than a limit, seen from the end of the log.
local limit_ns

-- "charge", or "node 3" where the log's flow has no name of it.
local function label(trace, id)
    local node = trace:node(id)
    return node and node.name or ("node %d"):format(id)
end

local function where(trace)
    if trace.held then
        return "held: " .. trace.held
    elseif trace.suspended_at then
        return "suspended at " .. label(trace, trace.suspended_at)
    end
    for _, node in ipairs(trace.nodes) do
        if node.status == "running" then
            return label(trace, node.id) .. " runs"
        elseif node.status == "error" then
            return ("%s failed: %s"):format(label(trace, node.id), node.error or "")
        end
    end
    local last = trace.last_completed_node
    return last and "after " .. label(trace, last) or "nothing done"
end

return {
    api = 1,
    shard = "trace",
    associative = true,
    merge = tracereel.merge.list,
    summary = "open traces in which nothing has happened for longer than a limit",
    args = { limit = { type = "duration", default = "1h", help = "how long is too long, in the log's time" } },

    start = function(args)
        limit_ns = args.limit
    end,

    finish = function(log)
        local traces = log:traces()
        local statistics = log:stats()
        local rows = {}
        for _, trace in ipairs(traces) do
            -- Of a trace that only a snapshot knows nothing has happened in the whole log.
            local is_older = trace.from_snapshot and trace.last_ns == 0
            local quiet_ns = statistics.now_ns - (is_older and statistics.first_ns or trace.last_ns)
            if quiet_ns > limit_ns then
                rows[#rows + 1] = { trace.id, quiet_ns, where(trace) .. (trace.tainted and " (tainted)" or "")
                    .. (is_older and " (since before the snapshot)" or "") }
            end
        end
        return rows
    end,

    show = function(rows)
        table.sort(rows, function(a, b)
            if a[2] ~= b[2] then
                return a[2] > b[2]
            elseif a[1] ~= b[1] then
                return a[1] < b[1]
            end
            return a[3] < b[3] -- of two logs
        end)
        for _, row in ipairs(rows) do
            row[2] = tracereel.duration(row[2])
        end
        return rows
    end,
}
