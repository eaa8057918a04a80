-- `--rank`: which node is worth speeding up, and which pool or limit worth one place more. Each by itself gets a tenth
-- faster, or one more; everything else stays as the scenario says.
local busiest = require "tracereel.simulation.busiest"
local columns = require "tracereel.render.timing_table.columns"
local format = require "tracereel.simulation.format"
local node_names = require "tracereel.log.node_names"
local intervals = require "tracereel.simulation.intervals"
local output = require "tracereel.cli.output"
local resamples = require "tracereel.simulation.resamples"
local series = require "tracereel.simulation.series"
local text = require "tracereel.util.text"
local tracereel = require "tracereel"
local units = require "tracereel.util.units"
local variation = require "tracereel.simulation.variation"

local rank = {}

local factor = 0.9
local duration = units.rounded_duration

local measure_names = { "makespan_p50", "makespan_p99" }
local limit_names = { "nodes", "nodes_per_trace", "traces" }
local max_label_columns <const> = 30
local largest_count <const> = 0xFFFFFFFF

-- What a scenario says of a node's time, a tenth shorter.
local function faster(time)
    if time == nil or time == "recorded" then
        return factor
    elseif type(time) == "number" then
        return factor * time
    elseif type(time) == "string" then
        return ("%dns"):format(math.floor(factor * units.parse_duration(time) + 0.5))
    end
    return function(...)
        local ns = time(...)
        return math.type(ns) and factor * ns or ns -- what is no time is refused as it would be without this
    end
end

-- One place more: of a pool that has other numbers for some values of its key, one of each.
local function larger(capacity)
    if type(capacity) ~= "table" then
        return math.min(capacity + 1, largest_count)
    end
    local all = {}
    for value, number in pairs(capacity) do
        all[value] = larger(number)
    end
    return all
end

