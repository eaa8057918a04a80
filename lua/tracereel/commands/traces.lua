-- `tracereel traces`: the traces of a log, closed ones as they close, open ones in order of their ids.
local engine_options = require "tracereel.forecast.options"
local engine_view = require "tracereel.log.engine_view"
local forecast = require "tracereel.forecast"
local logs = require "tracereel.cli.logs"
local node_names = require "tracereel.log.node_names"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local period = require "tracereel.cli.period"
local tables = require "tracereel.util.tables"
local text = require "tracereel.util.text"
local trace_labels = require "tracereel.render.trace_labels"
local trace_times = require "tracereel.log.trace_times"
local tracereel = require "tracereel"
local units = require "tracereel.util.units"
local unknown_traces = require "tracereel.render.unknown_traces"
local where = require "tracereel.where"
local zone = require "tracereel.cli.zone"

local traces = { name = "traces" }

local statuses = { "running", "suspended", "held", "complete", "failed" }
local words_of_outcomes = { "continued", "cancelled", "timed out", "terminated" }
local style_of = { running = "cyan", suspended = "yellow", held = "yellow", complete = "green", failed = "red" }

function traces.define(command)
    options.logs(command)
    options.json(command)
    command:flag("--open", "Show only traces that the engine finds open at the end of the log.")
    command:option("--status", "Show only traces with this status; held are those that tracereel suspended. Can be "
        .. "repeated."):count("*"):choices(statuses)
    options.outcome(command)
    options.trace_period(command)
    where.define(command, "traces")
    where.define_order(command, "traces")
    zone.define(command)
    command:flag("--full", "Do not shorten ids and texts to the line's width.")
    engine_options.define(command)
    options.reading(command)
    options.since_restart(command)
end

local row_form = "%s  %s%s  %s  %8s  %5s  %6s  %s"

local function started_text(trace)
    if not trace_times.is_start_known(trace) then
        return "in a snapshot"
    end
    return (zone.time(trace.start_ns):gsub("^([%d-]+)T([%d:]+)%.%d+", "%1 %2"))
end

local function node_counts(trace)
    local done, touched = 0, 0
    for _, node in ipairs(trace.nodes) do
        -- A loop is not done as other nodes are: it has no attempts.
        if node.completed or node.start_ns then
            touched = touched + 1
            done = done + (node.completed and 1 or 0)
        end
    end
    return ("%d/%d"):format(done, touched)
end

-- Of an imported log: the source's own id, beside the beginning of the trace's id, by which no two look the same.
local own_id_columns = 20
-- "2025-11-24 16:00:00Z".
local started_columns = 20
-- "terminated" is longer than what the engine knows.
local own_status_columns = 10

local function own_id(trace, is_full)
    local words = trace.text_id and text.clean(trace.text_id) or ""
    return text.pad_right(is_full and words or text.cut(words, own_id_columns), own_id_columns) .. "  "
end

local function header(id_columns, has_own_ids, last_columns)
    return row_form:format(text.pad_right("TRACE", id_columns),
        has_own_ids and text.pad_right("ID", own_id_columns + 2) or "",
        text.pad_right("STATUS", has_own_ids and own_status_columns or 9),
        text.pad_right("STARTED", zone.columns(started_columns)), "TOOK", "NODES",
        "ERRORS", last_columns < 15 and "STANDS" or "WHERE IT STANDS")
end

