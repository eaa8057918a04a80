-- The text around a trace's timeline: its identity above, and below it what is unfinished and what is wrong.
local family = require "tracereel.render.family"
local engine_options = require "tracereel.forecast.options"
local imported_fields = require "tracereel.log.imported_fields"
local node_names = require "tracereel.log.node_names"
local output = require "tracereel.cli.output"
local text = require "tracereel.util.text"
local timeline = require "tracereel.render.timeline"
local trace_labels = require "tracereel.render.trace_labels"
local trace_times = require "tracereel.log.trace_times"
local tracereel = require "tracereel"
local units = require "tracereel.util.units"
local zone = require "tracereel.cli.zone"

local trace_page = {}

local style_of = { running = "cyan", suspended = "yellow", complete = "green", failed = "red" }

-- About three lines: `show --json` has all of it.
local metadata_columns = 200

local function labelled(label, value, style)
    local room = math.max(output.columns() - 12, 24)
    for index, line in ipairs(text.wrap(value, room)) do
        output.line(("  %-9s %s"):format(index == 1 and label or "", output.paint(style, line)))
    end
end

-- Where the engine's state is not that of the log.
local function write_engines_view(found)
    if found.because then
        local known = found.is_known and "" or "does not know it, will never recover it: "
        labelled("engine", known .. found.because, "red")
    end
end

-- Which trace started this one, and where.
local function parent_words(parent, trace)
    local words = parent.own_id and ("%s (%s)"):format(text.clean(parent.own_id), parent.id) or parent.id
    if trace.parent_node then
        words = words .. ", at " .. node_names.node(trace.parent_node)
    end
    words = words .. imported_fields.suffix(trace.parent_instance, text.clean)
    return parent.is_there == false and words .. ": it is not in this log" or words
end

-- Folded where nobody has asked for them.
local function write_children(found, page)
    local list = found.children
    if not list then
        return
    elseif not found.lists_children then
        output.line(("  %s (--children lists them)"):format(family.words(list)))
        return
    end
    local chosen = found.is_outcome_wanted and family.chosen(list, found.is_outcome_wanted) or list
    output.line("")
    if found.is_outcome_wanted and chosen == list then
        output.line("no such children")
    else
        family.write(chosen, page)
        output.line("  " .. family.words(list))
    end
end

