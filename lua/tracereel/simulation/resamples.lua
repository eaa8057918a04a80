-- The simulations of an outer bootstrap (intervals.lua): each of a resample of the recorded traces.
local contention = require "tracereel.simulation.contention"
local intervals = require "tracereel.simulation.intervals"
local progress = require "tracereel.cli.progress"
local simulation = require "tracereel.simulation"
local tables = require "tracereel.util.tables"
local workers = require "tracereel.cli.workers"
local workplace = require "tracereel.simulation.workplace"

local resamples = {}

local no_limit <const> = 0xFFFFFFFF

-- What a scenario says of places, with places for everybody: what is left of a trace's time is its own.
local function without_limits(value)
    local limits, pools = tables.joined(value.limits or {}), {}
    for name in pairs(limits) do
        limits[name] = name == "recorded" and limits.recorded or no_limit
    end
    for name, pool in pairs(value.pools or {}) do
        pools[name] = tables.changed(pool, { capacity = no_limit, calendar = false })
    end
    return tables.changed(value, {
        limits = value.limits and limits or false, pools = value.pools and pools or false, traces = false,
        arrivals = false,
    })
end

-- The makespans that traces bring along into a simulation. Where it leaves out what they waited for a place, they are
-- those of a simulation in which nobody has to wait: that traces stood in one line does not make them alike.
local function own_makespans(scenario, recording)
    if not contention.is_asked((scenario:check(recording))) then
        return intervals.makespans(recording)
    end
    local place <close> = workplace.open()
    progress.set_prefix("without limits: ")
    local directory = place:directory "without-limits"
    scenario:with_value(without_limits(scenario.value)):run(recording, directory, nil, nil, true)
    progress.set_prefix("")
    return intervals.makespans(simulation.record(directory))
end

---How many rounds there are, of what.
---@param parsed table the command's options: runs, rounds
---@param scenario table that is simulated, or one of those that are
---@param recording userdata of simulation.record
---@return tracereel.interval_plan
function resamples.plan(parsed, scenario, recording)
    return intervals.plan(parsed, function()
        return own_makespans(scenario, recording)
    end)
end

---Simulates one of them, with the seed of the run of its number.
---@param plan tracereel.interval_plan
---@param round integer
---@param directory string of the place for resamples, for its log
---@param seed integer of the first
---@param recording userdata
---@param one table the scenario, loaded afresh
---@param simulate fun(scenario: table, recording: userdata, directory: string, seed: integer, is_temporary: true): any
---  simulates once, and measures it
---@return any what `simulate` answered first
function resamples.simulate_one(plan, round, directory, seed, recording, one, simulate)
    progress.set_prefix(("resample %d of %d: "):format(round, plan.rounds))
    local measured = simulate(one:with_resample(plan.block), recording, directory, seed + round - 1, true)
    progress.set_prefix("")
    return measured
end

---Simulates them all.
---@param parsed table the command's options: jobs
---@param plan tracereel.interval_plan
---@param seed integer of the first
---@param recording userdata
---@param new_scenario fun(): table the scenario, loaded afresh
---@param simulate function as simulate_one takes it
---@return any[] what `simulate` answered
function resamples.simulate(parsed, plan, seed, recording, new_scenario, simulate)
    local measured, units = {}, {}
    local place <close> = workplace.open()
    for round = 1, plan.rounds do
        units[round] = { round = round, name = "resample " .. round, directory = place:directory("resample", round) }
    end
    workers.map_all {
        count = parsed.jobs, units = units,
        name = function(unit)
            return unit.name
        end,
        work = function(unit)
            local one = resamples.simulate_one(plan, unit.round, unit.directory, seed, recording, new_scenario(),
                simulate)
            place:done(unit.directory)
            return one
        end,
        take = function(unit, one)
            measured[unit.round] = one
        end,
    }
    return measured
end

return resamples
