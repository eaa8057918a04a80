-- `tracereel run`: replays logs through scripts.
local arenas = require "tracereel.log.arenas"
local base = require "tracereel.base"
local bundled = require "tracereel.script.bundled"
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local host = require "tracereel.host"
local limits = require "tracereel.cli.limits"
local listing = require "tracereel.script.listing"
local logs = require "tracereel.cli.logs"
local of_log = require "tracereel.flow.of_log"
local new_file = require "tracereel.cli.new_file"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local pace = require "tracereel.script.pace"
local period = require "tracereel.cli.period"
local partial_header = require "tracereel.partial.header"
local partial_task = require "tracereel.partial.task"
local runner = require "tracereel.script.runner"
local script = require "tracereel.script"
local script_arguments = require "tracereel.script.arguments"
local script_modules = require "tracereel.script.modules"
local script_result = require "tracereel.render.script_result"
local shard = require "tracereel.cli.shard"
local shard_check = require "tracereel.script.shard_check"
local starter = require "tracereel.script.starter"
local tables = require "tracereel.util.tables"
local workers = require "tracereel.cli.workers"

-- An id that no trace has: of the version that is all ones.
local no_trace = ("f"):rep(32)

local run = { name = "run" }

function run.define(command)
    command:argument("files", "Scripts (files ending in .lua, or names from --list), then logs.")
        :argname("<SCRIPT|LOG>"):args("*")
    options.segments_from(command)
    options.json(command)
    command:flag("--list", "List the bundled scripts with their arguments.")
    command:option("--new", "Write a starter script with a handler for each record type in the log.")
        :argname("<NAME.lua>")
    limits.define(command)
    options.filter(command)
    options.outcome(command)
    options.reading(command, pace.from)
    pace.define(command)
    of_log.define(command)
    options.arenas(command)
    shard.define(command)
    shard_check.define(command)
    partial_task.define(command)
    workers.define(command, "Read so many logs at a time, each in a process of its own; or one log by parts of its "
        .. 'traces, where the scripts say shard = "trace".')
end

local function list(parsed)
    for _, name in ipairs(bundled.names(host.list_directory)) do
        listing.print("script", name, script.load(bundled.path(name), { name = name }), parsed.json)
    end
    return exit_codes.ok
end

local function write_starter(parsed)
    local name = parsed.new
    new_file.check_starter("script", name)
    if #parsed.files ~= 1 then
        failure.raise("usage", "--new needs one LOG, whose record types the script will handle")
    end
    parsed.logs = parsed.files
    return logs.each(parsed, function(log)
        local counts = {}
        log:replay {
            record = function(rec)
                counts[rec.type] = (counts[rec.type] or 0) + 1
            end,
        }
        if logs.interrupted() then
            return -- the types of the log are not all known
        end
        new_file.create(name, starter.text(name, counts))
        output.say("wrote %s", name)
    end)
end

