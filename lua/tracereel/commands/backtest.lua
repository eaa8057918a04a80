-- `tracereel backtest`: how well a log's past predicts its future.
local backtest = require "tracereel.backtest"
local backtest_table = require "tracereel.backtest.table"
local backtest_text = require "tracereel.backtest.text"
local conditions = require "tracereel.backtest.conditions"
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local limits = require "tracereel.cli.limits"
local of_log = require "tracereel.flow.of_log"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local output_file = require "tracereel.cli.output_file"
local partition = require "tracereel.backtest.partition"
local progress = require "tracereel.cli.progress"
local report = require "tracereel.backtest.report"
local simulation = require "tracereel.simulation"
local text = require "tracereel.util.text"
local tracereel = require "tracereel"
local workplace = require "tracereel.simulation.workplace"

local command = {
    name = "backtest",
    takes = "a log, then perhaps a scenario",
}

local max_rounds, max_folds = 1000, 100

local interrupted = "interrupted: the backtest was not finished"

function command.define(definition)
    definition:argument("log", "A directory of segments, one segment, or a .gz or .zst.")
    definition:argument("scenario", "A Lua file that says what the log was recorded under: limits, pools, a flow "
        .. "(docs/backtest.md)."):args("?")
    definition:option("--at", "Cut the log at this point: a share of its time (60%), RFC 3339, nanoseconds since 1970, "
        .. "or, as in -2h, a time before its end. Default: half of its time."):argname("<TIME>")
        :convert(partition.parse_cut)
    definition:option("--folds", "Cut the log into N + 1 parts of the same time, and predict each from all before it.")
        :argname("<N>"):convert(options.whole(1, max_folds))
    definition:option("--rounds", "Simulate N times, each time learning from another sample of the traces before the "
        .. "cut, for intervals."):argname("<N>"):convert(options.whole(1, max_rounds)):default("1"):show_default(false)
    definition:option("--seed", "Use this seed instead of the scenario's."):argname("<N>")
        :convert(options.whole(math.mininteger, math.maxinteger))
    definition:option("--fail-on", "Exit with status 7 if an error of the prediction is larger than this, as in "
        .. "\"p90>20%\" (of the makespan) or \"charge.queue.p90>50%\". Can be repeated.")
        :argname("<CONDITION>"):count("*"):convert(conditions.parse)
    definition:flag("--json", "Print one JSON object.")
    definition:option("--html", "Also write what was found to this file, as one HTML page with the curves.")
        :argname("<FILE>")
    of_log.define(definition)
    limits.define(definition)
end

local function check_usage(parsed)
    if parsed.log == "-" then
        failure.raise("usage", "a log from a pipe is read once, and a backtest reads it several times: save it first")
    elseif parsed.at and parsed.folds then
        failure.raise("usage", "--at and --folds exclude each other: folds are of the same time")
    elseif not parsed.scenario and #parsed.arg > 0 then
        failure.raise("usage", "--arg sets an argument of a scenario, and there is none")
    end
end

local function run(parsed, place)
    simulation.use_flow(of_log.use(parsed, parsed.log, nil, true))
    local scenario = parsed.scenario
        and simulation.load(parsed.scenario, { given = limits.given(parsed), unsafe = parsed.unsafe })
        or simulation.unchanged()
    backtest.check_scenario(scenario)
    local result = backtest.run {
        path = parsed.log, scenario = scenario, place = place, seed = parsed.seed, rounds = parsed.rounds,
        folds = parsed.folds or 1, at = parsed.at,
    }
    for _, sentence in ipairs(backtest_text.warnings(result)) do
        output.say("%s: %s", parsed.log, sentence)
    end
    result.failed_checks = report.failed_checks(result.measures, parsed.fail_on)
    return result
end

local function write(parsed, result)
    if parsed.json then
        output.line(tracereel.json(report.object(result)))
    else
        backtest_table.write(result)
        for _, sentence in ipairs(result.failed_checks) do
            output.line(output.paint("red", "failed: " .. text.clean(sentence)))
        end
    end
end

---@param parsed table
---@return integer exit code
function command.run(parsed)
    check_usage(parsed)
    limits.set(parsed)
    -- Closed after the guard: what is temporary goes away however the simulations end.
    local place <close> = workplace.open(nil)
    local result
    limits.guarded(function()
        local _ <close> = progress.open()
        result = run(parsed, place)
    end, interrupted)
    if parsed.html then
        output_file.made(parsed.html, function(put)
            require "tracereel.render.backtest_page".write(report.page(result), put)
        end)
    end
    write(parsed, result)
    local code = #result.failed_checks > 0 and exit_codes.check_failed or exit_codes.ok
    if result.damaged then
        output.say("%s is damaged: what is learnt and compared is what is whole of it; `tracereel check` lists what "
            .. "was lost", parsed.log)
        return exit_codes.graver(code, exit_codes.damaged)
    end
    return code
end

return command
