-- `tracereel export`: the traces of logs in the formats of other programs. A trace is written when it closes, open ones
-- at the end of their log, so that no more is kept than the traces that are open.
local exit_codes = require "tracereel.cli.exit_codes"
local stats = require "tracereel.export.stats"
local failure = require "tracereel.util.failure"
local formats = require "tracereel.export"
local host = require "tracereel.host"
local layout = require "tracereel.export.layout"
local of_log = require "tracereel.flow.of_log"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local period = require "tracereel.cli.period"
local output_file = require "tracereel.cli.output_file"
local tables = require "tracereel.util.tables"
local tracereel = require "tracereel"
local where = require "tracereel.where"

local export = { name = "export" }

-- "a (what it is), b, or c (what it is)."
local function described(names)
    local words = {}
    for index, name in ipairs(names) do
        local note = formats.format(name).note
        words[index] = (index > 1 and index == #names and "or " or "") .. name .. (note and " (" .. note .. ")" or "")
    end
    return table.concat(words, ", ") .. "."
end

function export.define(command)
    options.logs(command)
    local names = formats.names(host.list_directory)
    command:option("--format", described(names)):argname("<FORMAT>"):choices(names):count(1)
    command:option("-o --output", "Write to this file, replacing it once all is written. Default, and for -: standard "
        .. "output."):argname("<FILE>")
    of_log.define(command, "A file with names of the nodes, in place of the log's tracereel.flow.lua.")
    options.trace_filter(command)
    options.outcome(command)
    where.define(command, "traces")
    where.define_order(command, "traces")
    options.reading(command)
    options.since_restart(command)
end

-- The metadata of an imported log is tracereel's own object, in which the user's stands in one place.
local function user_metadata(trace, is_imported)
    local fields = trace.metadata_table
    if is_imported then
        return type(fields) == "table" and type(fields.metadata) == "table" and fields.metadata or nil
    end
    return fields
end

-- The names of things, for all formats. `context.flow` is that of the log.
local function new_context(write, block)
    local context = { write = write, block = block, flow = { nodes = {} } }

    ---Does the log come from another program, by `tracereel import`?
    function context.is_imported()
        return context.flow.origin ~= nil
    end

    ---The name that the flow gives the node; nil where there is none.
    function context.node_name(node_id)
        local node = context.flow.nodes[node_id]
        return node and node.name
    end

    function context.node_label(node_id)
        return context.node_name(node_id) or ("node_%d"):format(node_id)
    end

    ---What the trace of an imported log is called; the flow's name; or that of the pipeline in the trace's metadata.
    function context.pipeline_of(trace)
        local flow = context.flow
        if flow.origin and trace.name then
            return trace.name
        elseif flow.name and flow.name ~= "" then
            return flow.name
        end
        local metadata = trace.metadata and tracereel.json_decode(trace.metadata)
        local pipeline = type(metadata) == "table" and metadata.pipeline
        return type(pipeline) == "string" and pipeline ~= "" and pipeline or "trace"
    end

    ---The source's own id of a trace of an imported log; nil where there is none.
    function context.own_id(trace)
        return context.flow.origin and trace.text_id
    end

    ---What the user keeps with a trace: an object, or a text that is none.
    ---@return table|nil fields
    ---@return string|nil text
    function context.metadata_of(trace)
        local is_imported = context.is_imported()
        local fields = user_metadata(trace, is_imported)
        local text = not is_imported and not fields and trace.metadata or nil
        -- That is where an export that is imported again has a text that is no object.
        if fields and is_imported and fields["tracereel.metadata"] then
            return nil, fields["tracereel.metadata"]
        end
        return fields, text
    end

    ---How it ended, or what it does.
    function context.status_of(trace)
        return context.flow.origin and trace.outcome or trace.status
    end

    return context
end

-- A test of traces, from the parsed options.
local function new_trace_test(parsed)
    local filter, accepts_id = options.to_filter(parsed)
    local is_outcome_wanted = options.outcome_test(parsed)
    local is_meant = where.test(parsed, "trace")
    local is_wanted_id = filter.traces and tables.set(filter.traces)
    local is_wanted_node = filter.nodes and tables.set(filter.nodes)
    local function accepts(trace_stats)
        local start_ns = trace_stats.start_ns
        return not (filter.since_ns and math.ult(start_ns, filter.since_ns))
            and not (filter.until_ns and not math.ult(start_ns, filter.until_ns))
    end
    local function accepts_trace(trace)
        return (not is_wanted_id or is_wanted_id[trace.id] ~= nil) and (not accepts_id or accepts_id(trace.id))
            and (not is_outcome_wanted or is_outcome_wanted(trace.outcome))
            and (not is_meant or is_meant(trace))
    end
    return accepts_trace, accepts, is_wanted_node
end

-- The numbers in the loop_exit records of open traces, which their handles do not keep. They are forgotten with it.
local function new_exit_book()
    local iterations_of = {}
    local book = {}

    book.note = tracereel.fields("trace", "iteration", function(trace, iteration)
        if trace then
            local iterations = iterations_of[trace] or {}
            iterations_of[trace] = iterations
            iterations[#iterations + 1] = iteration
        end
    end)

    function book.take(trace)
        local iterations = iterations_of[trace]
        iterations_of[trace] = nil
        return iterations
    end

    return book
end

-- Replays one log into the exporter. Returns how many of its traces have no place in the format, and whether all of the
-- others are there. Sorted ones are written at its end.
local function export_log(log, exporter, format, parsed)
    local accepts_trace, accepts, is_wanted_node = new_trace_test(parsed)
    local book, sorted = new_exit_book(), where.ranking(parsed, "trace")
    local timeless_count, trace_count, written_count = 0, 0, 0
    local function write(trace, exit_iterations)
        local trace_stats = stats.of(trace, exit_iterations, is_wanted_node)
        if not trace_stats or not accepts(trace_stats) then
            return
        elseif format.needs_times and not trace_stats.has_times then
            timeless_count = timeless_count + 1
        else
            written_count = written_count + 1
            exporter:trace(trace_stats)
        end
    end
    local function take(_, trace)
        local exit_iterations = trace and book.take(trace)
        trace_count = trace_count + (trace and 1 or 0)
        if not trace or not accepts_trace(trace) then
            return
        elseif sorted then
            sorted:add(function()
                return { trace = trace, exit_iterations = exit_iterations }
            end, trace)
        else
            write(trace, exit_iterations)
        end
    end
    log:replay {
        loop_exit = book.note,
        trace_complete = take,
        trace_failed = take,
        record = exporter.record and function(rec)
            exporter:record(rec)
        end,
        gap = exporter.gap and function(gap)
            exporter:gap(gap, log:stats().now_ns)
        end,
    }
    for _, trace in ipairs(log:traces()) do
        take(nil, trace)
    end
    for _, one in ipairs(sorted and sorted:sorted() or {}) do
        write(one.trace, one.exit_iterations)
    end
    return timeless_count, written_count + timeless_count == trace_count
end

-- What a handler raises is reported with the record it was at; a full disk is not about a record.
local function export_log_to(out, flush, ...)
    local exported, result, has_all = failure.xpcall(function(...)
        local timeless_count, has_all = export_log(...)
        flush()
        return timeless_count, has_all
    end, ...)
    if not exported then
        failure.pcall(flush) -- what came before, where it can be written
    end
    if not exported and out.problem then
        failure.raise("io", "%s", out.problem)
    elseif not exported then
        error(result, 0)
    end
    return result, has_all
end

local function export_all(parsed, out)
    local format = formats.format(parsed.format)
    local write, flush, block = layout.block(function(text)
        out:write(text)
    end)
    local context = new_context(write, block)
    context.is_terminal = out.is_terminal
    local exporter = format.new(context)
    flush() -- here and at the end of each log: messages come where they came without blocks
    local code = of_log.each(parsed, function(log, log_context)
        if out.problem then
            return exit_codes.io
        end
        context.path, context.flow = log_context.path, log_context.flow or { nodes = {} }
        if exporter.log_begins then
            exporter:log_begins()
        end
        local timeless_count, has_all = export_log_to(out, flush, log, exporter, format, parsed)
        if exporter.log_ends then
            exporter:log_ends(log, has_all)
            flush()
        end
        if timeless_count > 0 then
            output.say("%s: %d open traces are known from a snapshot only, without any time: they are not in the "
                .. "output", context.path, timeless_count)
        end
    end)
    if exporter.finish and not out.problem then
        exporter:finish()
    end
    flush()
    return code
end

-- With these statuses the output is complete; with others an older file is worth more.
local is_complete = { [exit_codes.ok] = true, [exit_codes.damaged] = true }

---@param parsed table
---@return integer exit code
function export.run(parsed)
    -- One document for all logs: no headings between them. Of what ran, not of what plans wrote.
    parsed.json, parsed.measured = true, true
    where.check(parsed, "trace")
    period.resolve(parsed, options.opener(parsed))
    if parsed.flow then
        of_log.of_all(parsed, parsed.logs)
    end
    local out = output_file.open(parsed.output)
    local code = export_all(parsed, out)
    if is_complete[code] and not out.problem then
        out:commit()
    elseif not out.problem and out:abandon() then
        output.say("%s is as it was: not every log was read to its end", parsed.output)
    end
    return code
end

return export
