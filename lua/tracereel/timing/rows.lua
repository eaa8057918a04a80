-- Which rows of a timing report are shown, and in which order: --node, --sort, --top.
local rows = {}

local function of_run(name)
    return function(node)
        return node.run[name]
    end
end

-- What nodes can be sorted by: unsigned integers, largest first; "id" in ascending order.
rows.keys = {
    total = function(node)
        return node.total_ns
    end,
    count = function(node)
        return node.count
    end,
    errors = function(node)
        return node.error_count
    end,
    retries = function(node)
        return node.retry_count
    end,
    run = function(node)
        return node.run_ns
    end,
    queue = function(node)
        return node.queue_ns
    end,
    suspended = function(node)
        return node.suspended_ns
    end,
    retry = function(node)
        return node.retry_ns
    end,
    loop = function(node)
        return node.loop_ns
    end,
    critical = function(node)
        return node.critical_ns
    end,
    id = function(node)
        return ~node.id
    end,
    min = of_run "min_ns",
    mean = of_run "mean_ns",
    p50 = of_run "p50_ns",
    p90 = of_run "p90_ns",
    p95 = of_run "p95_ns",
    p99 = of_run "p99_ns",
    ["p99.9"] = of_run "p999_ns",
    max = of_run "max_ns",
}

local function choose(nodes, is_meant, key, most)
    local chosen = {}
    for _, node in ipairs(nodes) do
        if not is_meant or is_meant[node.id] then
            chosen[#chosen + 1] = node
        end
    end
    table.sort(chosen, function(a, b)
        local of_a, of_b = key(a), key(b)
        if of_a ~= of_b then
            return math.ult(of_b, of_a)
        end
        return a.id < b.id
    end)
    for index = #chosen, (most or #chosen) + 1, -1 do
        chosen[index] = nil
    end
    return chosen
end

---Keeps, in the report and in each of its groups, the rows that are asked for.
---@param report tracereel.timing_report
---@param wanted { nodes: integer[]|nil, sort: string|nil, top: integer|nil }
function rows.choose(report, wanted)
    local is_meant
    if wanted.nodes then
        is_meant = {}
        for _, id in ipairs(wanted.nodes) do
            is_meant[id] = true
        end
    end
    local key = rows.keys[wanted.sort or "total"]
    report.nodes = choose(report.nodes, is_meant, key, wanted.top)
    for _, group in ipairs(report.groups) do
        group.nodes = choose(group.nodes, is_meant, key, wanted.top)
    end
end

return rows
