-- `tracereel recover`: decides what becomes of each open trace, proves it, and writes a plan. The log is only read,
-- except with --apply, which writes the plan to it at once.
local apply = require "tracereel.commands.apply"
local engine_options = require "tracereel.forecast.options"
local engine_view = require "tracereel.log.engine_view"
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local flow = require "tracereel.flow"
local forecast = require "tracereel.forecast"
local limits = require "tracereel.cli.limits"
local logs = require "tracereel.cli.logs"
local of_log = require "tracereel.flow.of_log"
local new_file = require "tracereel.cli.new_file"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local output_file = require "tracereel.cli.output_file"
local plan = require "tracereel.recovery.plan"
local recovery = require "tracereel.recovery"
local recovery_page = require "tracereel.render.recovery_page"
local script_file = require "tracereel.recovery.script_file"
local tables = require "tracereel.util.tables"
local tracereel = require "tracereel"
local unknown_traces = require "tracereel.render.unknown_traces"

local recover = { name = "recover" }

function recover.define(command)
    command:argument("files", "A script with `recover` (a file or a bundled script's name), then the log. Without a "
        .. "script, show what the engine would do."):argname("<SCRIPT|LOG>"):args("1-2")
    options.json(command)
    command:option("-o --output", "Write the plan to this new file, for tracereel apply."):argname("<PLAN.json>")
    command:flag("--apply", "Then apply the plan, as tracereel apply PLAN LOG --repair does; needs -o.")
    command:option("--operator", "With --apply: the name to record as operator. Default: the user's name.")
        :argname("<NAME>")
    command:flag("--dry-run", "Decide and verify, but write no plan, even with -o.")
    command:option("--trust", "Treat this tainted trace like any other."):argname("<ID>"):count("*")
    command:option("--trace", "Change only these traces, given by id, by the beginning of one, or by the source's "
        .. "own id.")
        :argname("<ID>"):count("*"):convert(options.trace_list)
    command:option("--limit", "Change at most COUNT traces, the oldest first.")
        :argname("<COUNT>"):convert(options.whole(1, math.maxinteger))
    engine_options.define(command)
    command:flag("--keep-going", "Write the plan even if the script fails for some traces; those are held.")
    command:flag("--full", "Show every trace of a group.")
    command:option("--html", "Also write what is decided to this file, as one HTML page."):argname("<FILE>")
    of_log.define_rule(command)
    limits.define(command)
end

-- The script's file and name, and the log's path.
local function sort_files(given)
    if #given == 1 then
        if given[1]:match("%.lua$") then
            failure.raise("usage", "no log: give a directory of segments after the script")
        end
        return nil, given[1]
    end
    return script_file.find(given[1]), given[2]
end

