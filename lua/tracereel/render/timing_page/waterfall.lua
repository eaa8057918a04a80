-- The longest traces, each as a waterfall: a lane for each node, its attempts in time, what decided the trace marked.
local folded_time = require "tracereel.render.folded_time"
local html = require "tracereel.render.html"
local svg = require "tracereel.render.svg"
local labels = require "tracereel.render.timing_page.labels"
local path_parts = require "tracereel.timing.path_parts"

local waterfall = {}

local lane_height, bar_y, bar_height, scale_height = 24, 5, 11, 20
-- A page stays readable, and of moderate size: beyond these the shortest are left out, and it says so.
local trace_limit, open_limit, lane_limit, span_limit = 10, 3, 60, 400

local outcome_labels = { done = "done", error = "failed", abandoned = "started again without an end" }

---Which traces are drawn, by their ids: a row of the table can lead to them.
---@param report tracereel.timing_report
---@return table<string, boolean>
function waterfall.drawn(report)
    local drawn = {}
    for index = 1, math.min(#report.worst_traces, trace_limit) do
        drawn[report.worst_traces[index].trace_id] = true
    end
    return drawn
end

-- The longest of the spans, in their order.
local function drawn_spans(trace)
    local by_length = table.move(trace.spans, 1, #trace.spans, 1, {})
    table.sort(by_length, function(a, b)
        local length_a, length_b = a.end_ns - a.start_ns, b.end_ns - b.start_ns
        if length_a ~= length_b then
            return length_a > length_b
        elseif a.start_ns ~= b.start_ns then
            return a.start_ns < b.start_ns
        end
        return a.node_id < b.node_id
    end)
    local is_kept = {}
    for index = 1, math.min(#by_length, span_limit) do
        is_kept[by_length[index]] = true
    end
    local kept = {}
    for _, span in ipairs(trace.spans) do
        if is_kept[span] then
            kept[#kept + 1] = span
        end
    end
    return kept
end

-- A lane for each node, in the order in which they began.
local function lanes_of(trace)
    local lanes, by_node = {}, {}
    local function lane_of(item)
        local lane = by_node[item.node_id]
        if not lane then
            lane = { id = item.node_id, name = item.name, spans = {}, suspensions = {}, run_ns = 0 }
            by_node[item.node_id] = lane
            lanes[#lanes + 1] = lane
        end
        return lane
    end
    for _, span in ipairs(drawn_spans(trace)) do
        local lane = lane_of(span)
        table.insert(lane.spans, span)
        lane.run_ns = lane.run_ns + span.run_ns
        lane.is_estimated = lane.is_estimated or span.estimated
    end
    for index = 1, math.min(#trace.suspensions, span_limit) do
        local suspension = trace.suspensions[index]
        table.insert(lane_of(suspension).suspensions, suspension)
    end
    return lanes
end

local function span_title(span, trace)
    local parts = {
        ("%s: %s after %s"):format(labels.node(span.node_id, span.name), outcome_labels[span.outcome],
            labels.duration(span.run_ns, span.estimated)),
        ("began at +%s"):format(labels.duration(math.max(0, span.start_ns - trace.start_ns), span.estimated)),
    }
    if span.start_ns > span.ready_ns and not span.estimated then
        parts[#parts + 1] = ("had been ready for %s"):format(html.duration(span.start_ns - span.ready_ns))
    end
    parts[#parts + 1] = span.critical and "on the critical path" or nil
    return table.concat(parts, "; ")
end

local function span_bars(span, trace, scale, into)
    local from = scale.position(span.start_ns - trace.start_ns)
    local to = scale.position(span.end_ns - trace.start_ns)
    if span.ready_ns < span.start_ns and not span.estimated then
        into[#into + 1] = svg.bar("queue", scale.position(span.ready_ns - trace.start_ns), from,
            bar_y + bar_height // 2 - 1, 3)
    end
    into[#into + 1] = svg.bar(span.outcome == "done" and "run" or "retry", from, to, bar_y, bar_height,
        span_title(span, trace))
    if span.estimated then
        into[#into + 1] = svg.bar("estimated", from, to, bar_y, bar_height)
    end
    if span.critical then
        into[#into + 1] = svg.bar("critical", from, to, bar_y + bar_height + 1, 3)
    end
end

local function suspension_bar(suspension, trace, scale)
    return svg.bar("suspended", scale.position(suspension.start_ns - trace.start_ns),
        scale.position(suspension.end_ns - trace.start_ns), bar_y, bar_height,
        ("%s: suspended for %s"):format(labels.node(suspension.node_id, suspension.name),
            html.duration(math.max(0, suspension.end_ns - suspension.start_ns))))
end

-- The ground of every lane: lines by which the eye follows a time down.
local function ground(scale)
    local parts = {}
    for _, fold in ipairs(scale.folds) do
        parts[#parts + 1] = svg.bar("break", fold.left, fold.right, 0, lane_height, "folded: "
            .. html.duration(fold.length_ns) .. " in which nothing ran")
        for _, x in ipairs { fold.left, fold.right } do
            parts[#parts + 1] = svg.line("break", x, 0, x, lane_height)
        end
    end
    for _, tick in ipairs(scale.ticks) do
        parts[#parts + 1] = svg.line("grid", tick.position, 0, tick.position, lane_height)
    end
    return table.concat(parts)
end

local function lane_row(lane, trace, scale, background)
    local parts = { background }
    for _, span in ipairs(lane.spans) do
        span_bars(span, trace, scale, parts)
    end
    for _, suspension in ipairs(lane.suspensions) do
        parts[#parts + 1] = suspension_bar(suspension, trace, scale)
    end
    local run = labels.duration(lane.run_ns, lane.is_estimated)
    local label = ("Node %s: ran for %s in %s"):format(labels.node(lane.id, lane.name), run,
        html.counted(#lane.spans, "attempt"))
    return html.element("div", { class = "row" },
        html.element("div", { class = "label" }, labels.node_label(lane.id, lane.name)),
        svg.chart("lane", lane_height, label, parts),
        html.element("div", { class = "figures" }, html.element("b", nil, html.escape(run)))) .. "\n"
end

local function scale_row(scale)
    local marks = {}
    for _, fold in ipairs(scale.folds) do
        marks[#marks + 1] = { position = (fold.left + fold.right) / 2, label = html.duration(fold.length_ns),
            class = "strong" }
    end
    table.move(scale.ticks, 1, #scale.ticks, #marks + 1, marks)
    return html.element("div", { class = "row scale" }, "<div></div>",
        svg.chart("scale", scale_height, nil, svg.labels(marks, 14, 600, 200)),
        html.element("div", { class = "figures" }, "run")) .. "\n"
end

local function left_out_note(trace, lanes)
    local parts = {}
    if #lanes > lane_limit then
        parts[#parts + 1] = html.counted(#lanes - lane_limit, "more node")
    end
    local spans = math.max(0, #trace.spans - span_limit) + math.max(0, #trace.suspensions - span_limit)
        + trace.left_out_count
    if spans > 0 then
        parts[#parts + 1] = html.counted(spans, "shorter attempt") .. " and suspensions"
    end
    if #parts == 0 then
        return ""
    end
    return html.element("p", { class = "note" }, "Not drawn: ", table.concat(parts, ", "), ". See ",
        html.element("code", nil, "tracereel show " .. html.escape(trace.trace_id)), ".")
end

local function trace_picture(trace, index, own_id)
    local scale = folded_time.scale(trace)
    local background = ground(scale)
    local lanes = lanes_of(trace)
    local rows = { scale_row(scale) }
    for lane_index = 1, math.min(#lanes, lane_limit) do
        rows[#rows + 1] = lane_row(lanes[lane_index], trace, scale, background)
    end
    local details = { trace.status, "began " .. labels.time(trace.start_ns) }
    if trace.suspended_ns > 0 then
        details[#details + 1] = "suspended " .. html.duration(trace.suspended_ns)
    end
    details[#details + 1] = "critical path: ran " .. html.duration(trace.critical_ns)
    for _, part in ipairs(path_parts) do
        local ns = trace[part.key .. "_ns"] or 0
        details[#details + 1] = ns ~= 0 and part.label .. " " .. html.duration(ns) or nil
    end
    return html.element("details", { class = "trace", id = "trace-" .. trace.trace_id, open = index <= open_limit },
        html.element("summary", nil, html.element("b", nil, html.escape(html.duration(trace.makespan_ns))), " ",
            html.element("code", nil, html.escape(own_id or trace.trace_id)), " ",
            html.element("span", { class = "detail" }, labels.listed(table.unpack(details)))), "\n",
        html.element("div", { class = "waterfall" }, "\n", rows), left_out_note(trace, lanes)) .. "\n"
end

local function legend(report)
    local items = {
        { "run", "run" }, { "queue", "ready, not started" }, { "suspended", "suspended" },
        { "retry", "failed attempt" }, { "critical", "on the critical path" },
    }
    if report.log == nil or report.log.estimated_count > 0 then
        items[#items + 1] = { "estimated", "start estimated" }
    end
    local parts = {}
    for _, item in ipairs(items) do
        parts[#parts + 1] = html.element("li", nil, html.element("span", { class = "swatch " .. item[1] }, ""), item[2])
    end
    return html.element("ul", { class = "legend" }, parts)
end

-- One pattern for all charts. It is nothing to look at itself.
local hatch = '<svg class="definitions" aria-hidden="true"><defs><pattern id="hatch" width="6" height="6" '
    .. 'patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0,0 V6"></path></pattern></defs></svg>\n'

---@param report tracereel.timing_report
function waterfall.section(report)
    local count = math.min(#report.worst_traces, trace_limit)
    if count == 0 then
        return ""
    end
    local pictures, own_ids = {}, report.own_ids or {}
    for index = 1, count do
        local trace = report.worst_traces[index]
        pictures[index] = trace_picture(trace, index, own_ids[trace.trace_id])
    end
    local note = "From each trace's start, longest first. The shaded stretches are folded: nothing ran while they "
        .. "lasted, and their length is written above."
    return labels.section("worst", count == 1 and "The longest trace" or ("The %d longest traces"):format(count), note,
        hatch, legend(report), "\n", pictures)
end

return waterfall
