-- A scenario simulated at several points, each of which changes something in it: at every point with the same seeds, so
-- that what differs between two points is what the change does, and not what was drawn.
local estimates = require "tracereel.simulation.estimates"
local makespans = require "tracereel.simulation.makespans"
local progress = require "tracereel.cli.progress"

local series = {}

---@class tracereel.series_point
---@field name string of its directory
---@field change fun(scenario: table): table from the scenario as its file has it to that of this point

---@class tracereel.series_result
---@field stats table[] for each run, what the simulation counted
---@field measures table<string, number>[] for each run, of makespans.measure

local function play_point(parsed, scenario, recording, point, place)
    local result = { stats = {}, measures = {} }
    for run = 1, parsed.runs do
        local directory = place:directory(point.name, parsed.runs > 1 and run or nil)
        -- Loaded afresh, so that nothing that its functions keep goes from one simulation to the next.
        local one = point.change(scenario:with_arguments {})
        local seed = (parsed.seed or scenario.seed) + run - 1
        result.stats[run] = one:run(recording, directory, seed, nil, place.is_temporary)
        progress.show("measuring what was simulated")
        result.measures[run] = makespans.measure(directory, one:flow())
        place:done(directory)
    end
    return result
end

---@param parsed table the command's options: workplace, runs, seed
---@param scenario table of simulation.load, checked
---@param recording userdata of simulation.record
---@param points tracereel.series_point[] which were checked
---@return tracereel.series_result[] one for each point
function series.play(parsed, scenario, recording, points)
    local results = {}
    for index, point in ipairs(points) do
        progress.set_prefix(("%d of %d, %s: "):format(index, #points, point.name))
        results[index] = play_point(parsed, scenario, recording, point, parsed.workplace)
    end
    progress.set_prefix("")
    progress.clear()
    parsed.workplace:finish()
    return results
end

---The mean of one measure over a point's runs, and half the width of its 95 % interval.
---@param result tracereel.series_result
---@param name string
---@return number mean
---@return number half_width
function series.mean(result, name)
    local values = {}
    for run, measures in ipairs(result.measures) do
        values[run] = measures[name]
    end
    return estimates.mean(values)
end

---How much one measure differs between two points: the mean of the differences between runs of the same seed, and half
---the width of its 95 % interval.
---@param before tracereel.series_result
---@param after tracereel.series_result
---@param name string
---@return number mean
---@return number half_width
function series.difference(before, after, name)
    local differences = {}
    for run, measures in ipairs(after.measures) do
        differences[run] = measures[name] - before.measures[run][name]
    end
    return estimates.mean(differences)
end

return series
