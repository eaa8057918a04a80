-- `--rank`: which node is worth speeding up. Each node by itself gets a tenth faster, everything else stays as the
-- scenario says.
local columns = require "tracereel.render.timing_table.columns"
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

local function points_of(nodes)
    local points = { { name = "as-it-is", change = function(scenario)
        return scenario
    end } }
    for index, node in ipairs(nodes) do
        points[index + 1] = { name = ("node-%d"):format(node), change = function(scenario)
            return variation.replaced(scenario, { "node", node, "time" }, faster)
        end }
    end
    return points
end

-- One row for each node, those that shorten the makespan most first.
local function rows_of(nodes, results, plan)
    local rows = {}
    for index, node in ipairs(nodes) do
        local row = { node = node }
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
        return a.node < b.node
    end)
    return rows
end

local function signed(value)
    return (value > 0 and "+" or "") .. duration(value)
end

local function percent(share)
    return share == 0 and "" or ("%+.2f%%"):format(share * 100)
end

local function definitions_of(node_columns)
    local definitions = { { "NODE", math.max(10, node_columns), function(line)
        return line.label
    end, left = true } }
    for _, name in ipairs(measure_names) do
        local function add(heading, width, shown)
            definitions[#definitions + 1] = { heading, width, function(line)
                return shown(line.row[name], line)
            end }
        end
        add(name:match("p%d+"):upper(), 9, function(cell, line)
            local value = line.value(cell.difference)
            return value and (line.is_width and duration or signed)(value) or "-"
        end)
        add("%", 8, function(cell, line) return line.is_change and percent(cell.share) or "" end)
    end
    return definitions
end

-- A line for each row, and under it one for each kind of interval.
local function lines_of(rows, plan, runs, label)
    local lines = {}
    for _, row in ipairs(rows) do
        lines[#lines + 1] = { label = label(row.node), row = row, is_change = true, value = function(difference)
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

local function write_table(rows, results, parsed, seed, plan)
    local before = {}
    for index, name in ipairs(measure_names) do
        before[index] = duration(series.estimate(results[1], name, plan).mean)
    end
    output.line(("makespan as the scenario is: p50 %s, p99 %s (%s)"):format(before[1], before[2],
        parsed.runs > 1 and ("means of seeds %d to %d"):format(seed, seed + parsed.runs - 1) or "seed " .. seed))
    for _, line in ipairs(intervals.lines(plan, parsed.runs)) do
        output.line(line)
    end
    columns.heading("Nodes", "what the makespan changes by when this one alone takes 90 % of its time")
    local node_columns, label = node_names.column(30)
    columns.write(definitions_of(node_columns), lines_of(rows, plan, parsed.runs, label))
    if #rows == 0 then
        output.line(text.count(0, "node"))
    end
end

local function node_object(row)
    local object = { node = row.node }
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

local function object(rows, results, parsed, seed, recorded, plan)
    local before, nodes = {}, {}
    for _, name in ipairs(measure_names) do
        local estimate = series.estimate(results[1], name, plan)
        before[name] = intervals.measure_object(estimate.mean, estimate.simulation_error, estimate.prediction)
    end
    for index, row in ipairs(rows) do
        nodes[index] = node_object(row)
    end
    return {
        seed = seed, recorded = recorded, runs = results[1].stats, factor = factor, measures = before, nodes = nodes,
        intervals = intervals.object(plan, parsed.runs),
    }
end

---@param parsed table the command's options
---@param scenario table of simulation.load, checked
---@param recording userdata of simulation.record
function rank.run(parsed, scenario, recording)
    local nodes = recording:nodes()
    local plan = resamples.plan(parsed, scenario, recording)
    local results = series.play(parsed, scenario, recording, points_of(nodes), plan)
    local rows, seed = rows_of(nodes, results, plan), parsed.seed or scenario.seed
    if parsed.json then
        output.line(tracereel.json(object(rows, results, parsed, seed, recording:stats(), plan)))
    else
        write_table(rows, results, parsed, seed, plan)
    end
end

return rank
