-- One trace as an HTML page: what it is, its attempts in time, what is unfinished, and its records.
local document = require "tracereel.render.page.document"
local html = require "tracereel.render.html"
local labels = require "tracereel.render.page.labels"
local node_names = require "tracereel.log.node_names"
local record_line = require "tracereel.render.record_line"
local record_types = require "tracereel.log.record_types"
local text = require "tracereel.util.text"
local timing_report = require "tracereel.timing.report"
local trace_data = require "tracereel.render.page.trace_data"
local trace_labels = require "tracereel.render.trace_labels"
local trace_view = require "tracereel.render.page.trace_view"
local tracereel = require "tracereel"
local waterfall = require "tracereel.render.page.waterfall"

local show_page = {}

-- A page stays below 2 MB: beyond these the shortest attempts are left out, and the records in the middle.
local max_spans, max_records = 40000, 1000
-- As much of what a record says; `dump --full` has all.
local max_columns = 160

local function header(found, path)
    local trace = found.trace
    local lines = { html.element("code", nil, html.escape(path)) }
    if trace then
        lines[#lines + 1] = html.escape(trace_labels.outcome(trace)
            .. (trace.open and ", open at the end of the log" or ""))
    end
    return html.element("header", nil, html.element("h1", nil, html.escape("Trace " .. found.id)), "\n",
        html.element("p", { class = "where" }, table.concat(lines, "<br>"))) .. "\n"
end

local function add(items, class, strong, words)
    items[#items + 1] = html.element("li", { class = class }, "<b>", html.escape(strong), "</b> ", html.escape(words))
        .. "\n"
end

local function notices(found)
    local trace, items = found.trace, {}
    if not trace then
        add(items, "damage", "Its beginning is missing:", "the log has records of it, but no trace_start.")
    elseif trace.tainted then
        add(items, "damage", "Tainted:", "it was open where the log is damaged; records of it may be missing.")
    end
    if trace and trace.held then
        add(items, "warning", "Held:", text.clean(trace.held))
    end
    local counts = {}
    for _, event in ipairs(found.events) do
        for _, code in ipairs(event.codes or {}) do
            counts[code] = (counts[code] or 0) + 1
        end
    end
    for code, count in tracereel.sorted(counts) do
        add(items, "warning", code .. ":", ("%s (%s)"):format(tracereel.violations[code], text.count(count, "time")))
    end
    if trace and trace.open then
        local foreign = trace_labels.foreign()
        add(items, "plain", foreign and "What comes next:" or "At its next start the engine", foreign
            or found.is_known == false and "does not know this trace"
            or trace_labels.recovery(found.engine_trace or trace))
    end
    return #items > 0 and html.element("ul", { class = "notices" }, "\n", items) .. "\n" or ""
end

-- Every place of the list, or the first and the last of it where there are too many.
local function shown_places(count)
    local places = {}
    for place = 1, count do
        if count <= max_records or place <= max_records // 2 or place > count - max_records // 2 then
            places[#places + 1] = place
        end
    end
    return places
end

local function record_row(event, index, start_ns)
    local rec = event.rec
    local node = record_types.node_of(rec)
    local took_ns = event.took_ns
    return html.element("tr", { ["data-entry"] = true },
        html.element("th", { scope = "row", class = "node", ["data-value"] = index },
            html.escape((math.ult(rec.timestamp_ns, start_ns) and "-" or "+")
                .. html.duration(math.abs(rec.timestamp_ns - start_ns)))),
        html.element("td", { class = "words" }, html.escape(rec.type)),
        html.element("td", { class = "words" }, html.escape(node and node_names.label(node) or "–")),
        html.element("td", { ["data-value"] = took_ns and ("%d"):format(took_ns) },
            html.escape(took_ns and (event.is_estimated and "~" or "") .. html.duration(took_ns) or "–")),
        html.element("td", { class = "words" }, html.escape(text.cut(text.clean(record_line.what(rec)), max_columns))),
        html.element("td", { class = "words" }, html.escape(table.concat(event.codes or {}, ", "))),
        html.element("td", nil, html.escape(("%s:%d"):format(tracereel.unsigned(rec.sequence), rec.offset)))) .. "\n"
end

local function records_section(found, start_ns)
    local events, headings, rows = {}, {}, {}
    for _, event in ipairs(found.events) do
        events[#events + 1] = event.rec and event or nil
    end
    for index, title in ipairs { "At", "Record", "Node", "Took", "What it says", "Violations", "Segment:offset" } do
        local class = index == 1 and "node" or (title ~= "Took" and index < 7) and "words" or false
        headings[index] = html.element("th", { scope = "col", class = class,
            ["aria-sort"] = index == 1 and "ascending" or title == "Took" and "none" or false }, title)
    end
    for row, place in ipairs(shown_places(#events)) do
        rows[row] = record_row(events[place], place, start_ns)
    end
    local left_out = #events > #rows and html.element("p", { class = "note left-out" }, ("Not in this table: the %s in "
        .. "the middle; `tracereel show` and `tracereel dump` have all."):format(
        html.counted(#events - #rows, "record")))
        or ""
    return labels.section("records", "Records", nil,
        html.element("div",
            { class = "scroller", tabindex = "0", role = "region", ["aria-label"] = "Table of records" },
            html.element("table", { class = "sortable" }, html.element("thead", nil, html.element("tr", nil, headings)),
                html.element("tbody", nil, "\n", rows))), left_out)
end

-- What decided how long it took, of a trace that is closed and whole.
local function timed_of(trace, flow)
    if trace.open or trace.from_snapshot or trace.tainted then
        return nil
    end
    local timing = assert(timing_report.new(flow, 1))
    timing:add(trace)
    return timing:report().worst_traces[1]
end

---Writes the page: the same bytes for the same trace.
---@param found table as for trace_page.write
---@param where { path: string, now_ns: integer, flow: table|nil }
---@param write fun(text: string)
function show_page.write(found, where, write)
    local views = found.trace and { trace_view.of(found.trace, where.now_ns, timed_of(found.trace, where.flow)) } or {}
    local first = found.records[1]
    local start_ns = views[1] and views[1].start_ns or first and first.timestamp_ns or 0
    local data = trace_data.of(views, start_ns, max_spans)
    document.write({
        title = "Trace " .. found.id, header = header(found, where.path), command = "show", manual = "commands.md",
        scripts = { "time_view.js", "trace_details.js", "waterfall.js" }, data = data, entries = "records",
        body = {
            document.filter_box("node, error, type of record"), notices(found),
            waterfall.section(views, { title = "In time", note = "From the trace's start.", drawn_count = 1,
                open_count = 1 }),
            records_section(found, start_ns),
        },
    }, write)
end

return show_page