local function write_header(found)
    local trace = found.trace
    output.line(output.paint("bold", "trace " .. found.id))
    if not trace then
        labelled("status", "unknown: the log has records of it, but not its beginning", "red")
        write_engines_view(found)
        return
    end
    -- Of any other log these are words of the metadata like all others.
    local is_imported = node_names.are_imported()
    if is_imported and trace.text_id then
        labelled("id", text.clean(trace.text_id))
    end
    if is_imported and trace.name then
        labelled("name", text.clean(trace.name))
    end
    if found.parent then
        labelled("parent", parent_words(found.parent, trace))
    end
    labelled("status", trace_labels.outcome(trace) .. (trace.open and ", open at the end of the log" or ""),
        style_of[trace.status])
    if trace_times.is_start_known(trace) then
        labelled("started", zone.time(trace.start_ns))
        labelled("took", units.span(trace.start_ns, trace.last_ns) .. (trace.open and " so far" or ""))
    elseif trace.from_snapshot then
        labelled("started", "before the snapshot that reading began from"
            .. (#found.records > 0 and "; times count from the first record here" or ""))
    end
    labelled("records", ("%d, %s"):format(#found.records, text.count(trace.error_count, "error")))
    if trace.metadata then
        labelled("metadata", text.cut(text.clean(trace.metadata), metadata_columns))
    end
    write_engines_view(found)
    if trace.held then
        labelled("held", text.clean(trace.held), "yellow")
    end
    if trace.tainted then
        labelled("TAINTED", "it was open where the log is damaged: records of it may be missing", "red")
    end
end

local function is_unfinished(node)
    return node.status ~= "done" and node.status ~= "idle"
end

-- The waits that are nodes' own and last, by node and instance.
local function own_waits(trace)
    local by_node, latest = {}, trace.last_suspension
    for _, wait in ipairs(latest and trace.suspensions or {}) do
        if wait.wait and not wait.end_ns then
            by_node[imported_fields.node_key(wait.node_id, wait.instance)] = wait
        end
    end
    return by_node
end

local function node_line(trace, node, now_ns, waits)
    local words = { node_names.node(node.id) .. imported_fields.suffix(node.instance, text.clean) }
    local wait = waits[imported_fields.node_key(node.id, node.instance)]
    if node.status == "suspended" and wait then
        words[#words + 1] = ("waits for %s, since %s"):format(units.span(wait.start_ns, now_ns),
            zone.time(wait.start_ns))
        words[#words + 1] = text.clean(wait.wait)
    elseif node.status == "suspended" and trace.suspension then
        local since_ns = trace.suspension.since_ns
        words[#words + 1] = (trace.held and "held " or "suspended ") .. trace_labels.waited(trace.suspension, now_ns)
            .. (since_ns ~= 0 and ", since " .. zone.time(since_ns) or "")
        words[#words + 1] = trace_labels.waits_for(trace.suspension_metadata)
    elseif node.status == "error" then
        words[#words + 1] = ("failed (%s)"):format(text.count(node.error_count, "error"))
        words[#words + 1] = node.error and text.clean(node.error) or nil
    elseif node.status == "looping" then
        words[#words + 1] = ("looping, iteration %d"):format(node.last_iteration)
    elseif node.start_ns then
        words[#words + 1] = ("%s for %s, attempt %d"):format(node.status, units.span(node.start_ns, now_ns),
            #node.attempts)
    else
        words[#words + 1] = node.status
    end
    return table.concat(words, ": ", 1, 2) .. (words[3] and "; " .. words[3] or "")
end

-- An item of a list, in as many lines as it needs.
local function write_item(item)
    for index, line in ipairs(text.wrap(item, output.columns() - 4)) do
        output.line((index == 1 and "  " or "    ") .. line)
    end
end

local function write_unfinished(found, now_ns)
    local trace = found.trace
    output.line("")
    output.line(output.paint("bold", "unfinished at the end of the log, " .. zone.time(now_ns)))
    local count, waits = 0, own_waits(trace)
    for _, node in ipairs(trace.nodes) do
        if is_unfinished(node) then
            count = count + 1
            write_item(node_line(trace, node, now_ns, waits))
        end
    end
    if count == 0 then
        output.line("  no node is known to be running")
    end
    local foreign = trace_labels.foreign()
    if foreign then
        output.line("  " .. foreign)
        return
    end
    output.line(output.paint("bold", "at its next start the engine"))
    write_item(found.is_known == false and "does not know this trace"
        or trace_labels.recovery(found.engine_trace or trace))
    for _, line in ipairs(engine_options.used(found.options)) do
        write_item(line)
    end
end

local function write_violations(found)
    local places, order = {}, {}
    for _, event in ipairs(found.events) do
        for _, code in ipairs(event.codes or {}) do
            if not places[code] then
                places[code] = {}
                order[#order + 1] = code
            end
            table.insert(places[code], ("%s:%d"):format(tracereel.unsigned(event.rec.sequence), event.rec.offset))
        end
    end
    if #order == 0 then
        return
    end
    output.line("")
    output.line(output.paint("bold", "violations"))
    for _, code in ipairs(order) do
        write_item(("%s: %s"):format(code, tracereel.violations[code]))
        output.line("    at " .. text.cut(table.concat(places[code], ", "), output.columns() - 7))
    end
end

local function has_estimates(events)
    for _, event in ipairs(events) do
        if event.is_estimated then
            return true
        end
    end
    return false
end

---@param found table id, trace (or nil), records, events; is_known and because of engine_view.compare_one; options,
--- what engine_options.use returned
---@param now_ns integer the log's end
---@param is_ascii boolean|nil
function trace_page.write(found, now_ns, is_ascii)
    local trace = found.trace
    local first = found.records[1]
    local start_ns = trace and trace_times.is_start_known(trace) and trace.start_ns or first and first.timestamp_ns or 0
    write_header(found)
    if #found.events > 0 then
        output.line("")
        local page = {
            events = found.events,
            start_ns = start_ns,
            end_ns = trace and not trace.open and trace.last_ns or now_ns,
            is_open = trace == nil or trace.open,
            is_ascii = is_ascii,
        }
        timeline.write(page)
        write_children(found, page)
    end
    if has_estimates(found.events) then
        output.line("  ~ estimated: no node_start was written")
    end
    if trace and trace.open then
        write_unfinished(found, now_ns)
    end
    write_violations(found)
end

return trace_page
