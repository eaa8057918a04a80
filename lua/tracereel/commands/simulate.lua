-- `tracereel simulate`: what would have been, had nodes, arrivals, limits or faults been others.
local comparison = require "tracereel.simulation.comparison"
local contention = require "tracereel.simulation.contention"
local exit_codes = require "tracereel.cli.exit_codes"
local exploration = require "tracereel.simulation.exploration"
local exploration_options = require "tracereel.simulation.exploration_options"
local failure = require "tracereel.util.failure"
local limits = require "tracereel.cli.limits"
local of_log = require "tracereel.flow.of_log"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local progress = require "tracereel.cli.progress"
local rank = require "tracereel.simulation.rank"
local report = require "tracereel.simulation.report"
local series_options = require "tracereel.simulation.series_options"
local simulation = require "tracereel.simulation"
local sweep = require "tracereel.simulation.sweep"
local workers = require "tracereel.cli.workers"
local workplace = require "tracereel.simulation.workplace"

local command = {
    name = "simulate",
    takes = "a scenario, then a log",
}

local max_runs = 10000

local interrupted = "interrupted: the simulation was not finished"

-- What can be asked for, by its option.
local modes = { comparison = comparison, explore = exploration, rank = rank, sweep = sweep }

function command.define(definition)
    definition:argument("scenario", "A Lua file that returns the scenario as a table (docs/simulation.md).")
    definition:argument("log", "A directory of segments, one segment, or a .gz or .zst.")
    definition:option("-o --output", "Write the simulated log to this directory, which must hold no segments; with "
        .. "--runs, to run-1, run-2, ... in it. Required without --sweep, --rank and --explore."):argname("<DIR>")
    definition:option("--runs", "Simulate N times, with the seed and those that follow it."):argname("<N>")
        :convert(options.whole(1, max_runs)):default("1"):show_default(false)
    definition:option("--rounds", "For prediction intervals: simulate N resamples of the recorded traces, too. As many "
        .. "as --runs where not given; 0: none."):argname("<N>"):convert(options.whole(0, max_runs))
    definition:option("--seed", "Use this seed instead of the scenario's."):argname("<N>")
        :convert(options.whole(math.mininteger, math.maxinteger))
    definition:flag("--json", "Print one JSON object.")
    series_options.define(definition)
    exploration_options.define(definition)
    of_log.define(definition)
    limits.define(definition)
    workers.define(definition, "With --runs, --rounds, --sweep and --rank: simulate so many times at once, each in a "
        .. "process of its own.")
end

-- What is to be said of waiting that the recording has inside. A sweep of limits or pools says how many places there
-- are in each of its points.
local function warnings(parsed, mode, recording, compiled)
    for _, swept in ipairs(parsed.sweep or {}) do
        if swept.key:find("^limits%.") or swept.key:find("^pools%.") then
            return {}
        end
    end
    return contention.warnings(recording, compiled, mode == "rank" or mode == "sweep")
end

-- What the log is measured with while it is recorded, where it is to be compared. nil where the scenario has no flow to
-- measure by, which its check will say.
local function timing_for(mode, scenario)
    return mode == "comparison" and type(scenario.value) == "table" and report.timing(scenario:flow()) or nil
end

---@param parsed table
---@return integer exit code
function command.run(parsed)
    exploration_options.complete(parsed)
    local mode = series_options.mode(parsed)
    if not parsed.output and mode == "comparison" then
        failure.raise("usage", "-o DIR says where the simulated log is to be written; --sweep, --rank and "
            .. "--explore write none")
    elseif parsed.log == "-" then
        failure.raise("usage", "a log from a pipe is read once, and compared with what is simulated: save it first")
    end
    limits.set(parsed)
    -- Closed after the guard: what is temporary goes away however the simulations end.
    local place <close> = workplace.open(parsed.output)
    parsed.workplace = place
    local damaged, code = nil, exit_codes.ok
    limits.guarded(function()
        local _ <close> = progress.open()
        simulation.use_flow(of_log.use(parsed, parsed.log, nil, true))
        local scenario = simulation.load(parsed.scenario, { given = limits.given(parsed), unsafe = parsed.unsafe })
        local timing = timing_for(mode, scenario)
        local recording = simulation.record(parsed.log, nil, timing)
        parsed.warnings = warnings(parsed, mode, recording, scenario:check(recording))
        for _, sentence in ipairs(parsed.warnings) do
            output.say("%s", sentence)
        end
        damaged = recording:stats().is_damaged
        code = modes[mode].run(parsed, scenario, recording, timing) or exit_codes.ok
    end, interrupted)
    if damaged then
        output.say("%s is damaged: what is simulated is what is whole of it; `tracereel check` lists what was lost",
            parsed.log)
        return exit_codes.graver(code, exit_codes.damaged)
    end
    return code
end

return command