-- Makes a trace a line; the heading goes before the first that is written.
local function row_maker(is_full, log, has_own_ids)
    local id_columns = is_full and 36 or 8
    local columns = is_full and math.maxinteger or output.data_columns()
    local status_columns = has_own_ids and own_status_columns or 9
    local used = id_columns + (has_own_ids and own_id_columns + 2 or 0) + status_columns + zone.columns(started_columns)
        + 8 + 5 + 6 + 6 * 2
    local function write_header()
        output.line(output.paint("bold", header(id_columns, has_own_ids, columns - used)))
    end
    return function(trace, outlook, engine)
        local took = trace_times.is_start_known(trace) and units.span(trace.start_ns, trace.last_ns) or "-"
        local stands = trace_labels.stands(trace, log:stats().now_ns)
        if outlook and outlook.short then
            -- What must not be cut off comes first.
            stands = outlook.is_grave and outlook.short .. "; " .. stands or stands .. "; " .. outlook.short
        end
        if has_own_ids and trace.parent then
            stands = ("child of %s%s%s"):format(trace.parent:sub(1, 8), trace.parent_node and " at "
                .. node_names.label(trace.parent_node) or "", stands ~= "" and "; " .. stands or "")
        end
        -- All of the forecast, as far as there is room: into a pipe it is whole.
        stands = (trace.tainted and "TAINTED " or "") .. stands .. (engine and ": " .. engine.reason or "")
        local status = trace_labels.outcome(trace)
        status = output.paint(style_of[status], text.pad_right(status, status_columns))
        local line = row_form:format(trace.id:sub(1, id_columns), has_own_ids and own_id(trace, is_full) or "", status,
            text.pad_right(started_text(trace), zone.columns(started_columns)), took, node_counts(trace),
            ("%d"):format(trace.error_count), "")
        return ((line .. text.cut(stands, math.max(columns - used, 8))):gsub(" +$", ""))
    end, write_header
end

local function status_test(wanted)
    if not wanted or #wanted == 0 then
        return function()
            return true
        end
    end
    local is_wanted = tables.set(wanted)
    return function(trace)
        return is_wanted[trace_labels.status(trace)]
    end
end

