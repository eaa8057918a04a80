-- `tracereel crashtest`: a recovery script against every crash that the log could have ended in. The log is only read.
local base = require "tracereel.base"
local crashtest_page = require "tracereel.render.crashtest_page"
local engine = require "tracereel.crashtest"
local engine_options = require "tracereel.forecast.options"
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local limits = require "tracereel.cli.limits"
local logs = require "tracereel.cli.logs"
local of_log = require "tracereel.flow.of_log"
local new_directory = require "tracereel.cli.new_directory"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local output_file = require "tracereel.cli.output_file"
local saving = require "tracereel.crashtest.saving"
local temporary_directory = require "tracereel.util.temporary_directory"
local script = require "tracereel.script"
local script_file = require "tracereel.recovery.script_file"
local tracereel = require "tracereel"
local workers = require "tracereel.cli.workers"

local crashtest = {
    name = "crashtest",
    takes = "a script, then a log",
}

local max_lost = 1000000

local function whole_number(most, what)
    return function(word)
        local number = word:match("^%d+$") and math.tointeger(tonumber(word))
        if not number or number > most then
            return nil, ('"%s" is not %s'):format(word, what)
        end
        return number
    end
end

function crashtest.define(command)
    command:argument("script", "A script with `recover`, and optionally `check` for its own conditions: a file or a "
        .. "bundled script's name."):argname("<SCRIPT>")
    command:argument("log", "A directory of segments, one segment, or a .gz or .zst."):argname("<LOG>")
    options.json(command)
    command:option("--once", "This node must never run twice, whatever the crash loses. Can be repeated.")
        :argname("<NODE>"):count("*"):convert(whole_number(0xFFFFFFFF, "a node number"))
    command:option("--lost", "Also try crashes that lose the last N records before them.", "0"):argname("<N>")
        :convert(whole_number(max_lost, "a number of records, at most " .. max_lost))
    command:flag("--allow-rerun", "Allow nodes that are done to run again.")
    command:option("--save", "Write a small log and a failing spec for each finding to this new directory.")
        :argname("<DIR>")
    command:option("--html", "Also write what was found to this file, as one HTML page."):argname("<FILE>")
    workers.define(command, "Use so many processes: for the questions where the script says shard = \"trace\", and for "
        .. "what is tried.")
    engine_options.define(command)
    of_log.define_rule(command)
    limits.define(command)
end

local function check_stop(problem)
    if limits.reached() then
        error(problem, 0)
    end
end

-- The command line's words that lead to the same test of another log.
local function words_of(parsed)
    local words = {}
    for _, node in ipairs(parsed.once or {}) do
        table.move({ "--once", ("%d"):format(node) }, 1, 2, #words + 1, words)
    end
    if parsed.lost > 0 then
        table.move({ "--lost", ("%d"):format(parsed.lost) }, 1, 2, #words + 1, words)
    end
    for _, text in ipairs(parsed.arg or {}) do
        table.move({ "--arg", text }, 1, 2, #words + 1, words)
    end
    words[#words + 1] = parsed.allow_rerun and "--allow-rerun" or nil
    words[#words + 1] = parsed.unsafe and "--unsafe" or nil
    return words
end

local function tell_saved(saved, spec, is_json)
    local count = 0
    for index, one in ipairs(saved) do
        one.group.saved = one.log
        count = count + (one.log and 1 or 0)
        if not one.log and not is_json then
            output.say("finding %d shows only with more of the log than is small: it was not saved", index)
        end
    end
    output.say("saved %d of %d findings; the spec: %s", count, #saved, spec)
end

local function write_json(result)
    for _, group in ipairs(result.findings) do
        for _, example in ipairs { group.first, group.shortest } do
            example.number = nil
        end
        output.line(tracereel.json { finding = {
            check = group.check, node = group.node or tracereel.null, record_type = group.record_type,
            decision = group.decision, count = group.count, first = group.first, shortest = group.shortest,
            saved = group.saved or tracereel.null,
        } })
    end
    output.line(tracereel.json { summary = {
        crash_points = result.crash_points, records = result.records, states = result.states, asked = result.asked,
        distinct_decisions = result.distinct_decisions, decisions = result.decisions, converged = result.converged,
        plans = result.plans, disk_states = result.disk_states, untried = result.untried,
        findings = #result.findings,
    } })
end

-- Why the script is asked by one process; nil where it can be several.
local function obstacle(parsed, file)
    local loaded, one = failure.pcall(script_file.loader(file, parsed.unsafe).load)
    if loaded and not one:can_shard() then
        return ('%s does not say shard = "trace"'):format(one.name)
    end
end

-- How many processes ask the script. What is wrong with it is reported where it is run.
local function question_jobs(parsed, file)
    local why_not
    if parsed.jobs > 1 then
        output.without_prints(function()
            why_not = obstacle(parsed, file)
        end)
    end
    if why_not then
        output.say("-j: %s: it is asked by one process, and several try what it said", why_not)
    end
    return why_not and 1 or parsed.jobs
end

local function opener(parsed)
    return function(shard)
        local opened = options.to_open(parsed, parsed.log)
        opened.shard = shard
        return base.open(parsed.log, opened)
    end
end

local function test_log(parsed, file, log)
    local script_text = script_file.text(file)
    local function run(any_log, jobs)
        return engine.run(any_log, script_file.loader(file, parsed.unsafe), {
            given = limits.given(parsed),
            once = parsed.once or {},
            lost = parsed.lost,
            allow_rerun = parsed.allow_rerun,
            script_text = script_text,
            check_stop = check_stop,
            jobs = jobs or 1,
            trial_jobs = jobs and parsed.jobs or 1,
            open_shard = opener(parsed),
        })
    end
    local result = run(log, question_jobs(parsed, file))
    if parsed.save and #result.findings > 0 then
        local about = { script = file.name or file.path, name = file.name or script.name_of(file.path),
            is_bundled = file.is_bundled, arguments = words_of(parsed) }
        if files.exists(parsed.save) then
            failure.raise("usage", "--save: cannot make the directory: %s is there already", parsed.save)
        end
        local saved, spec = saving.save(new_directory.open(parsed.save), about, result, log, function(small)
            return run(small)
        end)
        tell_saved(saved, spec, parsed.json)
    end
    return result
end

---@param parsed table
---@return integer exit code
function crashtest.run(parsed)
    local file = script_file.find(parsed.script)
    if parsed.log == "-" then
        failure.raise("usage", "a log is read more than once for a crash test: save what comes through the pipe")
    end
    if parsed.jobs > 1 and parsed.lost > 0 then
        failure.raise("usage", "-j shares out traces, and --lost counts the records of all: leave one of them out")
    end
    limits.set(parsed)
    engine_options.use(parsed, parsed.log, true)
    of_log.check_rule(parsed, parsed.log, "crashtest")
    parsed.logs, parsed.as_engine = { parsed.log }, true
    return logs.each(parsed, function(log)
        local result
        local ran, problem = pcall(limits.guarded, function()
            result = test_log(parsed, file, log)
        end)
        temporary_directory.remove_all()
        if not ran then
            error(problem, 0)
        end
        if parsed.html then
            output_file.made(parsed.html, function(put)
                require "tracereel.render.findings_page".write(result,
                    { script = parsed.script, path = parsed.log }, put)
            end)
        end
        if parsed.json then
            write_json(result)
        else
            crashtest_page.write(result)
        end
        return #result.findings > 0 and exit_codes.check_failed or exit_codes.ok
    end)
end

return crashtest
