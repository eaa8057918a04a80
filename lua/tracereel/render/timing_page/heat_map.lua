-- Heat maps: how many things took how long, in each group of the report. Windows of time go from left to right with
-- times upwards; values and outcomes have a row each, with times from left to right.
local axis = require "tracereel.render.axis"
local group_name = require "tracereel.render.group_name"
local heat_grid = require "tracereel.render.timing_page.heat_grid"
local html = require "tracereel.render.html"
local labels = require "tracereel.render.page.labels"
local units = require "tracereel.util.units"
local window_name = require "tracereel.render.window_name"

local heat_map = {}

-- More windows share columns; more groups and nodes are left to the tables.
local max_columns, max_rows, max_nodes = 120, 40, 8

-- ---- steps of time ----

local edges_ns, coarse_edges_ns = { 0 }, { 0 }

local function add_edges(unit_ns, factors, coarse)
    for _, factor in ipairs(factors) do
        edges_ns[#edges_ns + 1] = factor * unit_ns
    end
    for _, factor in ipairs(coarse) do
        coarse_edges_ns[#coarse_edges_ns + 1] = factor * unit_ns
    end
end

local second_ns = 1000000000
for _, unit_ns in ipairs { 1, 1000, 1000000 } do
    add_edges(unit_ns, { 1, 2, 5, 10, 20, 50, 100, 200, 500 }, { 1, 10, 100 })
end
add_edges(second_ns, { 1, 2, 5, 10, 20 }, { 1, 10 })
add_edges(60 * second_ns, { 1, 2, 5, 10, 20 }, { 1, 10 })
add_edges(3600 * second_ns, { 1, 2, 5, 12 }, { 1, 5 })
add_edges(86400 * second_ns, { 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000 },
    { 1, 10, 100, 1000, 10000 })

-- At most so many steps.
local max_steps = 30

-- The place of the last edge that is not above a value, both unsigned.
local function place_of(edges, ns)
    local low, high = 1, #edges
    while low < high do
        local middle = (low + high + 1) // 2
        if math.ult(ns, edges[middle]) then
            high = middle - 1
        else
            low = middle
        end
    end
    return low
end

-- Steps from the shortest to the longest of all: `place(ns)` from 1, and `words` and `label` of each.
local function steps_of(distribution)
    local edges = edges_ns
    if place_of(edges, distribution.max_ns) - place_of(edges, distribution.min_ns) >= max_steps then
        edges = coarse_edges_ns
    end
    local first = place_of(edges, distribution.min_ns)
    local steps = { count = place_of(edges, distribution.max_ns) - first + 1 }
    function steps.place(ns)
        return place_of(edges, ns) - first + 1
    end
    function steps.label(place)
        local ns = edges[first + place - 1]
        return ns == 0 and "0" or axis.round_duration(ns)
    end
    function steps.words(place)
        local upper_ns = edges[first + place]
        return upper_ns and steps.label(place) .. " to " .. axis.round_duration(upper_ns)
            or steps.label(place) .. " or longer"
    end
    return steps
end

-- ---- counts ----

-- Adds a distribution to the counts of a row or column: each bucket to the step of its middle, which is within the
-- report's precision of each of its values.
local function add_distribution(counts, distribution, steps)
    for _, bucket in ipairs(distribution.buckets) do
        local middle_ns = bucket.lower_ns + ((bucket.upper_ns - bucket.lower_ns) >> 1)
        local place = math.max(1, math.min(steps.count, steps.place(middle_ns)))
        counts[place] = (counts[place] or 0) + bucket.count
    end
end

-- What maps are made of: the makespans of traces, and the runs of nodes that --node names. `of(group)`: the
-- distribution in a group, or nil.
local function subjects_of(report, asked_nodes)
    local subjects = { { id = "heat-makespan", title = "Makespan", unit = "trace", whole = report.traces.makespan,
        of = function(group)
            return group.traces.makespan
        end } }
    for index = 1, asked_nodes and math.min(max_nodes, #report.nodes) or 0 do
        local node = report.nodes[index]
        subjects[#subjects + 1] = { id = ("heat-node-%d"):format(node.id), unit = "run", whole = node.run,
            title = "Run time of node " .. labels.node(node.id, node.name),
            of = function(group)
                for _, each in ipairs(group.nodes) do
                    if each.id == node.id then
                        return each.run
                    end
                end
            end }
    end
    local drawn = {}
    for _, subject in ipairs(subjects) do
        if subject.whole.count > 0 then
            subject.steps, subject.counts = steps_of(subject.whole), {}
            drawn[#drawn + 1] = subject
        end
    end
    return drawn
end

-- Adds a group to the maps, at that row or column.
local function add_group(subjects, group, place)
    for _, subject in ipairs(subjects) do
        local distribution = subject.of(group)
        subject.counts[place] = subject.counts[place] or {}
        if distribution then
            add_distribution(subject.counts[place], distribution, subject.steps)
        end
    end
end

local function started_count(traces)
    return traces.complete_count + traces.failed_count + traces.open_count
end

-- ---- windows ----

-- The columns of all windows from the first to the last, each of as many as it takes.
local function time_columns(report)
    local window_ns = report.grouping.window_ns
    local first_ns, last_ns
    for _, group in ipairs(report.groups) do
        first_ns = first_ns or group.first_ns
        last_ns = group.first_ns or last_ns
    end
    if not first_ns then
        return nil
    end
    local last_window = units.unsigned_divide(last_ns - first_ns, window_ns)
    local each = units.unsigned_divide(last_window, max_columns) + 1
    local columns = { span_ns = each * window_ns, first_ns = first_ns }
    columns.count = units.unsigned_divide(last_window, each) + 1
    function columns.place(ns)
        return (units.unsigned_divide(ns - first_ns, columns.span_ns)) + 1
    end
    function columns.words(place)
        local from_ns = first_ns + (place - 1) * columns.span_ns
        return ("%s to %s"):format(window_name(from_ns, window_ns), window_name(from_ns + columns.span_ns, window_ns))
    end
    return columns
end

local function time_maps(report, subjects)
    local columns = time_columns(report)
    if not columns then
        return nil
    end
    local has_trace = {}
    for index = 1, #report.groups do
        local group = report.groups:whole(index)
        if group.first_ns and started_count(group.traces) > 0 then
            local place = columns.place(group.first_ns)
            has_trace[place] = true
            add_group(subjects, group, place)
        end
    end
    local scale = axis.clock(columns.first_ns, columns.first_ns + columns.count * columns.span_ns)
    local parts = {}
    for index, subject in ipairs(subjects) do
        local steps = subject.steps
        parts[index] = heat_grid.draw {
            id = subject.id, title = subject.title, unit = subject.unit,
            column_count = columns.count, row_count = steps.count, ticks = scale.ticks,
            column_words = columns.words,
            -- The longest times are at the top.
            row_words = function(row)
                return steps.words(steps.count + 1 - row)
            end,
            row_label = function(row)
                return html.escape(steps.label(steps.count + 1 - row))
            end,
            count = function(row, column)
                return subject.counts[column] and subject.counts[column][steps.count + 1 - row] or 0
            end,
            is_empty_column = function(column)
                return not has_trace[column]
            end,
        }
    end
    local each = columns.span_ns // report.grouping.window_ns
    return parts, ("A column is %s of %s, by the start of the traces; a row goes from the time beside it to that of "
        .. "the row above."):format(each == 1 and "a window" or html.counted(each, "window"),
        labels.unbroken(report.by == "hour" and "1h" or report.by))
end

-- ---- values and outcomes ----

local function group_maps(report, subjects)
    local keys, has_others = {}, false
    for index = 1, #report.groups do
        local group = #keys < max_rows and report.groups:whole(index) or report.groups[index]
        -- What was left out, all of it in one row, would outshine what is shown.
        has_others = has_others or group.special == "others"
        if #keys < max_rows and group.special ~= "others" then
            keys[#keys + 1] = group_name(group, report.grouping)
            add_group(subjects, group, #keys)
        end
    end
    local shown, others_count = #keys, has_others and 1 or 0
    local parts = {}
    for index, subject in ipairs(subjects) do
        local steps, ticks = subject.steps, {}
        for place = 1, steps.count do
            ticks[place] = { position = (place - 1) / steps.count, label = steps.label(place) }
        end
        parts[index] = heat_grid.draw {
            id = subject.id, title = subject.title, unit = subject.unit,
            column_count = steps.count, row_count = shown, ticks = ticks,
            column_words = steps.words,
            row_words = function(row)
                return keys[row]
            end,
            row_label = function(row)
                return html.element("span", { title = keys[row] }, html.escape(keys[row]))
            end,
            count = function(row, column)
                return subject.counts[row][column] or 0
            end,
            is_wide = true,
        }
    end
    local note = "A row is a group; a column goes from the time below its left edge to that of the next."
    if #report.groups - others_count > shown then
        note = note .. (" Not drawn: %s more."):format(html.counted(#report.groups - others_count - shown, "group"))
    end
    if has_others then
        note = note .. " Not drawn: (others)."
    end
    return parts, note
end

---@param report tracereel.timing_report
---@param asked_nodes integer[]|nil those that --node names
function heat_map.section(report, asked_nodes)
    local subjects = report.grouping and subjects_of(report, asked_nodes) or {}
    if #subjects == 0 or #report.groups == 0 then
        return ""
    end
    local parts, note
    if report.grouping.kind == "window" then
        parts, note = time_maps(report, subjects)
    else
        parts, note = group_maps(report, subjects)
    end
    if not parts then
        return ""
    end
    return labels.section("heat", "How long it took, " .. (report.grouping.kind == "window" and "over time"
        or "group by group"), note .. " Point at it, or focus it and use the arrow keys, for the numbers.", parts)
end

return heat_map
