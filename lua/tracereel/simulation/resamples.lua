-- The simulations of an outer bootstrap (intervals.lua): each of a resample of the recorded traces.
local progress = require "tracereel.cli.progress"
local workplace = require "tracereel.simulation.workplace"

local resamples = {}

---Simulates them, each with the seed of the run of its number.
---@param plan tracereel.interval_plan
---@param seed integer of the first
---@param recording userdata
---@param new_scenario fun(): table the scenario, loaded afresh
---@param measure fun(directory: string, scenario: table): any of a simulated log
---@return any[] what `measure` answered
function resamples.simulate(plan, seed, recording, new_scenario, measure)
    local measured = {}
    local place <close> = workplace.open()
    for round = 1, plan.rounds do
        progress.set_prefix(("resample %d of %d: "):format(round, plan.rounds))
        local directory = place:directory("resample", round)
        local one = new_scenario():with_resample(plan.block)
        one:run(recording, directory, seed + round - 1, nil, true)
        progress.show("measuring what was simulated")
        measured[round] = measure(directory, one)
        place:done(directory)
    end
    progress.set_prefix("")
    return measured
end

return resamples
