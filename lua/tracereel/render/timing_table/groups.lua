-- The sections of a timing report's text that have a line for each group: its traces, its runs, and where a node was
-- asked for, that node's times in each.
local columns = require "tracereel.render.timing_table.columns"
local group_name = require "tracereel.render.group_name"
local output = require "tracereel.cli.output"
local text = require "tracereel.util.text"

local min_key_columns, max_key_columns = 18, 40

-- As many empty windows in a row are shown one by one.
local max_single_empty = 2

-- The lines of the tables: of each a group's index, or `words` in place of empty windows.
local function lines_of(report)
    local lines, empty = {}, 0
    local function end_empty()
        if empty > max_single_empty then
            for _ = 1, empty do
                lines[#lines] = nil
            end
            lines[#lines + 1] = { words = ("  (%d empty windows)"):format(empty) }
        end
        empty = 0
    end
    for index, group in ipairs(report.groups) do
        local is_empty = columns.trace_count(group.traces) == 0 and group.traces.tainted_count == 0
        if not is_empty then
            end_empty()
        end
        if group.gap_count then
            lines[#lines + 1] = { words = ("  (%s)"):format(text.count(group.gap_count, "empty window")) }
        end
        lines[#lines + 1], empty = { index = index }, is_empty and empty + 1 or 0
    end
    return lines
end

-- A list of rows, each made when it is asked for.
local function rows_of(report, lines)
    return setmetatable({}, { __index = function(_, index)
        local line = lines[index]
        return line and (line.words and line or report.groups[line.index])
    end })
end

local function key_words(report, group)
    return text.clean(group_name(group, report.grouping))
end

local key_titles = { outcome = "OUTCOME", window = "WINDOW" }

-- The column of keys, as wide as they need: a key that has no room in it has a line to itself, above its numbers.
local function key_column(report, spare)
    local width = min_key_columns
    -- Windows have room in it.
    for _, group in ipairs(report.grouping.kind ~= "window" and report.groups or {}) do
        width = math.max(width, text.width(key_words(report, group)))
    end
    width = math.min(width, max_key_columns, min_key_columns + spare)
    local function has_room(words)
        return text.width(words) <= width
    end
    local title = report.by == "hour" and "HOUR" or key_titles[report.grouping.kind] or text.clean(report.grouping.path)
    return { text.cut(title, width), width, function(group)
        local words = key_words(report, group)
        return has_room(words) and words or ""
    end, left = true, above = function(group)
        local words = key_words(report, group)
        return not has_room(words) and text.cut(words, output.columns()) or nil
    end }
end

local function count_column(title, width, value)
    return { title, width, function(group)
        return columns.count(value(group))
    end }
end

local function trace_columns(key)
    local made = { key, count_column("TRACES", 6, function(group)
        return columns.trace_count(group.traces)
    end) }
    for _, outcome in ipairs { "complete", "failed", "open" } do
        made[#made + 1] = count_column(outcome:upper(), math.max(6, #outcome), function(group)
            return group.traces[outcome .. "_count"]
        end)
    end
    for _, part in ipairs { "p50", "p90", "p99", "mean" } do
        made[#made + 1] = { part:upper(), 7, function(group)
            local makespan = group.traces.makespan
            return makespan.count == 0 and "-" or columns.duration(makespan[part .. "_ns"])
        end }
    end
    return made
end

local function run_columns(key)
    local made = { key }
    for _, column in ipairs { { "RUNS", "count" }, { "ERRORS", "error_count" }, { "RETRIES", "retry_count" } } do
        made[#made + 1] = count_column(column[1], 7, function(group)
            return group.sums[column[2]]
        end)
    end
    for _, column in ipairs { { "RUN", "run_ns" }, { "QUEUE", "queue_ns" }, { "SUSP", "suspended_ns" },
        { "RETRY", "retry_ns" } } do
        made[#made + 1] = { column[1], 7, function(group)
            local ns = group.sums[column[2]]
            return ns == 0 and "-" or columns.duration(ns)
        end }
    end
    return made
end

local function node_in(group, id)
    for _, node in ipairs(group.nodes) do
        if node.id == id then
            return node
        end
    end
end

local function node_columns(key, id)
    local made = { key }
    for _, column in ipairs { { "COUNT", "count" }, { "ERRORS", "error_count" } } do
        made[#made + 1] = count_column(column[1], 7, function(group)
            local node = node_in(group, id)
            return node and node[column[2]] or 0
        end)
    end
    for _, part in ipairs { "mean", "p50", "p90", "p99", "max" } do
        made[#made + 1] = { part:upper(), 7, function(group)
            local node = node_in(group, id)
            return node and node.run.count > 0 and columns.duration(node.run[part .. "_ns"]) or "-"
        end }
    end
    return made
end

---What the groups are, in a title and a note.
local function heading_of(report)
    local by = report.grouping
    if by.kind == "outcome" then
        return "By outcome"
    elseif by.kind == "window" then
        local first = report.groups[1]
        local is_limited = first and (first.special == "others" or report.groups[2]
            and report.groups[2].special == "others")
        return report.by == "hour" and "By the hour in which the traces started"
            or ("By windows of %s in which the traces started"):format(report.by),
            is_limited and ("the latest %d; --limit N shows more"):format(by.limit) or "UTC"
    end
    local count = text.count(by.value_count, "value")
    return "By " .. text.clean(report.by), by.left_out_count == 0 and count
        or ("the %d values with the most traces, of %d; --limit N shows more"):format(by.limit, by.value_count)
end

---Writes the sections about the groups.
---@param report tracereel.timing_report with groups of timing/group_list.lua
---@param spare integer columns beyond 80
---@param asked_nodes integer[]|nil those that --node names
return function(report, spare, asked_nodes)
    if #report.groups == 0 then
        return
    end
    local rows = rows_of(report, lines_of(report))
    local key = key_column(report, spare)
    columns.heading(heading_of(report))
    columns.write(trace_columns(key), rows)
    columns.heading("Runs of these groups", "times are sums over all nodes")
    columns.write(run_columns(key), rows)
    for _, node in ipairs(asked_nodes and report.nodes or {}) do
        columns.heading(("Run time of node %s in these groups"):format(columns.node_label(node, max_key_columns)))
        columns.write(node_columns(key, node.id), rows)
    end
end