-- Which of the files are scripts: those that end in .lua, and names of bundled scripts that are not files here.
local function sort_files(words)
    local scripts, log_paths = {}, {}
    for _, file in ipairs(words) do
        local bundled_path = not files.exists(file) and bundled.path(file)
        if file:match("%.lua$") then
            scripts[#scripts + 1] = { path = file }
        elseif bundled_path then
            scripts[#scripts + 1] = { path = bundled_path, name = file }
        else
            log_paths[#log_paths + 1] = file
        end
    end
    if #scripts == 0 then
        failure.raise("usage", "no script: give a file ending in .lua, or a bundled one (tracereel run --list)")
    end
    logs.check_has_log(log_paths)
    return scripts, log_paths
end

-- The ids of traces that ended so, which only reading the log to its end tells. Nothing passes where there are none.
local function choose_outcomes(parsed, context, filter)
    local is_wanted = options.outcome_test(parsed)
    if not is_wanted then
        return
    elseif context.path == "-" or parsed.follow then
        failure.raise("usage", "--outcome: how a trace ends is known at the end of the log, and %s",
            parsed.follow and "--follow has none" or "a pipe can be read only once: save it to a file")
    end
    local is_meant, ids = filter.traces and tables.set(filter.traces), {}
    local function note(_, trace)
        if trace and is_wanted(trace.outcome) and (not is_meant or is_meant[trace.id]) then
            ids[#ids + 1] = trace.id
        end
    end
    local log = base.open(context.path, options.to_read(parsed, context.path))
    log:replay { trace_complete = note, trace_failed = note }
    for _, trace in ipairs(log:traces()) do
        note(nil, trace)
    end
    filter.traces = #ids > 0 and ids or { no_trace }
end

local busy_message = "interrupted while a handler was busy: finish was not called"

-- How the scripts of a command line are loaded: once for each log, and once for merging.
local function loader(parsed, scripts_to_load)
    local given = limits.given(parsed)
    return function()
        local scripts = runner.load(scripts_to_load, parsed.unsafe)
        script_arguments.check_given(scripts, given)
        return scripts
    end, given
end

-- Why one log cannot be read by several processes; nil where it can.
local function obstacle(parsed, load_scripts)
    if parsed.logs[1] == "-" then
        return "a pipe can be read only once"
    elseif parsed.shard or parsed.partial then
        return "a shard, and a partial, is one process's"
    end
    local loaded, scripts = failure.pcall(load_scripts)
    for _, one in ipairs(loaded and scripts or {}) do
        if not one:can_shard() then
            return ('%s does not say shard = "trace"'):format(one.name)
        end
    end
end

-- Sets parsed.shards where one log is to be read by several processes. What is wrong with the scripts is reported where
-- they are run.
local function choose_shards(parsed, load_scripts)
    if parsed.jobs == 1 or #parsed.logs > 1 or parsed.verify_shards then
        return
    end
    local why_not
    limits.guarded(function()
        output.without_prints(function()
            why_not = obstacle(parsed, load_scripts)
        end)
    end, "interrupted before the log was read")
    if why_not then
        output.say("-j: %s: the log is read by one process", why_not)
        parsed.jobs = 1
    else
        parsed.shards = parsed.jobs
    end
end

-- Where a log is followed, or read at a pace, one process waits for it.
local function check_jobs(parsed, chosen_pace)
    if parsed.jobs > 1 and pace.is_live(chosen_pace) then
        failure.raise("usage", "-j shares out what is to be read, and %s waits for it: leave one of them out",
            parsed.follow and "--follow" or "--speed")
    end
end

local function wait_for_log(parsed, chosen_pace, load_scripts)
    if pace.is_live(chosen_pace) then
        io.stdout:setvbuf("line")
    end
    if pace.must_wait(chosen_pace, parsed.logs[1]) then
        limits.guarded(function()
            load_scripts() -- what is wrong with them is reported before the wait
            pace.wait(parsed.logs[1])
        end, "interrupted before the log was there")
    end
end

-- What the handlers are shown of a log; its arenas are at hand from here on.
local function prepare(parsed, context)
    local filter, accepts = options.to_filter(parsed)
    if accepts then
        failure.raise("usage", "run needs whole trace ids for --trace (tracereel traces --full shows them)")
    end
    choose_outcomes(parsed, context, filter)
    arenas.use(context.path, parsed.arenas, shard.speaks(parsed.shard) and output.say or function() end)
    return filter
end

-- Reads a log through the scripts. `settle(index, one, result)` is called for the result of each.
local function run_log(parsed, run_options, log, context, settle)
    local filter = prepare(parsed, context)
    limits.guarded(function()
        local scripts = run_options.load()
        local results = runner.replay(scripts, log, run_options.given, filter, pace.options(run_options.pace, log))
        for index, one in ipairs(scripts) do
            settle(index, one, results[index])
        end
    end, busy_message)
end

-- Runs the scripts on a log as run_log does, once on the whole and once on its shards.
local function verify_shards(parsed, run_options, log, context, how_shown)
    local filter, code = prepare(parsed, context), nil
    limits.guarded(function()
        code = shard_check.compare(parsed, log, {
            given = run_options.given,
            load_scripts = run_options.load,
            open = function(path, one)
                local part = base.open(path, tables.joined(options.to_open(parsed, path), { shard = one }))
                of_log.use(parsed, path, part)
                return part
            end,
            replay = function(scripts, read)
                return runner.replay(scripts, read, run_options.given, filter, pace.options(run_options.pace, read))
            end,
            write = function(one, result)
                script_result.write(context, one, result, how_shown)
            end,
        })
    end, busy_message)
    return code
end

-- What takes the results that are to be merged, from each log or shard in turn.
local function merger(merged, load_scripts)
    local scripts -- for their `merge` alone
    return function(to_merge)
        limits.guarded(function()
            output.without_prints(function()
                scripts = scripts or load_scripts()
            end)
            for _, one in ipairs(to_merge) do
                merged:add(one.index, scripts[one.index], one.result)
            end
        end, "interrupted while results were merged")
    end
end

-- With a task, the result of the only script and log is for its file.
local function run_logs(parsed, scripts_to_load, task)
    local run_options = { pace = pace.of(parsed) }
    run_options.load, run_options.given = loader(parsed, scripts_to_load)
    check_jobs(parsed, run_options.pace)
    wait_for_log(parsed, run_options.pace, run_options.load)
    choose_shards(parsed, run_options.load)
    local merged = runner.new_merge(run_options.given)
    local how_shown = { is_json = parsed.json, is_alone = #scripts_to_load == 1, given = run_options.given }
    local code, is_lost = of_log.each(parsed, function(log, context)
        if parsed.verify_shards then
            return verify_shards(parsed, run_options, log, context, how_shown)
        end
        local to_merge
        run_log(parsed, run_options, log, context, function(index, one, result)
            if task then
                task:take(result, log)
            elseif one:can_merge() and (#parsed.logs > 1 or parsed.shards) then
                to_merge = to_merge or {}
                to_merge[#to_merge + 1] = { index = index,
                    result = parsed.jobs > 1 and result or runner.as_handed_over(result, one.name) }
            else
                script_result.write(context, one, result, how_shown)
            end
        end)
        return nil, to_merge
    end, merger(merged, run_options.load))
    if is_lost then
        return code -- what is there is of some traces alone
    end
    -- Writing a result can run the script's code too, by metamethods.
    local written, problem = failure.xpcall(limits.guarded, function()
        if #merged > 0 and #parsed.logs > 1 and not parsed.json then
            logs.heading("all logs", #parsed.logs + 1)
        end
        for _, joined in ipairs(merged) do
            script_result.write(nil, joined.one, joined.result, how_shown)
        end
    end)
    return written and code or exit_codes.graver(code, logs.code_of_failure(problem))
end

-- What a partial says of its job. The script is loaded for its modules' sake.
local function job_header(parsed, file)
    local given = limits.given(parsed)
    local modules = script_modules.new(parsed.unsafe)
    local one
    limits.guarded(function()
        output.without_prints(function()
            one = script.load(file.path, { name = file.name, unsafe = parsed.unsafe, modules = modules })
        end)
        script_arguments.check_given({ one }, given)
    end)
    return partial_header.new(run.name, parsed, { name = one.name, path = file.path, is_bundled = file.name ~= nil,
        modules = modules:list() }, given)
end

local function run_partial(parsed, scripts_to_load)
    partial_task.check_usage(parsed)
    if #scripts_to_load > 1 then
        failure.raise("usage", "--partial is of one script: write one for each")
    end
    local task = partial_task.begin(parsed, job_header(parsed, scripts_to_load[1]))
    return task and task:finish(run_logs(parsed, scripts_to_load, task)) or exit_codes.ok
end

---@param parsed table
---@return integer exit code
function run.run(parsed)
    if parsed.list then
        return list(parsed)
    elseif parsed.new then
        return write_starter(parsed)
    end
    shard_check.resolve(parsed)
    local scripts
    scripts, parsed.logs = sort_files(parsed.files)
    if parsed.partial then
        period.check_partial(parsed)
    end
    period.resolve(parsed, function()
        return { mode = parsed.mode } -- where --from says a time, it is not where reading begins
    end)
    limits.set(parsed)
    return (parsed.partial and run_partial or run_logs)(parsed, scripts)
end

return run
