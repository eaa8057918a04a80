-- `tracereel show`: the timeline of one trace.
local base = require "tracereel.base"
local engine_options = require "tracereel.forecast.options"
local engine_view = require "tracereel.log.engine_view"
local exit_codes = require "tracereel.cli.exit_codes"
local imported_fields = require "tracereel.log.imported_fields"
local failure = require "tracereel.util.failure"
local family = require "tracereel.render.family"
local forecast = require "tracereel.forecast"
local logs = require "tracereel.cli.logs"
local node_names = require "tracereel.log.node_names"
local of_log = require "tracereel.flow.of_log"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local output_file = require "tracereel.cli.output_file"
local trace_page = require "tracereel.render.trace_page"
local trace_times = require "tracereel.log.trace_times"
local tracereel = require "tracereel"
local unknown_traces = require "tracereel.render.unknown_traces"
local zone = require "tracereel.cli.zone"

local show = {
    name = "show",
    takes = "a trace's id, then a log (`tracereel traces LOG` lists the ids)",
}

function show.define(command)
    command:argument("trace", "The trace's id, a beginning of it that no other trace has, or "
        .. "the source's own id."):argname("<TRACE>")
    options.logs(command)
    options.json(command)
    command:flag("--ascii", "Draw with ASCII characters only.")
    command:flag("--children", "List the traces that this one has started, and those that they have.")
    command:option("--html", "Also write the trace to this file, as one HTML page."):argname("<FILE>")
    options.outcome(command, "With --children: list only those that ended so, and what leads to them: ")
    zone.define(command)
    engine_options.define(command)
    options.reading(command)
    options.since_restart(command)
end

local candidate_limit = 20

-- Everything about the traces that are meant. One pass is enough, so that a pipe works too: as soon as two traces
-- match, records are no longer kept, only ids.
local function new_search(is_meant)
    return { is_meant = is_meant, ids = {}, id_count = 0, records = {}, events = {}, codes = {} }
end

local function note_id(search, id)
    if not search.ids[id] then
        search.ids[id] = true
        search.id_count = search.id_count + 1
        search.id = search.id or id
    end
    if search.id_count > 1 then
        search.records, search.events = {}, {}
        return false
    end
    return true
end

local function place_key(rec)
    return ("%d:%d"):format(rec.sequence, rec.offset)
end

-- How long the suspension lasted that a resume ended; nil for one that ended none, as recovery writes it.
local function ended_suspension_ns(trace, rec)
    local latest = trace.last_suspension
    return latest and latest.end_ns == rec.timestamp_ns and latest.end_ns - latest.start_ns or nil
end

-- What only the state at that moment can say.
local measure = {
    node_start = function(event, rec, trace)
        local node = rec.by_tracereel and trace:node(rec.node_id)
        event.attempt = node and #node.attempts or nil
    end,
    trace_start = function(event, _, trace)
        event.restart_number = trace.restart_count > 0 and trace.restart_count or nil
    end,
    trace_resumed = function(event, rec, trace)
        event.took_ns = not event.imported.wait and ended_suspension_ns(trace, rec)
    end,
    trace_complete = function(event, _, trace)
        event.took_ns = trace_times.is_start_known(trace) and trace.duration_ns or nil
    end,
}
measure.trace_failed = measure.trace_complete

local function measure_end(event, rec, trace)
    local node = trace:node(rec.node_id, event.imported.instance)
    if node and node.end_ns then
        event.took_ns, event.is_estimated = node.duration_ns, node.estimated
    end
end
measure.node_done, measure.node_error = measure_end, measure_end

