-- The sections of a timing report's text that have a line for each node.
local bars = require "tracereel.render.bars"
local columns = require "tracereel.render.timing_table.columns"

-- Of the run times; those that not every terminal has room for are wide.
local run_columns = {
    { columns.time("MIN", "run", "min_ns"), is_wide = true },
    { columns.time("MEAN", "run", "mean_ns") },
    { columns.time("P50", "run", "p50_ns") },
    { columns.time("P90", "run", "p90_ns") },
    { columns.time("P95", "run", "p95_ns"), is_wide = true },
    { columns.time("P99", "run", "p99_ns") },
    { columns.time("P99.9", "run", "p999_ns"), is_wide = true },
    { columns.time("MAX", "run", "max_ns") },
}
local wide_columns = 24

local function run_section(nodes, spare)
    nodes = columns.filtered(nodes, function(node)
        return node.run.count > 0
    end)
    if #nodes == 0 then
        return
    end
    local low_ns, high_ns = -1, 0 -- unsigned: the largest, the smallest
    for _, node in ipairs(nodes) do
        low_ns = math.ult(node.run.min_ns, low_ns) and node.run.min_ns or low_ns
        high_ns = math.ult(high_ns, node.run.max_ns) and node.run.max_ns or high_ns
    end
    local has_wide = spare >= wide_columns
    local spark_columns = 10 + math.min(has_wide and spare - wide_columns or spare, 30)
    columns.heading("Run time", ("of attempts that were done; right: %s to %s, logarithmic"):format(
        columns.duration(low_ns), columns.duration(high_ns)))
    local shown = { columns.node, { "COUNT", 7, function(node)
        return columns.count(node.count)
    end } }
    for _, column in ipairs(run_columns) do
        shown[#shown + 1] = (has_wide or not column.is_wide) and column[1] or nil
    end
    shown[#shown + 1] = { "", spark_columns, function(node)
        return bars.distribution(node.run, low_ns, high_ns, spark_columns)
    end, left = true }
    columns.write(shown, nodes)
end

local parts = {
    { share = "queue_share", sign = "░" },
    { share = "run_share", sign = "█" },
    { share = "suspended_share", sign = "▒" },
    { share = "retry_share", sign = "▞" },
}

-- The bar of the node that took most fills the column.
local function part_bar(node, largest_share, width)
    local shares = {}
    for index, part in ipairs(parts) do
        shares[index] = { share = node[part.share] / largest_share, sign = part.sign }
    end
    local drawn = bars.stacked(shares, width)
    return drawn == "" and bars.bar(0.001, width) or drawn
end

local function share_column(title, name)
    return { title, 6, function(node)
        return columns.percent(node[name])
    end }
end

local function total_share(node)
    return node.queue_share + node.run_share + node.suspended_share + node.retry_share
end

local function share_section(nodes, spare)
    nodes = columns.filtered(nodes, function(node)
        return node.total_ns > 0
    end)
    if #nodes == 0 then
        return
    end
    local largest_share = 0
    for _, node in ipairs(nodes) do
        largest_share = math.max(largest_share, total_share(node))
    end
    local bar_columns = 18 + math.min(spare, 30)
    columns.heading("Where the time went", "░ queue  █ run  ▒ suspended  ▞ retry, of all nodes' time")
    columns.write({
        columns.node,
        { "TOTAL", 7, function(node)
            return columns.duration(node.total_ns)
        end },
        { "SHARE", 6, function(node)
            return columns.percent(total_share(node))
        end },
        { "", bar_columns, function(node)
            return part_bar(node, largest_share, bar_columns)
        end, left = true },
        share_column("QUEUE", "queue_share"),
        share_column("RUN", "run_share"),
        share_column("SUSP", "suspended_share"),
        share_column("RETRY", "retry_share"),
    }, nodes)
end

local function critical_section(nodes, spare)
    nodes = columns.filtered(nodes, function(node)
        return node.critical_count > 0 or node.slack.count > 0
    end)
    if #nodes == 0 then
        return
    end
    local bar_columns = 12 + math.min(spare, 30)
    columns.heading("Critical path", "the share of the traces' time that the node decided")
    columns.write({
        columns.node,
        { "ON PATH", 7, function(node)
            return columns.percent(node.critical_share)
        end },
        { "", bar_columns, function(node)
            return bars.bar(node.critical_share, bar_columns)
        end, left = true },
        { "TIMES", 7, function(node)
            return columns.count(node.critical_count)
        end },
        columns.time("SLACK50", "slack", "p50_ns"),
        { "WORST", 7, function(node)
            return node.worst and columns.duration(node.worst.run_ns) or "-"
        end },
        { "IN TRACE", 13, function(node)
            return node.worst and node.worst.trace_id:sub(1, 13) or "-"
        end, left = true },
    }, nodes)
end

local function trouble_section(nodes)
    nodes = columns.filtered(nodes, function(node)
        return node.error_count + node.retry_count + node.unfinished_count + node.clock_step_count + node.retry_ns > 0
    end)
    if #nodes == 0 then
        return
    end
    columns.heading("Errors and retries")
    local function number_column(title, width, name)
        return { title, width, function(node)
            return columns.count(node[name])
        end }
    end
    columns.write({
        columns.node,
        number_column("ERRORS", 8, "error_count"),
        number_column("RETRIES", 8, "retry_count"),
        { "LOST TO RETRY", 13, function(node)
            return node.retry_ns > 0 and columns.duration(node.retry_ns) or "-"
        end },
        number_column("UNFINISHED", 10, "unfinished_count"),
        number_column("CLOCK STEPS", 11, "clock_step_count"),
    }, nodes)
end

-- "█▇█ 81.4 ms–84.7 ms", at most 32 columns.
local function trend(node)
    local values = {}
    for index, point in ipairs(node.trend) do
        values[index] = point.mean_ns
    end
    if #values == 0 then
        return "-"
    end
    local ends = columns.duration(values[1]) .. (#values > 1 and "–" .. columns.duration(values[#values]) or "")
    return bars.spark(values) .. " " .. ends
end

local function loop_section(nodes)
    nodes = columns.filtered(nodes, function(node)
        return node.iteration.count > 0
    end)
    if #nodes == 0 then
        return
    end
    columns.heading("Loops", "iterations; contain the time of other nodes; trend: 1st, 2nd, ... one")
    columns.write({
        columns.node,
        { "COUNT", 6, function(node)
            return columns.count(node.iteration.count)
        end },
        columns.time("TOTAL", "iteration", "sum_ns"),
        columns.time("P50", "iteration", "p50_ns"),
        columns.time("P99", "iteration", "p99_ns"),
        { "MEAN TREND", 32, trend, left = true },
    }, nodes)
end

---Writes the sections about the nodes.
---@param nodes tracereel.timing_node[]
---@param spare integer columns beyond 80
return function(nodes, spare)
    run_section(nodes, spare)
    share_section(nodes, spare)
    critical_section(nodes, spare)
    trouble_section(nodes)
    loop_section(nodes)
end
