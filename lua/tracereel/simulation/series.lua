-- A scenario simulated at several points, each of which changes something in it: at every point with the same seeds, so
-- that what differs between two points is what the change does, and not what was drawn.
local estimates = require "tracereel.simulation.estimates"
local intervals = require "tracereel.simulation.intervals"
local makespans = require "tracereel.simulation.makespans"
local progress = require "tracereel.cli.progress"
local resamples = require "tracereel.simulation.resamples"
local workers = require "tracereel.cli.workers"
local workplace = require "tracereel.simulation.workplace"

local series = {}

---@class tracereel.series_point
---@field name string of its directory
---@field change fun(scenario: table): table from the scenario as its file has it to that of this point

---@class tracereel.series_result
---@field stats table[] for each run, what the simulation counted
---@field measures table<string, number>[] for each run, of makespans.measure
---@field resampled table<string, number>[] the same of each resample of the recorded traces

-- What kind of a measure each is (intervals.of).
local kinds = {
    makespan_p50 = 0.50, makespan_p90 = 0.90, makespan_p99 = 0.99, makespan_mean = "mean", throughput = "mean",
    queue = "mean", complete = "count", failed = "count",
}

-- What is simulated by itself, in its order: for each point its runs, and then its resamples.
local function units_of(parsed, points, plan, resample_place)
    local units = {}
    for index, point in ipairs(points) do
        for run = 1, parsed.runs do
            units[#units + 1] = { index = index, point = point, run = run, name = point.name,
                directory = parsed.workplace:directory(point.name, parsed.runs > 1 and run or nil) }
        end
        for round = 1, plan.rounds do
            units[#units + 1] = { index = index, point = point, round = round, name = point.name,
                directory = resample_place:directory(("resample-%d"):format(index), round) }
        end
    end
    return units
end

-- As report.simulate.
local function simulate(one, recording, directory, seed, is_temporary)
    local stats = one:run(recording, directory, seed, nil, is_temporary)
    progress.show("measuring what was simulated")
    return makespans.measure(directory, one:flow()), stats
end

---@param parsed table the command's options: workplace, runs, seed, jobs
---@param scenario table of simulation.load, checked
---@param recording userdata of simulation.record
---@param points tracereel.series_point[] which were checked
---@param plan tracereel.interval_plan
---@return tracereel.series_result[] one for each point
function series.play(parsed, scenario, recording, points, plan)
    local results, place, first_seed = {}, parsed.workplace, parsed.seed or scenario.seed
    local resample_place <close> = workplace.open()
    for index in ipairs(points) do
        results[index] = { stats = {}, measures = {}, resampled = {} }
    end
    local function work(unit)
        -- Loaded afresh, so that nothing that its functions keep goes from one simulation to the next.
        local one = unit.point.change(scenario:with_arguments {})
        if unit.round then
            local measured = resamples.simulate_one(plan, unit.round, unit.directory, first_seed, recording, one,
                simulate)
            resample_place:done(unit.directory)
            return { measured = measured }
        end
        progress.set_prefix(("%d of %d, %s: "):format(unit.index, #points, unit.name))
        local measured, stats = simulate(one, recording, unit.directory, first_seed + unit.run - 1,
            place.is_temporary)
        place:done(unit.directory)
        return { stats = stats, measured = measured }
    end
    workers.map_all {
        count = parsed.jobs, units = units_of(parsed, points, plan, resample_place), work = work,
        name = function(unit)
            return unit.name
        end,
        take = function(unit, done)
            local result = results[unit.index]
            if unit.round then
                result.resampled[unit.round] = done.measured
            else
                result.stats[unit.run], result.measures[unit.run] = done.stats, done.measured
            end
        end,
    }
    progress.set_prefix("")
    progress.clear()
    parsed.workplace:finish()
    return results
end

-- Of all runs or resamples: one measure, less that of the run with the same number of `before`, if there is one.
local function values_of(all, name, before)
    local values = {}
    for number, measures in ipairs(all) do
        values[number] = measures[name] - (before and before[number][name] or 0)
    end
    return values
end

local function estimate(values, resampled, plan, of)
    local mean, simulation_error = estimates.mean(values)
    return {
        mean = mean, simulation_error = #values > 1 and simulation_error or nil,
        prediction = intervals.of(plan, of, mean, resampled),
    }
end

---@class tracereel.series_estimate
---@field mean number over a point's runs
---@field simulation_error? number half the width of its 95 % interval, where there are several runs
---@field prediction? { low: number, high: number }

---One measure of a point.
---@param result tracereel.series_result
---@param name string
---@param plan tracereel.interval_plan
---@return tracereel.series_estimate
function series.estimate(result, name, plan)
    local of = { kind = kinds[name], count = plan.traces }
    if of.kind == "count" then
        local arrived = 0
        for _, stats in ipairs(result.stats) do
            arrived = arrived + stats.traces
        end
        of.share = estimates.mean(values_of(result.measures, name)) * #result.stats / math.max(arrived, 1)
    end
    return estimate(values_of(result.measures, name), values_of(result.resampled, name), plan, of)
end

---How much one measure differs between two points: the mean of the differences between runs of the same seed, and of
---the same resample.
---@param before tracereel.series_result
---@param after tracereel.series_result
---@param name string
---@param plan tracereel.interval_plan
---@return tracereel.series_estimate
function series.difference(before, after, name, plan)
    return estimate(values_of(after.measures, name, before.measures),
        values_of(after.resampled, name, before.resampled), plan, { kind = kinds[name], count = plan.traces })
end

return series
