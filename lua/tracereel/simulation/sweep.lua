-- `--sweep`: one value of a scenario, or two, tried one after another, as a table, JSON and a curve.
local columns = require "tracereel.render.timing_table.columns"
local curve = require "tracereel.render.curve"
local failure = require "tracereel.util.failure"
local format = require "tracereel.simulation.format"
local intervals = require "tracereel.simulation.intervals"
local output = require "tracereel.cli.output"
local resamples = require "tracereel.simulation.resamples"
local series = require "tracereel.simulation.series"
local output_file = require "tracereel.cli.output_file"
local text = require "tracereel.util.text"
local tracereel = require "tracereel"
local units = require "tracereel.util.units"
local variation = require "tracereel.simulation.variation"

local sweep = {}

local measure_names = {
    "makespan_p50", "makespan_p90", "makespan_p99", "makespan_mean", "throughput", "complete", "failed", "queue",
}

---The sweep of "node.3.time=0.5,1": its key, path and values, each as a number or a text.
---@param words string
---@return table|nil
---@return string|nil problem
function sweep.parse(words)
    local key, list = words:match("^([^=]+)=(.+)$")
    local path = key and variation.path(key)
    if not path then
        return nil, ('"%s" is not KEY=VALUE,VALUE, such as node.3.time=0.5,1,2'):format(words)
    elseif key == "seed" then
        return nil, "every value is simulated with the same seed: --runs N tries several"
    end
    local values, seen = {}, {}
    for word in (list .. ","):gmatch("([^,]*),") do
        if word == "" or seen[word] then
            return nil, ('"%s": each value once, and none empty'):format(words)
        end
        seen[word] = true
        values[#values + 1] = { word = word, value = tonumber(word) or word }
    end
    return { key = key, path = path, values = values }
end

-- A key `args.NAME` is an argument of the scenario, for which it is loaded afresh; any other is in its table.
local function changed(scenario, one, chosen)
    if one.path[1] == "args" and #one.path == 2 then
        return scenario:with_arguments { [one.path[2]] = chosen.word }
    end
    return variation.replaced(scenario, one.path, function()
        return chosen.value
    end)
end

-- Every combination of the sweeps' values, the last one's running fastest. Arguments come first, because a scenario
-- that is loaded afresh knows nothing of what was replaced in it.
local function points_of(sweeps)
    local points = { { chosen = {}, words = {} } }
    for index, one in ipairs(sweeps) do
        local more = {}
        for _, point in ipairs(points) do
            for _, chosen in ipairs(one.values) do
                local all, words = table.move(point.chosen, 1, #point.chosen, 1, {}),
                    table.move(point.words, 1, #point.words, 1, {})
                all[index], words[index] = chosen, one.key .. "=" .. chosen.word
                more[#more + 1] = { chosen = all, words = words }
            end
        end
        points = more
    end
    for _, point in ipairs(points) do
        point.name = table.concat(point.words, ",")
        point.change = function(scenario)
            for _, wants_arguments in ipairs { true, false } do
                for index, one in ipairs(sweeps) do
                    if (one.path[1] == "args") == wants_arguments then
                        scenario = changed(scenario, one, point.chosen[index])
                    end
                end
            end
            return scenario
        end
    end
    return points
end

-- All points, before the first one is simulated.
local function check(points, scenario, recording)
    for _, point in ipairs(points) do
        local checked, problem = pcall(function()
            point.change(scenario):check(recording)
        end)
        if not checked and failure.is(problem) and problem.kind == "usage" then
            failure.raise("usage", "--sweep %s: %s", point.name, problem.message)
        elseif not checked then
            error(problem, 0)
        end
    end
end

-- ---- what is printed ----

local duration = units.rounded_duration

-- Heading, width, measure, how it is written.
local shown = {
    { "P50", 8, "makespan_p50", duration }, { "P90", 8, "makespan_p90", duration },
    { "P99", 8, "makespan_p99", duration }, { "CLOSED", 8, "throughput", units.rate },
    { "COMPLETE", 8, "complete", format.count }, { "FAILED", 6, "failed", format.count },
    { "QUEUE", 8, "queue", duration },
}

-- What 80 columns leave for the values.
local max_value_columns <const> = 19

-- The last word of a key, unless both keys have the same.
local function heading_of(sweeps, index)
    local function last(one)
        return tostring(one.path[#one.path])
    end
    local other = sweeps[3 - index]
    local is_told_apart = not other or last(other) ~= last(sweeps[index])
    return text.clean(is_told_apart and last(sweeps[index]) or sweeps[index].key):upper()
end

local function mean_of(estimate)
    return estimate.mean
end

-- How wide the values are; what is wider than the table has room for is in a line of its own, with its key.
local function value_width(sweeps, index, label_width)
    local width = math.max(text.width(heading_of(sweeps, index)), index == #sweeps and label_width or 0)
    for _, chosen in ipairs(sweeps[index].values) do
        width = math.max(width, text.width(text.clean(chosen.word)))
    end
    return width
end

local function words_above(sweeps, line)
    local words = {}
    for index, one in ipairs(sweeps) do
        words[index] = line.point and text.clean(one.key .. "=" .. line.point.chosen[index].word)
    end
    return line.point and text.cut(table.concat(words, ", "), format.columns) or nil
end

local function definitions_of(sweeps, label_width)
    local definitions, widths, sum = {}, {}, #sweeps - 1
    for index = 1, #sweeps do
        widths[index] = value_width(sweeps, index, label_width)
        sum = sum + widths[index]
    end
    local is_wide = sum > max_value_columns
    for index = 1, is_wide and 1 or #sweeps do
        definitions[index] = { is_wide and "" or heading_of(sweeps, index), is_wide and label_width or widths[index],
            function(line)
                local word = line.point and (is_wide and "" or text.clean(line.point.chosen[index].word))
                return word or (is_wide or index == #sweeps) and line.label or ""
            end, left = true }
    end
    definitions[1].above = is_wide and function(line)
        return words_above(sweeps, line)
    end or nil
    for _, column in ipairs(shown) do
        definitions[#definitions + 1] = { column[1], column[2], function(line)
            local value = line.value(line.estimates[column[3]])
            return value and column[4](value, column[2]) or "-"
        end }
    end
    return definitions
end

local function estimates_of(result, plan)
    local estimates = {}
    for _, name in ipairs(measure_names) do
        estimates[name] = series.estimate(result, name, plan)
    end
    return estimates
end

local function write_table(sweeps, points, results, parsed, seed, plan)
    local keys, lines, label_width = {}, {}, 0
    local rows = intervals.rows(plan, parsed.runs)
    for index, one in ipairs(sweeps) do
        keys[index] = text.clean(one.key)
    end
    for index, point in ipairs(points) do
        local estimates = estimates_of(results[index], plan)
        lines[#lines + 1] = { point = point, estimates = estimates, value = mean_of }
        for _, row in ipairs(rows) do
            lines[#lines + 1] = { label = row.label, estimates = estimates, value = row.value }
            label_width = math.max(label_width, text.width(row.label))
        end
    end
    format.write(("%s: %s, seed %d%s"):format(table.concat(keys, " and "), text.count(#points, "simulation"), seed,
        parsed.runs > 1 and (", means of %d runs each, from that seed on"):format(parsed.runs) or ""))
    for _, line in ipairs(intervals.lines(plan, parsed.runs)) do
        output.line(line)
    end
    columns.heading("Traces", "makespan p50, p90, p99; queue: a trace's nodes in line")
    columns.write(definitions_of(sweeps, label_width), lines)
end

local function object(sweeps, points, results, parsed, seed, recorded, plan)
    local keys, list = {}, {}
    for index, one in ipairs(sweeps) do
        keys[index] = one.key
    end
    for index, point in ipairs(points) do
        local values, measures = {}, {}
        for number, chosen in ipairs(point.chosen) do
            values[keys[number]] = chosen.value
        end
        for _, name in ipairs(measure_names) do
            local estimate = series.estimate(results[index], name, plan)
            measures[name] = intervals.measure_object(estimate.mean, estimate.simulation_error, estimate.prediction)
        end
        list[index] = {
            values = values,
            directory = parsed.workplace:final(point.name),
            runs = results[index].stats,
            measures = measures,
        }
    end
    return {
        seed = seed, recorded = recorded, keys = keys, points = list, intervals = intervals.object(plan, parsed.runs),
    }
end

-- ---- the picture ----

-- Numbers where all values are, or times; otherwise names.
local function places_of(values)
    local kinds = {
        number = function(chosen)
            return math.type(chosen.value) and chosen.value
        end,
        duration = function(chosen)
            return units.parse_duration(chosen.word)
        end,
    }
    for kind, place_of in units.sorted(kinds) do
        local places = {}
        for index, chosen in ipairs(values) do
            places[index] = place_of(chosen) or nil
        end
        if #places == #values then
            return kind, places
        end
    end
    local places = {}
    for index, chosen in ipairs(values) do
        places[index] = chosen.word
    end
    return "name", places
end

-- The prediction where there is one, else the simulation error.
local function bar_of(estimate)
    if estimate.prediction then
        return estimate.prediction.low, estimate.prediction.high
    elseif estimate.simulation_error then
        return math.max(0, estimate.mean - estimate.simulation_error), estimate.mean + estimate.simulation_error
    end
end

local function picture(one, results, plan)
    local kind, places = places_of(one.values)
    local lines = {}
    for _, name in ipairs { "p50", "p90", "p99" } do
        local points = {}
        for index, result in ipairs(results) do
            local estimate = series.estimate(result, "makespan_" .. name, plan)
            local low, high = bar_of(estimate)
            points[index] = { x = places[index], y = estimate.mean, low = low, high = high }
        end
        if kind ~= "name" then
            table.sort(points, function(a, b)
                return a.x < b.x
            end)
        end
        lines[#lines + 1] = { name = name, points = points }
    end
    return curve.document {
        title = ("Makespan for each %s"):format(one.key),
        x_label = one.key, x_kind = kind, y_label = "makespan", y_kind = "duration", series = lines,
    }
end

---@param parsed table the command's options
---@param scenario table of simulation.load
---@param recording userdata of simulation.record
function sweep.run(parsed, scenario, recording)
    local points = points_of(parsed.sweep)
    check(points, scenario, recording)
    local plan = resamples.plan(parsed, points[1].change(scenario:with_arguments {}), recording)
    local results = series.play(parsed, scenario, recording, points, plan)
    local seed = parsed.seed or scenario.seed
    if parsed.json then
        output.line(tracereel.json(object(parsed.sweep, points, results, parsed, seed, recording:stats(), plan)))
    else
        write_table(parsed.sweep, points, results, parsed, seed, plan)
    end
    if parsed.svg then
        output_file.replace(parsed.svg, picture(parsed.sweep[1], results, plan))
    end
end

return sweep
