-- `tracereel extract`: a smaller log of the traces that are meant, with its damage as it was, to show to somebody else.
local base = require "tracereel.base"
local beside = require "tracereel.flow.beside"
local copy = require "tracereel.extract.copy"
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local new_directory = require "tracereel.cli.new_directory"
local of_log = require "tracereel.flow.of_log"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local period = require "tracereel.cli.period"
local redaction = require "tracereel.extract.redaction"
local selection = require "tracereel.extract.selection"
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
    options.json(command)
end

local function copy_once(source, directory, query)
    local one = copy.new(source, directory.work_path, query)
    local expected = one:run()
    return one, expected == copy.digest(base.open(directory.work_path, { compressed = false }), query.ids)
end

-- Where what stands after a gap would be read otherwise, all that a broken record claims is kept.
local function copy_all(source, directory, query)
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

-- Into a directory that is there whole or not at all.
local function write(parsed, query, trace_count)
    local directory = new_directory.open(parsed.output)
    local source = base.open(parsed.log)
    local done, one = failure.xpcall(copy_all, source, directory, query)
    if not done then
        directory:drop()
        error(one, 0)
    end
    copy_flow(parsed.log, directory)
    directory:finish()
    report(parsed, one, source, trace_count)
    return source:stats().damaged and exit_codes.damaged or exit_codes.ok
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
    return write(parsed, query, trace_count)
end

return extract