-- "no trace has the outcome failed": what was asked for, where no trace is like that.
local function no_trace_words(parsed)
    local outcomes = options.outcomes(parsed)
    local wanted = {}
    if parsed.status and #parsed.status > 0 then
        wanted[1] = "the status " .. table.concat(parsed.status, " or ")
    end
    wanted[#wanted + 1] = outcomes and "the outcome " .. table.concat(outcomes, " or ") or nil
    if parsed.since or parsed["until"] then
        return ("no %strace that is meant began in that time"):format(parsed.open and "open " or "")
    elseif parsed.where then
        return ("--where is true of no %strace"):format(parsed.open and "open " or "")
    elseif #wanted == 0 then
        return parsed.open and "no trace is open" or "no traces"
    end
    return ("no %strace has %s"):format(parsed.open and "open " or "", table.concat(wanted, " and "))
end

local function summary(counts, parsed)
    local parts = {}
    for _, names in ipairs { statuses, words_of_outcomes } do
        for _, name in ipairs(names) do
            parts[#parts + 1] = counts[name] and ("%d %s"):format(counts[name], name)
        end
    end
    return #parts > 0 and table.concat(parts, ", ") or no_trace_words(parsed)
end

-- Of the traces that are open at the end, what the engine has of them; those that it does not know come apart.
local function show_open(log, parsed, lister)
    log:replay {}
    local found = parsed.as_engine and engine_view.compare(log, parsed.mode) or { unknown = {}, otherwise = {} }
    for _, trace in ipairs(log:traces()) do
        lister.show(trace, parsed.as_engine and function(object)
            return unknown_traces.mark(object, true, found.otherwise[trace.id])
        end)
    end
    return found
end

local function show_all(log, lister)
    local function show_closed(_, trace)
        if trace then
            lister.show(trace)
        end
    end
    log:replay { trace_complete = show_closed, trace_failed = show_closed }
    for _, trace in ipairs(log:traces()) do
        lister.show(trace)
    end
end

-- Unknown to the engine; in few words, which a terminal has room for.
local unknown_outlook = { short = "never recovered", is_grave = true }

-- What the engine will do with a trace that is open in the log. Of the whole log it may know only a part.
local function forecast_of(trace, engine_traces)
    local known = trace
    if forecast.foreign_rule() then
        return nil, nil
    elseif engine_traces then
        known = engine_traces[trace.id]
    end
    if known then
        return forecast.of(known)
    end
    return nil, unknown_outlook
end

-- An imported trace's JSON text with what its source says of it.
local function with_origin(object, trace)
    local own = { id = trace.text_id, name = trace.name, parent = trace.parent, parent_node = trace.parent_node,
        parent_instance = trace.parent_instance }
    return next(own) == nil and object or object:sub(1, -2) .. "," .. tracereel.json(own):sub(2)
end

-- What a trace must pass to be shown.
local function wanted_test(parsed)
    local is_status_wanted, is_outcome_wanted = status_test(parsed.status), options.outcome_test(parsed)
    local is_meant, is_in_period = where.test(parsed, "trace"), period.trace_test(options.times(parsed))
    return function(trace)
        return (not is_in_period or is_in_period(trace)) and is_status_wanted(trace)
            and (not is_outcome_wanted or is_outcome_wanted(trace.outcome))
            and (not is_meant or is_meant(trace))
    end
end

-- Writes the traces that are wanted, and counts them. The whole log is listed where engine_traces are given. Sorted
-- ones are written at the end.
local function new_lister(parsed, log, context, engine_traces, has_own_ids)
    local is_wanted, sorted = wanted_test(parsed), where.ranking(parsed, "trace")
    local make_row, write_header = row_maker(parsed.full, log, has_own_ids)
    local lister = { counts = {} }
    local function line_of(trace, mark)
        local engine, outlook
        if trace.open then
            engine, outlook = forecast_of(trace, engine_traces)
        end
        if not parsed.json then
            return make_row(trace, outlook, engine)
        end
        local object = forecast.joined(trace:json(), engine)
        object = has_own_ids and with_origin(object, trace) or object
        return logs.with_log(context, mark and mark(object) or object)
    end
    local function write(line)
        if not parsed.json and not lister.has_header then
            lister.has_header = true
            write_header()
        end
        output.line(line)
    end
    function lister.show(trace, mark)
        if not is_wanted(trace) then
            return
        end
        local status = trace_labels.outcome(trace)
        lister.counts[status] = (lister.counts[status] or 0) + 1
        if not sorted then
            write(line_of(trace, mark))
            return
        end
        sorted:add(function()
            return line_of(trace, mark)
        end, trace)
    end
    function lister.finish()
        local lines = sorted and sorted:sorted() or {}
        for _, line in ipairs(lines) do
            write(line)
        end
        lister.top_words = sorted and #lines < sorted:count()
            and ("; the first %d of these are shown"):format(#lines) or ""
    end
    return lister
end

-- Of traces whose beginning is nowhere nothing can be said but that they are there: they are shown where all are.
local function meant_unknown(found, parsed)
    local is_all = (not parsed.status or #parsed.status == 0) and not parsed.where and not parsed.since
        and not parsed["until"]
    if is_all then
        return found
    end
    local is_wanted, kept = wanted_test(parsed), {}
    for _, one in ipairs(found.unknown) do
        kept[#kept + 1] = one.trace and is_wanted(one.trace) and one or nil
    end
    return { unknown = kept, otherwise = found.otherwise }
end

local function show_unknown(found, parsed, context)
    found = meant_unknown(found, parsed)
    if not parsed.json then
        unknown_traces.write(found, parsed.full)
        return
    end
    for _, object in ipairs(unknown_traces.json(found)) do
        output.line(logs.with_log(context, object))
    end
end

-- What the forecasts of open traces were made from.
local function show_used(known, counts)
    if counts.running or counts.suspended or counts.held then
        for _, line in ipairs(engine_options.used(known)) do
            output.line(line)
        end
    end
end

---@param parsed table
---@return integer exit code
function traces.run(parsed)
    -- From elsewhere than the beginning nobody can say what the engine knows.
    parsed.as_engine = parsed.open and not parsed.from and not parsed.snapshot
    where.check(parsed, "trace")
    zone.use(parsed)
    period.resolve(parsed, options.opener(parsed))
    return logs.each(parsed, function(log, context)
        local known = engine_options.use(parsed, context.path, false, log)
        local is_whole = not parsed.open and not parsed.from and not parsed.snapshot
        local lister = new_lister(parsed, log, context, is_whole and engine_view.open_traces(log) or nil,
            node_names.are_imported())
        local found
        if parsed.open then
            found = show_open(log, parsed, lister)
        else
            show_all(log, lister)
        end
        lister.finish()
        if not parsed.json then
            output.line(summary(lister.counts, parsed) .. lister.top_words)
            show_used(known, forecast.foreign_rule() and {} or lister.counts)
        end
        if found then
            show_unknown(found, parsed, context)
        end
        if parsed.as_engine and not forecast.foreign_rule() then
            engine_options.tell_refusal(log)
        end
    end)
end

return traces
