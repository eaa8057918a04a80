-- `tracereel simulate`: what would have been, had nodes, arrivals, limits or faults been others.
local exit_codes = require "tracereel.exit_codes"
local failure = require "tracereel.failure"
local host = require "tracereel.host"
local limits = require "tracereel.limits"
local output = require "tracereel.output"
local report = require "tracereel.simulation.report"
local simulation = require "tracereel.simulation"
local tracereel = require "tracereel"

local command = { name = "simulate", summary = "Play a log again in virtual time, as a scenario says, into a new log." }

local most_runs = 10000

local function whole(least, most)
    return function(text)
        local number = text:match("^-?%d+$") and math.tointeger(tonumber(text))
        if not number or number < least or number > most then
            return nil, ('"%s" is not a whole number from %d to %d'):format(text, least, most)
        end
        return number
    end
end

function command.define(definition)
    definition:argument("scenario", "The scenario: a Lua file that returns a table (docs/simulation.md).")
    definition:argument("log", "The log: a directory of segments, one segment, or a .gz.")
    definition:option("-o --output", "Where the simulated log is written: a directory without segments. With --runs, "
        .. "run-1, run-2, ... in it."):argname("<DIR>")
    definition:option("--runs", "Simulate so many times, with the seed and those that follow it."):argname("<N>")
        :convert(whole(1, most_runs)):default("1"):show_default(false)
    definition:option("--seed", "In place of the scenario's seed."):argname("<N>")
        :convert(whole(math.mininteger, math.maxinteger))
    definition:flag("--json", "One JSON object.")
end

local function say_facts(recorded, facts)
    output.line(("simulated %d traces, %d records (recorded: %d traces, %d records)"):format(
        facts.traces, facts.records, recorded.traces, recorded.records))
    local function tell(count, words)
        if count > 0 then
            output.line(("  %d %s"):format(count, words))
        end
    end
    tell(facts.injected_errors, "simulated errors")
    tell(facts.retries, "retries after them")
    tell(facts.given_up_traces, "traces given up after them")
    tell(facts.waiting_traces, "traces still waiting at the end, for a limit that nothing frees")
    tell(recorded.tainted_traces, "tainted traces left out")
    tell(recorded.lost_strays, "records of traces whose beginning is lost left out")
end

local function run_all(parsed, scenario, recording)
    local runs, all_facts = {}, {}
    if parsed.runs > 1 then
        host.make_directory(parsed.output)
    end
    for run = 1, parsed.runs do
        local directory = parsed.runs > 1 and ("%s/run-%d"):format(parsed.output, run) or parsed.output
        local seed = (parsed.seed or scenario.seed) + run - 1
        all_facts[run] = scenario:run(recording, directory, seed)
        runs[run] = report.measure(directory)
        if parsed.runs > 1 and output.is_terminal(2) then
            io.stderr:write(("\rrun %d of %d%s"):format(run, parsed.runs, run == parsed.runs and "\n" or ""))
        end
    end
    return runs, all_facts
end

local function write(parsed, scenario, recorded_facts, recorded, runs, all_facts)
    if parsed.json then
        output.line(tracereel.json {
            seed = parsed.seed or scenario.seed,
            recorded = recorded_facts,
            runs = all_facts,
            measures = report.object(recorded, runs),
        })
        return
    end
    say_facts(recorded_facts, all_facts[1])
    if #runs > 1 then
        output.line(("above: the first of %d runs; below: their means, with Student's t interval"):format(#runs))
    end
    report.write_text(recorded, runs)
end

---@param parsed table
---@return integer exit code
function command.run(parsed)
    if not parsed.output then
        failure.raise("usage", "-o DIR says where the simulated log is to be written")
    elseif parsed.log == "-" then
        failure.raise("usage", "a log from a pipe is read once, and compared with what is simulated: save it first")
    end
    local damaged
    limits.guarded(function()
        local scenario = simulation.load(parsed.scenario)
        local recording = simulation.record(parsed.log)
        scenario:check(recording)
        local recorded_facts = recording:facts()
        damaged = recorded_facts.is_damaged
        local runs, all_facts = run_all(parsed, scenario, recording)
        write(parsed, scenario, recorded_facts, report.measure(parsed.log), runs, all_facts)
    end)
    if damaged then
        output.say("%s is damaged: what is simulated is what is whole of it; `tracereel check` lists what was lost",
            parsed.log)
        return exit_codes.damaged
    end
    return exit_codes.ok
end

return command
