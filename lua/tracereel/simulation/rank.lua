-- `--rank`: which node is worth speeding up. Each node by itself gets a tenth faster, everything else stays as the
-- scenario says.
local columns = require "tracereel.render.timing_table.columns"
local node_names = require "tracereel.log.node_names"
local output = require "tracereel.cli.output"
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
local function rows_of(nodes, results)
    local rows = {}
    for index, node in ipairs(nodes) do
        local row = { node = node }
        for _, name in ipairs(measure_names) do
            local before = series.mean(results[1], name)
            local after = series.mean(results[index + 1], name)
            local change, half_width = series.difference(results[1], results[index + 1], name)
            row[name] = {
                before = before, after = after, change = change, half_width = half_width,
                share = before > 0 and change / before or 0.0,
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

local function definitions_of(has_interval)
    local node_columns, label = node_names.column(30)
    local definitions = { { "NODE", math.max(10, node_columns), function(row)
        return label(row.node)
    end, left = true } }
    for _, name in ipairs(measure_names) do
        local function add(heading, width, shown)
            definitions[#definitions + 1] = { heading, width, function(row)
                return shown(row[name])
            end }
        end
        add(name:match("p%d+"):upper(), 9, function(cell) return signed(cell.change) end)
        if has_interval then
            add("95% ±", 8, function(cell) return duration(cell.half_width) end)
        end
        add("%", 8, function(cell) return percent(cell.share) end)
    end
    return definitions
end

local function write_table(rows, results, parsed, seed)
    local before = series.mean(results[1], "makespan_p50")
    output.line(("makespan as the scenario is: p50 %s, p99 %s (seed %d%s)"):format(duration(before),
        duration((series.mean(results[1], "makespan_p99"))), seed,
        parsed.runs > 1 and (", means of %d runs from that seed on"):format(parsed.runs) or ""))
    columns.heading("Nodes", "what the makespan changes by when this one alone takes 90 % of its time")
    columns.write(definitions_of(parsed.runs > 1), rows)
    if #rows == 0 then
        output.line(text.count(0, "node"))
    end
end

local function object(rows, results, seed, recorded)
    local before = {}
    for _, name in ipairs(measure_names) do
        local mean, half_width = series.mean(results[1], name)
        before[name] = { simulated = mean, half_width = half_width }
    end
    return {
        seed = seed, recorded = recorded, runs = results[1].stats, factor = factor, measures = before, nodes = rows,
    }
end

---@param parsed table the command's options
---@param scenario table of simulation.load, checked
---@param recording userdata of simulation.record
function rank.run(parsed, scenario, recording)
    local nodes = recording:nodes()
    local results = series.play(parsed, scenario, recording, points_of(nodes))
    local rows, seed = rows_of(nodes, results), parsed.seed or scenario.seed
    if parsed.json then
        output.line(tracereel.json(object(rows, results, seed, recording:stats())))
    else
        write_table(rows, results, parsed, seed)
    end
end

return rank