-- The attempts of an instance of a node, or of the node itself, without those of its instances.
local function own_attempts(trace, node_id, instance)
    local attempts = {}
    for _, attempt in ipairs(trace:node(node_id, instance).attempts) do
        attempts[#attempts + 1] = attempt.instance == instance and attempt or nil
    end
    return attempts
end

-- Numbers the starts that were read: each is the next attempt of its node that was not estimated. Afterwards, because
-- the list of a node's attempts is as long as they are many.
local function number_attempts(events)
    local known = {}
    for _, event in ipairs(events) do
        local rec, trace = event.rec, event.trace
        if rec and rec.type == "node_start" and trace and not rec.by_tracereel then -- a gap has no record
            known[trace] = known[trace] or {}
            local instance = event.imported.instance
            local key = imported_fields.node_key(rec.node_id, instance)
            local node = known[trace][key] or { attempts = own_attempts(trace, rec.node_id, instance), last = 0 }
            known[trace][key] = node
            repeat
                node.last = node.last + 1
            until not node.attempts[node.last] or not node.attempts[node.last].estimated
            event.attempt = node.last
        end
    end
end

local function handlers_of(search)
    return {
        record = function(rec, trace)
            local id = rec.trace_id
            if not search.is_meant(id) or not note_id(search, id) then
                return
            end
            local event = { rec = rec, trace = trace, imported = imported_fields.of(rec) }
            search.records[#search.records + 1] = rec
            search.events[#search.events + 1] = event
            search.trace = trace or search.trace
            local measured = trace and measure[rec.type]
            if measured then
                measured(event, rec, trace)
            end
        end,
        violation = function(rec, _, code)
            if search.id_count < 2 and search.is_meant(rec.trace_id) then
                local key = place_key(rec)
                search.codes[key] = search.codes[key] or {}
                table.insert(search.codes[key], code)
            end
        end,
        gap = function(gap)
            if gap.damage and search.trace and search.trace.open then
                search.events[#search.events + 1] = { gap = gap }
            end
        end,
    }
end

-- Of an imported log: which traces started which.
local function family_handlers(members)
    local function close(_, trace)
        if trace then
            members:close(trace)
        end
    end
    return {
        trace_start = function(_, trace)
            members:note(trace)
        end,
        trace_complete = close, trace_failed = close,
    }
end

local function search_log(log, is_meant, is_imported)
    local search = new_search(is_meant)
    local members = family.new()
    log:replay(handlers_of(search), is_imported and family_handlers(members) or {})
    number_attempts(search.events)
    for _, trace in ipairs(is_imported and log:traces() or {}) do
        members:close(trace)
    end
    -- A trace of a snapshot may have no record here.
    for _, trace in ipairs(log:traces()) do
        if is_meant(trace.id) and note_id(search, trace.id) then
            search.trace = trace
        end
    end
    for _, event in ipairs(search.events) do
        event.codes = event.rec and search.codes[place_key(event.rec)]
    end
    search.children = search.id_count == 1 and members:of(search.id) or nil
    return search
end

-- The trace that started this one, as far as it is in the log: { id, own_id, name, is_there }.
local function parent_of(trace, path)
    if not trace.parent then
        return nil
    end
    local parent = { id = trace.parent, is_there = path == "-" and nil or false }
    local filter = { types = "trace_start", traces = trace.parent }
    -- A pipe can be read only once.
    for _, found in path ~= "-" and base.open(path):records(filter) or pairs {} do
        parent.is_there, parent.own_id, parent.name = true, found.text_id, found.name
    end
    return parent
end

local function ambiguous(prefix, ids)
    local list = {}
    for id in tracereel.sorted(ids) do
        if #list == candidate_limit then
            list[#list + 1] = "  ..."
            break
        end
        list[#list + 1] = "  " .. id
    end
    failure.raise("usage", '"%s" is the beginning of several traces; give more of the id:\n%s', prefix,
        table.concat(list, "\n"))
end

local function json_object(search)
    local records = {}
    for index, rec in ipairs(search.records) do
        records[index] = rec:json()
    end
    local object = ('{"trace":%s,"records":[%s]}'):format(search.trace and search.trace:json() or "null",
        table.concat(records, ","))
    local known = search.engine_trace or search.trace
    if known and known.open and search.is_known ~= false and not forecast.foreign_rule() then
        object = forecast.joined(object, (forecast.of(known)))
    end
    if search.children then
        object = ('%s,"children":%s}'):format(object:sub(1, -2), tracereel.json(family.objects(search.children)))
    end
    return search.is_known == nil and object or unknown_traces.mark(object, search.is_known, search.because)
end

-- What there is to say of the trace that was found, and says it.
local function write_found(search, log, context, parsed, is_imported)
    search.options = engine_options.use(parsed, context.path, false, log)
    if not parsed.from and not parsed.snapshot then
        search.is_known, search.because, search.engine_trace =
            engine_view.compare_one(log, search.id, search.trace, search.records)
    end
    search.parent = is_imported and search.trace and parent_of(search.trace, context.path) or nil
    search.lists_children, search.is_outcome_wanted = parsed.children, options.outcome_test(parsed)
    if parsed.html then
        output_file.made(parsed.html, function(put)
            require "tracereel.render.show_page".write(search, { path = context.path, now_ns = log:stats().now_ns,
                flow = of_log.of(parsed, context.path) }, put)
        end)
    end
    if parsed.json then
        output.line(logs.with_log(context, json_object(search)))
    else
        trace_page.write(search, log:stats().now_ns, parsed.ascii)
    end
    if search.is_known and search.trace and search.trace.open and not forecast.foreign_rule() then
        engine_options.tell_refusal(log)
    end
end

---@param parsed table
---@return integer exit code
function show.run(parsed)
    zone.use(parsed)
    if parsed.html and #parsed.logs > 1 then
        failure.raise("usage", "--html writes a page of one trace of one log: give the logs one by one")
    end
    local is_meant, called_id = options.id_test({ parsed.trace }), tracereel.trace_id_of(parsed.trace)
    local all_ids, found_count = {}, 0
    local code = logs.each(parsed, function(log, context)
        of_log.use(parsed, context.path, log)
        options.check_trace_word(parsed.trace)
        local is_imported = node_names.are_imported()
        local search = search_log(log, is_meant, is_imported)
        if search.id_count > 1 and search.ids[called_id] then
            -- It is a source's own id, and by chance the beginning of others.
            is_meant, all_ids = options.id_test { called_id }, {}
            search = search_log(log, is_meant, is_imported)
        end
        for id in pairs(search.ids) do
            all_ids[id] = true
        end
        if search.id_count > 1 or search.id and next(all_ids, (next(all_ids))) then
            ambiguous(parsed.trace, all_ids)
        elseif search.id_count == 0 then
            if #parsed.logs > 1 and not parsed.json then
                output.line("no such trace in this log")
            end
            return
        end
        found_count = found_count + 1
        write_found(search, log, context, parsed, is_imported)
    end)
    if found_count == 0 and code <= exit_codes.damaged and not logs.interrupted() then
        output.say("no trace %s; `tracereel traces` lists those there are", options.trace_words(parsed.trace))
        return exit_codes.usage
    end
    return code
end

return show