-- What is tried: { node = 3 }, { pool = "clerks" }, { limit = "nodes" }; with the path of what is replaced, and how.
local function candidates_of(nodes, scenario)
    local candidates = {}
    local function add(candidate, name, path, replace)
        candidate.name, candidate.path, candidate.replace = name, path, replace
        candidates[#candidates + 1] = candidate
    end
    for _, node in ipairs(nodes) do
        add({ node = node }, ("node-%d"):format(node), { "node", node, "time" }, faster)
    end
    for _, limit in ipairs(limit_names) do
        if (scenario.value.limits or {})[limit] then
            add({ limit = limit }, "limit-" .. limit, { "limits", limit }, larger)
        end
    end
    for pool in units.sorted(scenario.value.pools or {}) do
        local is_plain = not pool:find("[^%w_-]")
        add({ pool = pool }, "pool-" .. (is_plain and pool or #candidates + 1), { "pools", pool, "capacity" }, larger)
    end
    return candidates
end

local function points_of(candidates)
    local points = { { name = "as-it-is", change = function(scenario)
        return scenario
    end } }
    for index, one in ipairs(candidates) do
        points[index + 1] = { name = one.name, change = function(scenario)
            return variation.replaced(scenario, one.path, one.replace)
        end }
    end
    return points
end

local function name_of(row)
    return row.limit and "\0" .. row.limit or row.pool
end

-- One row for each, those that shorten the makespan most first.
local function rows_of(candidates, results, plan)
    local rows = {}
    for index, one in ipairs(candidates) do
        local row = { node = one.node, pool = one.pool, limit = one.limit }
        for _, name in ipairs(measure_names) do
            local before = series.estimate(results[1], name, plan).mean
            local difference = series.difference(results[1], results[index + 1], name, plan)
            row[name] = {
                before = before, after = series.estimate(results[index + 1], name, plan).mean,
                change = difference.mean, difference = difference,
                share = before > 0 and difference.mean / before or 0.0,
            }
        end
        rows[index] = row
    end
    table.sort(rows, function(a, b)
        for _, name in ipairs(measure_names) do
            if a[name].change ~= b[name].change then
                return a[name].change < b[name].change
            end
        end
        return (a.node or -1) < (b.node or -1) or not a.node and not b.node and name_of(a) < name_of(b)
    end)
    return rows
end

local function percent(share)
    return format.change(1 + share, 2)
end

-- Heading, width and label of the first column: nodes, or places.
local function first_column(is_places)
    local function label_of_places(row)
        return text.cut(row.limit and "limits." .. row.limit or "pool " .. text.clean(row.pool), max_label_columns)
    end
    if is_places then
        return "PLACES OF", 20, label_of_places
    end
    local node_columns, label = node_names.column(max_label_columns)
    return "NODE", math.max(10, node_columns), function(row)
        return label(row.node)
    end
end

local function definitions_of(heading, width)
    local definitions = { { heading, width, function(line)
        return line.label
    end, left = true } }
    for _, name in ipairs(measure_names) do
        local function add(title, columns_wide, shown)
            definitions[#definitions + 1] = { title, columns_wide, function(line)
                return shown(line.row[name], line)
            end }
        end
        add(name:match("p%d+"):upper(), 9, function(cell, line)
            local value = line.value(cell.difference)
            return value and (line.is_width and duration or format.signed_duration)(value) or "-"
        end)
        add("%", 8, function(cell, line) return line.is_change and percent(cell.share) or "" end)
    end
    return definitions
end

-- A line for each row, and under it one for each kind of interval.
local function lines_of(rows, plan, runs, label)
    local lines = {}
    for _, row in ipairs(rows) do
        lines[#lines + 1] = { label = label(row), row = row, is_change = true, value = function(difference)
            return difference.mean
        end }
        for _, interval in ipairs(intervals.rows(plan, runs)) do
            lines[#lines + 1] = {
                label = "  " .. interval.label, row = row, value = interval.value, is_width = interval.is_width,
            }
        end
    end
    return lines
end

-- Rows of nodes, and those of pools and limits.
local function parted(rows)
    local nodes, places = {}, {}
    for _, row in ipairs(rows) do
        local list = row.node and nodes or places
        list[#list + 1] = row
    end
    return nodes, places
end

local function write_table(rows, results, parsed, seed, plan)
    local before = {}
    for index, name in ipairs(measure_names) do
        before[index] = duration(series.estimate(results[1], name, plan).mean)
    end
    format.write(("makespan as the scenario is: p50 %s, p99 %s (%s)"):format(before[1], before[2],
        parsed.runs > 1 and ("means of seeds %d to %d"):format(seed, seed + parsed.runs - 1) or "seed " .. seed))
    for _, line in ipairs(intervals.lines(plan, parsed.runs)) do
        output.line(line)
    end
    local function write_rows(list, is_places)
        local heading, width, label = first_column(is_places)
        columns.write(definitions_of(heading, width), lines_of(list, plan, parsed.runs, label))
    end
    local nodes, places = parted(rows)
    columns.heading("Nodes", "what the makespan changes by when this one alone takes 90 % of its time")
    write_rows(nodes, false)
    if #nodes == 0 then
        output.line(text.count(0, "node"))
    end
    if #places > 0 then
        columns.heading("Places", "what it changes by when this one alone has one place more")
        write_rows(places, true)
    end
end

local function row_object(row)
    local object = { node = row.node, pool = row.pool, limit = row.limit }
    for _, name in ipairs(measure_names) do
        local cell = row[name]
        object[name] = {
            before = cell.before, after = cell.after, change = cell.change, share = cell.share,
            simulation_error = cell.difference.simulation_error or tracereel.null,
            prediction = cell.difference.prediction or tracereel.null,
        }
    end
    return object
end

local function object(rows, results, parsed, seed, recorded, plan, left_out)
    local before, nodes, places = {}, {}, {}
    for _, name in ipairs(measure_names) do
        local estimate = series.estimate(results[1], name, plan)
        before[name] = intervals.measure_object(estimate.mean, estimate.simulation_error, estimate.prediction)
    end
    for _, row in ipairs(rows) do
        local list = row.node and nodes or places
        list[#list + 1] = row_object(row)
    end
    return {
        seed = seed, recorded = recorded, runs = results[1].stats, factor = factor, measures = before, nodes = nodes,
        intervals = intervals.object(plan, parsed.runs),
        places = #places > 0 and places or nil, left_out_nodes = left_out,
    }
end

---@param parsed table the command's options
---@param scenario table of simulation.load, checked
---@param recording userdata of simulation.record
function rank.run(parsed, scenario, recording)
    local all = recording:nodes()
    local nodes = busiest.of(all, parsed.log, parsed.top)
    local candidates = candidates_of(nodes, scenario)
    local plan = resamples.plan(parsed, scenario, recording)
    local results = series.play(parsed, scenario, recording, points_of(candidates), plan)
    local rows, seed = rows_of(candidates, results, plan), parsed.seed or scenario.seed
    if parsed.json then
        output.line(tracereel.json(object(rows, results, parsed, seed, recording:stats(), plan, #all - #nodes)))
    else
        write_table(rows, results, parsed, seed, plan)
        if #nodes < #all then
            output.line(("Tried: the %s that ran longest when recorded, of %d (--top)."):format(
                text.count(#nodes, "node"), #all))
        end
    end
end

return rank
