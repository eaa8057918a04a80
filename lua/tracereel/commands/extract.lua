-- `tracereel extract`: a smaller log of the traces that are meant, with its damage as it was, to show to somebody else.
local base = require "tracereel.base"
local beside = require "tracereel.flow.beside"
local bundled = require "tracereel.script.bundled"
local copy = require "tracereel.extract.copy"
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local limits = require "tracereel.cli.limits"
local minimizing = require "tracereel.extract.minimizing"
local new_directory = require "tracereel.cli.new_directory"
local of_log = require "tracereel.flow.of_log"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local period = require "tracereel.cli.period"
local redaction = require "tracereel.extract.redaction"
local runner = require "tracereel.script.runner"
local script_arguments = require "tracereel.script.arguments"
local selection = require "tracereel.extract.selection"
local temporary_directory = require "tracereel.util.temporary_directory"
local text = require "tracereel.util.text"
local where = require "tracereel.where"

local extract = { name = "extract" }

function extract.define(command)
    command:argument("log", "A directory of segments, or one segment."):argname("<LOG>")
    command:option("-o --output", "The new log: a directory that holds none."):argname("<DIR>"):count(1)
    command:option("--trace", "Only these traces, given by id, by the beginning of one, or by the source's own id.")
        :argname("<ID>"):count("*"):convert(options.trace_list)
    options.outcome(command, "Only traces that ended so: ")
    command:flag("--open", "Only traces that are open at the end of the log.")
    options.trace_period(command)
    where.define(command, "traces")
    command:option("--redact", "Cover texts: metadata, errors, or both with a comma, each as long as it was; or by a "
        .. "Lua file that returns a function (text, field, rec)."):argname("<WHAT>")
    command:flag("--keep-lengths", "Cut or fill what the Lua file of --redact makes to the length that it had.")
    command:option("--minimize", "Of what is meant, only the fewest traces and records for which this script still "
        .. "fails: one of `tracereel run`."):argname("<SCRIPT>")
    limits.define(command)
    options.json(command)
end

local function copy_once(source, directory, query)
    local one = copy.new(source, directory.work_path, query)
    local expected = one:run()
    return one, expected == copy.digest(base.open(directory.work_path, { compressed = false }), query.ids)
end

-- Where what stands after a gap would be read otherwise, all that a broken record claims is kept.
local function copy_all(source, directory, query)
    if query.is_free then
        local free = copy.new(source, directory.work_path, query)
        free:run()
        return free
    end
    local one, is_same = copy_once(source, directory, query)
    if not is_same and one.left_out == 0 then
        query.keeps_spans = true
        one, is_same = copy_once(source, directory, query)
    end
    if not is_same then
        failure.raise("refused", "%s: without the other records what cannot be read there would be read otherwise%s",
            source.path, query.redaction and "; --keep-lengths leaves records as long as they were" or "")
    end
    return one
end

local function copy_flow(path, directory)
    local flow_path = beside.path(path)
    local bytes = flow_path and files.exists(flow_path) and files.read(flow_path)
    local written, problem = true, nil
    if bytes then
        written, problem = files.write(directory.work_path .. "/" .. beside.file_name, bytes)
    end
    if not written then
        failure.raise("io", "cannot write %s", problem)
    end
end

local function report(parsed, one, source, trace_count)
    local statistics = source:stats()
    local object = { directory = parsed.output, records = one.records, segments = #source.segments, bytes = one.bytes,
        traces = trace_count or base.null, beside_damage = one.beside_damage, gap_bytes = statistics.gap_bytes,
        of_records = statistics.records }
    if parsed.json then
        output.line(base.json(object))
        return
    end
    output.line(("wrote %s: %d of %s, %d bytes in %s%s"):format(parsed.output, one.records,
        text.count(object.of_records, "record"), one.bytes, text.count(object.segments, "segment"),
        trace_count and ", of " .. text.count(trace_count, "trace") or ""))
    if one.beside_damage > 0 then
        output.wrapped(("%s of other traces %s beside what cannot be read, so that it is read as before"):format(
            text.count(one.beside_damage, "record"), one.beside_damage == 1 and "stays" or "stay"))
    end
end

-- The script of --minimize, as a function of a log that raises where it fails.
local function script_of(parsed)
    local word = parsed.minimize
    local bundled_path = not files.exists(word) and bundled.path(word)
    local scripts, given = { bundled_path and { path = bundled_path, name = word } or { path = word } },
        limits.given(parsed)
    local function load_it()
        local loaded = runner.load(scripts, parsed.unsafe)
        script_arguments.check_given(loaded, given)
        return loaded
    end
    limits.guarded(load_it) -- what is wrong with it is not how it fails
    return function(log)
        runner.replay(load_it(), log, given, {})
    end
end

-- Finds what of the log is enough for the script to fail, in a copy of what is meant. Returns what it has found, and
-- the query of that copy for it.
local function minimized(parsed, query)
    local chosen = temporary_directory.directory()
    local run_script = script_of(parsed)
    local found, small
    copy.new(base.open(parsed.log), chosen, { ids = query.ids }):run()
    copy_flow(parsed.log, { work_path = chosen })
    limits.guarded(function()
        found = minimizing.new(chosen, run_script)
        small = found:find()
    end, "interrupted: nothing was written")
    small.redaction = query.redaction
    return found, small
end

-- Into a directory that is there whole or not at all.
local function write(parsed, query, trace_count)
    local found
    local path = parsed.log
    if parsed.minimize then
        limits.set(parsed)
        found, query = minimized(parsed, query)
        path = found.path
    end
    local directory = new_directory.open(parsed.output)
    local source = base.open(path)
    local done, one = failure.xpcall(copy_all, source, directory, query)
    if done and found and found:failure_of(directory.work_path) ~= found.expected then
        done, one = false, failure.new("refused", "with its texts covered the script does not fail as it did")
    end
    if not done then
        directory:drop()
        error(one, 0)
    end
    copy_flow(parsed.log, directory)
    directory:finish()
    report(parsed, one, source, trace_count)
    if found and not parsed.json then
        output.wrapped(("the script fails for it as for the whole log (%s tried): %s"):format(
            text.count(found.trials, "part"), text.clean(found.message)))
    end
    return source:stats().damaged and not query.has_no_gaps and exit_codes.damaged or exit_codes.ok
end

---@param parsed table
---@return integer exit code
function extract.run(parsed)
    where.check(parsed, "trace")
    if parsed.log == "-" then
        failure.raise("usage", "a log is read twice, and a pipe can be read only once: save it to a file")
    elseif parsed.keep_lengths and not (parsed.redact and parsed.redact:find("%.lua$")) then
        failure.raise("usage", "--keep-lengths is about the Lua file of --redact")
    end
    local problem = new_directory.holds_log(parsed.output)
    if problem then
        output.say("%s", problem)
        return exit_codes.refused
    end
    parsed.logs = { parsed.log }
    period.resolve(parsed, function()
        return {}
    end)
    local query = { redaction = parsed.redact and redaction.new(parsed.redact, parsed.keep_lengths) }
    local trace_count
    if selection.is_part(parsed) then
        local log = base.open(parsed.log)
        of_log.use(parsed, parsed.log, log)
        query.ids, trace_count = selection.ids(log, parsed)
        if trace_count == 0 then
            failure.raise("usage", "no trace of %s is meant: nothing was written", parsed.log)
        end
    end
    local written, code = failure.xpcall(write, parsed, query, trace_count)
    temporary_directory.remove_all()
    return written and code or error(code, 0)
end

return extract
