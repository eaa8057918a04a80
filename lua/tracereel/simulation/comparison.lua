-- Simulates once, or with several seeds, and prints the recorded and the simulated log side by side.
local damage = require "tracereel.simulation.damage"
local intervals = require "tracereel.simulation.intervals"
local output = require "tracereel.cli.output"
local pool_report = require "tracereel.simulation.pool_report"
local progress = require "tracereel.cli.progress"
local report = require "tracereel.simulation.report"
local resamples = require "tracereel.simulation.resamples"
local comparison_table = require "tracereel.simulation.comparison_table"
local text = require "tracereel.util.text"
local tracereel = require "tracereel"
local workers = require "tracereel.cli.workers"

local comparison = {}

local max_damage_lines = 20

local function say_damage(list)
    for index, line in ipairs(damage.lines(list)) do
        if index > max_damage_lines then
            output.line(("  damage: and %d more, which --json lists"):format(#list - max_damage_lines))
            return
        end
        output.line("  damage: " .. line)
    end
end

-- Shown where they are not 0: stats of the simulation, or of the recording.
local shown_stats = {
    { "injected_errors", "simulated error" },
    { "retries", "retry after one", "retries after them" },
    { "given_up_traces", "trace given up after one", "traces given up after them" },
    { "faults", "fault of the scenario happened", "faults of the scenario happened" },
    { "unfit_faults", "fault found no record that it fits", "faults found no record that they fit" },
    { "waiting_traces", "trace still waiting at the end, for a limit that nothing frees",
        "traces still waiting at the end, for a limit that nothing frees" },
    { "tainted_traces", "tainted trace left out", "tainted traces left out" },
    { "lost_orphans", "record of a trace whose beginning is lost left out",
        "records of traces whose beginning is lost left out" },
}

local function say_stats(recorded, stats)
    output.line(("simulated %s, %s (recorded: %s, %s)"):format(text.count(stats.traces, "trace"),
        text.count(stats.records, "record"), text.count(recorded.traces, "trace"),
        text.count(recorded.records, "record")))
    for _, stat in ipairs(shown_stats) do
        local count = stats[stat[1]] or recorded[stat[1]]
        if count > 0 then
            output.line("  " .. text.count(count, stat[2], stat[3]))
        end
    end
    say_damage(stats.damage or {})
end

local function run_all(parsed, scenario, recording)
    local runs, all_stats, units = {}, {}, {}
    local place = parsed.workplace
    for run = 1, parsed.runs do
        units[run] = { run = run, directory = parsed.runs > 1 and place:directory(("run-%d"):format(run))
            or place:log() }
    end
    workers.map_all {
        count = parsed.jobs, units = units,
        name = function(unit)
            return ("run %d"):format(unit.run)
        end,
        work = function(unit)
            local run = unit.run
            progress.set_prefix(parsed.runs > 1 and ("run %d of %d: "):format(run, parsed.runs) or "")
            -- Loaded afresh, so that nothing that its functions keep goes from one run to the next.
            local one = run == 1 and scenario or scenario:with_arguments {}
            local measured, stats = report.simulate(one, recording, unit.directory,
                (parsed.seed or scenario.seed) + run - 1)
            return { stats = stats, measured = measured }
        end,
        take = function(unit, done)
            all_stats[unit.run], runs[unit.run] = done.stats, done.measured
        end,
    }
    place:finish()
    return runs, all_stats
end

local function write(parsed, scenario, recorded_stats, all_stats, rows, plan)
    if parsed.json then
        output.line(tracereel.json {
            seed = parsed.seed or scenario.seed,
            recorded = recorded_stats,
            runs = all_stats,
            intervals = intervals.object(plan, parsed.runs),
            measures = report.object(rows),
            pools = pool_report.object(all_stats),
            warnings = parsed.warnings,
        })
        return
    end
    say_stats(recorded_stats, all_stats[1])
    if parsed.runs > 1 then
        output.line(("above: the first of %d runs; below: their means"):format(parsed.runs))
    end
    for _, line in ipairs(intervals.lines(plan, parsed.runs)) do
        output.line(line)
    end
    comparison_table.write(rows, parsed.runs > 1, plan.rounds > 0)
    pool_report.write(all_stats)
end

---@param parsed table the command's options
---@param scenario table of simulation.load, checked
---@param recording userdata of simulation.record
---@param timing tracereel.timing|nil of all traces of the log; nil: it is read once more for it
function comparison.run(parsed, scenario, recording, timing)
    local plan = resamples.plan(parsed, scenario, recording)
    local runs, all_stats = run_all(parsed, scenario, recording)
    local resampled = resamples.simulate(parsed, plan, parsed.seed or scenario.seed, recording, function()
        return scenario:with_arguments {}
    end, report.simulate)
    local recorded = timing and report.measures(timing) or report.measure(parsed.log, scenario:flow())
    progress.clear()
    write(parsed, scenario, recording:stats(), all_stats, report.rows(recorded, runs, resampled, plan), plan)
end

return comparison
