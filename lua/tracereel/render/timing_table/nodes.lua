-- The sections of a timing report's text that have a line for each node.
local bars = require "tracereel.render.bars"
local columns = require "tracereel.render.timing_table.columns"
local output = require "tracereel.cli.output"
local path_parts = require "tracereel.timing.path_parts"
local timing_columns = require "tracereel.timing.columns"
local trace_name = require "tracereel.render.trace_name"

-- Wide columns are shown where a terminal has so many characters to spare; others grow by at most so many.
local wide_columns, max_growth = 24, 30

local parts = {
    { share = "queue_share", sign = "░" },
    { share = "run_share", sign = "█" },
    { share = "suspended_share", sign = "▒" },
    { share = "retry_share", sign = "▞" },
}

local function total_share(node)
    return node.queue_share + node.run_share + node.suspended_share + node.retry_share
end

-- The bar of the node that took most fills the column.
local function part_bar(node, max_share, width)
    local shares = {}
    for index, part in ipairs(parts) do
        shares[index] = { share = node[part.share] / max_share, sign = part.sign }
    end
    local drawn = bars.stacked(shares, width)
    return drawn == "" and bars.bar(0.001, width) or drawn
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

-- What a column shows, by its kind: of a value (nil: there is none) and its node, `range` of the section, and a width.
local cells = {
    count = columns.count,
    share = columns.percent,
    sum = function(ns)
        return ns == 0 and "-" or columns.duration(ns)
    end,
    time = function(ns)
        return ns and columns.duration(ns) or "-"
    end,
    trace = function(id, _, range, width)
        return id and trace_name(id, range.own_ids[id], width) or "-"
    end,
    total_share = function(_, node)
        return columns.percent(total_share(node))
    end,
    part_bar = function(_, node, range, width)
        return part_bar(node, range.max_share, width)
    end,
    critical_bar = function(_, node, _, width)
        return bars.bar(node.critical_share, width)
    end,
    distribution = function(_, node, range, width)
        return bars.distribution(node.run, range.min_ns, range.max_ns, width)
    end,
    trend = function(_, node)
        return trend(node)
    end,
}

-- The shortest and the longest of all runs, unsigned.
local function widen_runs(range, node)
    local min_ns, max_ns = range.min_ns or -1, range.max_ns or 0
    range.min_ns = math.ult(node.run.min_ns, min_ns) and node.run.min_ns or min_ns
    range.max_ns = math.ult(max_ns, node.run.max_ns) and node.run.max_ns or max_ns
end

local function widen_shares(range, node)
    range.max_share = math.max(range.max_share or 0, total_share(node))
end

-- What the rest of the critical path was, so that the column adds up.
local function waiting_lines(traces, definitions)
    local lines = {}
    for _, one in ipairs(path_parts) do
        local share = traces.critical_path[one.key .. "_share"]
        if share > 0 then
            lines[#lines + 1] = { "- " .. one.label, columns.percent(share), bars.bar(share, definitions[3][2]) }
        end
    end
    return lines
end

-- Each has the columns of its name. `has(node)`: whether it has a line for the node; without it, every node does of
-- which a column has something. `widen(range, node)`: gathers what the columns need to know of all its nodes.
-- `last_lines(traces, definitions)`: lines below the nodes'.
local sections = {
    {
        name = "run", title = "Run time", widen = widen_runs,
        note = function(range)
            return ("of attempts that were done; right: %s to %s, logarithmic"):format(columns.duration(range.min_ns),
                columns.duration(range.max_ns))
        end,
        has = function(node)
            return node.run.count > 0
        end,
    },
    {
        name = "shares", title = "Where the time went", widen = widen_shares,
        note = "░ queue  █ run  ▒ suspended  ▞ retry, of all nodes' time",
        has = function(node)
            return node.total_ns ~= 0
        end,
    },
    {
        name = "critical", title = "Critical path", note = "of the traces' time: what ran, and what was waited for",
        has = function(node)
            return node.critical_count > 0 or node.slack.count > 0
        end,
        last_lines = waiting_lines,
    },
    { name = "trouble", title = "Errors and retries" },
    {
        name = "left_out", title = "Left out", note = "estimated attempts, of nodes that have exact ones",
        has = function(node)
            return node.left_out_count > 0
        end,
    },
    { name = "kinds", title = "Kinds of errors", note = "as the source of the log says; hidden: retries not shown" },
    {
        name = "loops", title = "Loops", note = "iterations; contain the time of other nodes; trend: 1st, 2nd, ... one",
        has = function(node)
            return node.iteration.count > 0
        end,
    },
}

-- Whether any of these numbers is not 0.
local function has_any(list, node)
    for _, column in ipairs(list) do
        if (timing_columns.value(column, node) or 0) ~= 0 then
            return true
        end
    end
    return false
end

-- As columns.write takes them, the node itself first. What wide columns take, others cannot grow by.
local function definitions(list, range, spare)
    local has_wide = spare >= wide_columns
    local made, growth = { columns.node() }, spare
    for _, column in ipairs(list) do
        local place = column.text
        growth = has_wide and place.is_wide and spare - wide_columns or growth
    end
    for _, column in ipairs(list) do
        local place = column.text
        local width = place.width + (place.grows and math.min(growth, max_growth) or 0)
        made[#made + 1] = (has_wide or not place.is_wide) and { place.title, width, function(node)
            return cells[column.kind](timing_columns.counted_value(column, node), node, range, width)
        end, left = place.left } or nil
    end
    return made
end

local function columns_of(section)
    return timing_columns.where(function(column)
        return column.text and column.text.section == section.name
    end)
end

-- Which nodes each section shows: the places of these, and their range. Rows are not kept, because they are large.
local function look_at(nodes, own_ids)
    local shown = {}
    for index, section in ipairs(sections) do
        shown[index] = { section = section, columns = columns_of(section), places = {},
            range = { own_ids = own_ids } }
    end
    for index, node in ipairs(nodes) do
        for _, one in ipairs(shown) do
            local has = one.section.has
            if has and has(node) or not has and has_any(one.columns, node) then
                one.places[#one.places + 1] = nodes:place(index)
                if one.section.widen then
                    one.section.widen(one.range, node)
                end
            end
        end
    end
    return shown
end

local function write_section(one, nodes, spare, traces)
    local made = definitions(one.columns, one.range, spare)
    local last_lines = one.section.last_lines and one.section.last_lines(traces, made) or {}
    if #one.places > 0 or #last_lines > 0 then
        local note = one.section.note
        columns.heading(one.section.title, type(note) == "function" and note(one.range) or note)
        columns.write(made, nodes:at(one.places), last_lines)
    end
end

---Writes the sections about the nodes.
---@param report tracereel.timing_report with nodes of timing/node_list.lua
---@param spare integer columns beyond 80
return function(report, spare)
    local nodes = report.nodes
    local taken = columns.fit_nodes(nodes, output.is_terminal(1) and spare or math.maxinteger)
    spare = math.max(0, spare - taken)
    for _, one in ipairs(look_at(nodes, report.own_ids or {})) do
        write_section(one, nodes, spare, report.traces)
    end
end