-- Whole ids for those given with --trust, which may be beginnings of ids.
local function trusted_ids(parsed, log)
    local ids = {}
    for _, prefix in ipairs(parsed.trust or {}) do
        options.check_trace_word(prefix, "--trust: ")
        local accepts, found = options.id_test { prefix }, nil
        for _, trace in ipairs(log:traces()) do
            if accepts(trace.id) then
                if found then
                    failure.raise("usage", "--trust %s is the beginning of several traces' ids", prefix)
                end
                found = trace.id
            end
        end
        ids[#ids + 1] = found or failure.raise("usage", "--trust %s: no open trace has that id", prefix)
    end
    return ids
end

-- Whole ids of the traces that --trace means; nil: all of them.
local function meant_ids(parsed, log)
    local _, prefixes = options.nodes_and_traces(parsed)
    if not prefixes then
        return nil
    end
    local ids, is_found = {}, {}
    for _, trace in ipairs(log:traces()) do
        local is_meant = false
        for _, prefix in ipairs(prefixes) do
            if options.id_test { prefix }(trace.id) then
                is_meant, is_found[prefix] = true, true
            end
        end
        ids[#ids + 1] = is_meant and trace.id or nil
    end
    for _, prefix in ipairs(prefixes) do
        if not is_found[prefix] and not prefix:find(",", 1, true) then
            failure.raise("usage", "--trace %s: no open trace has that id", prefix)
        end
    end
    return ids
end

local function tell_errors(made)
    for _, one in ipairs(made.traces) do
        if one.entry.source == "error" then
            output.say("trace %s is held: %s", one.entry.trace_id, one.entry.error)
        end
    end
end

local function show(parsed, made, log, known)
    local found = engine_view.compare(log)
    if parsed.html then
        output_file.made(parsed.html, function(put)
            require "tracereel.render.plan_page".write(made,
                { path = log.path, used = engine_options.lines(known) }, put)
        end)
    end
    if not parsed.json then
        recovery_page.write(made, parsed.full, engine_options.lines(known))
        unknown_traces.write(found, parsed.full)
        return
    end
    for _, one in ipairs(made.traces) do
        local object = forecast.joined(plan.trace_text(one), one.engine)
        output.line(unknown_traces.mark(object, true, found.otherwise[one.entry.trace_id]))
    end
    for _, object in ipairs(unknown_traces.json(found)) do
        output.line(object)
    end
    output.line(tracereel.json { left_out = made.left_out,
        summary = tables.joined(made.summary, engine_options.object(known)) })
end

-- With --apply the same command can be repeated: the file then holds the same plan.
local function stands_there(parsed, made)
    if not (parsed.apply and files.exists(parsed.output)) then
        return false
    elseif files.read(parsed.output) == plan.text(made) then
        return true
    end
    failure.raise("io", "%s exists already, and is another plan; if it was begun to be applied, `tracereel apply %s "
        .. "LOG --repair` goes on with it, otherwise give -o another name", parsed.output, parsed.output)
end

-- Writes the plan if one was asked for and may be written. Returns true if the file holds it now.
local function keep(parsed, made)
    local has_errors = made.summary.held_for_errors > 0
    if not parsed.output then
        return false
    elseif parsed.dry_run then
        output.say("--dry-run: no plan was written")
    elseif has_errors and not parsed.keep_going then
        output.say("no plan was written, because the script failed for %d of the traces; with --keep-going they are "
            .. "held", made.summary.held_for_errors)
    elseif stands_there(parsed, made) then
        return true
    else
        new_file.create(parsed.output, plan.text(made))
        output.say("wrote %s", parsed.output)
        return true
    end
    return false
end

local function decide(parsed, file, log, known)
    if parsed.output and #log.segments == 1 and log.path:match("[^/]*$") == log.segments[1].name then
        failure.raise("usage", "%s is one segment: a plan is for a whole log, give its directory", log.path)
    end
    local trust = #(parsed.trust or {}) > 0 and trusted_ids(parsed, engine_view.open(log.path)) or {}
    return recovery.decide(log, file and script_file.loader(file, parsed.unsafe), {
        given = limits.given(parsed),
        trust = trust,
        traces = #(parsed.trace or {}) > 0 and meant_ids(parsed, engine_view.open(log.path)) or nil,
        limit = parsed.limit,
        arenas = known.arenas,
        script_text = file and script_file.text(file),
        check_stop = function(problem)
            if limits.reached() then
                error(problem or failure.new("interrupted", "interrupted: nothing was decided"), 0)
            end
        end,
    })
end

local function check_usage(parsed, file, path)
    if path == "-" and (file or parsed.output or #(parsed.trace or {}) > 0) then
        failure.raise("usage", "a log is read more than once for a plan: save what comes through the pipe to a file")
    elseif parsed.output == "-" then
        failure.raise("usage", "-o: a plan is a file, give its name (--json prints the decisions)")
    elseif not file and parsed.arg and #parsed.arg > 0 then
        failure.raise("usage", "--arg needs a script that declares the argument")
    elseif parsed.apply and (not parsed.output or parsed.dry_run) then
        failure.raise("usage", "--apply: %s", parsed.dry_run and "--dry-run writes no plan that could be applied"
            or "give -o PLAN.json, where the plan is kept for tracereel undo")
    elseif parsed.operator and not parsed.apply then
        failure.raise("usage", "--operator: it is for --apply")
    end
end

-- Writes the plan that was just made to its log.
local function carry_out(parsed, path)
    return apply.run { plan = parsed.output, log = path, repair = true, arenas = parsed.arenas, json = parsed.json,
        operator = parsed.operator, engine_rule = parsed.engine_rule }
end

---@param parsed table
---@return integer exit code
function recover.run(parsed)
    local file, path = sort_files(parsed.files)
    check_usage(parsed, file, path)
    limits.set(parsed)
    local known = engine_options.use(parsed, path, true)
    of_log.check_rule(parsed, path, "recover")
    if file and parsed.output then
        flow.check_certain(parsed.flow, known.unclear or {})
    end
    parsed.logs, parsed.as_engine = { path }, true
    local is_kept = false
    local code = logs.each(parsed, function(log)
        local made
        limits.guarded(function()
            made = decide(parsed, file, log, known)
        end)
        show(parsed, made, log, known)
        if not parsed.apply then -- which repairs the log, or says what is left
            engine_options.tell_refusal(log)
        end
        tell_errors(made)
        is_kept = keep(parsed, made)
        return made.summary.held_for_errors > 0 and exit_codes.script_failed or exit_codes.ok
    end)
    return parsed.apply and is_kept and exit_codes.graver(code, carry_out(parsed, path)) or code
end

return recover
