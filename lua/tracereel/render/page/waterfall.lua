-- Traces as waterfalls: a lane for each node, its attempts in time, what decided the trace marked. This is what there
-- is without a script; waterfall.js draws the same, and all the others, from trace_data.lua.
local folded_time = require "tracereel.render.folded_time"
local html = require "tracereel.render.html"
local labels = require "tracereel.render.page.labels"
local path_parts = require "tracereel.timing.path_parts"
local svg = require "tracereel.render.svg"
local trace_data = require "tracereel.render.page.trace_data"

local waterfall = {}

local lane_height, bar_y, bar_height, scale_height = 24, 5, 11, 20
-- A page stays readable, and of moderate size: beyond these the shortest are left out, and it says so.
local lane_limit, span_limit = 40, 150

local outcome_labels = { done = "done", error = "failed", abandoned = "started again without an end", open = "running" }

local bar_class = { done = "run", error = "retry", abandoned = "retry", open = "open" }

-- A lane for each node, in the order in which they began.
local function lanes_of(spans, suspensions)
    local lanes, lane_of = trace_data.lanes(spans, suspensions)
    for _, lane in ipairs(lanes) do
        lane.spans, lane.suspensions, lane.run_ns, lane.suspended_ns = {}, {}, 0, 0
    end
    for _, span in ipairs(spans) do
        local lane = lane_of[span]
        table.insert(lane.spans, span)
        lane.run_ns = lane.run_ns + span.run_ns
        lane.is_estimated = lane.is_estimated or span.estimated
    end
    for _, wait in ipairs(suspensions) do
        local lane = lane_of[wait]
        table.insert(lane.suspensions, wait)
        lane.suspended_ns = lane.suspended_ns + math.max(0, wait.end_ns - wait.start_ns)
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
    parts[#parts + 1] = span.error
    return table.concat(parts, "; ")
end

local function span_bars(span, trace, scale, into)
    local from = scale.position(span.start_ns - trace.start_ns)
    local to = scale.position(span.end_ns - trace.start_ns)
    if span.ready_ns < span.start_ns and not span.estimated then
        into[#into + 1] = svg.bar("queue", scale.position(span.ready_ns - trace.start_ns), from,
            bar_y + bar_height // 2 - 1, 3)
    end
    into[#into + 1] = svg.bar(bar_class[span.outcome], from, to, bar_y, bar_height,
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

-- What the bars of a lane show: how long its node ran, and how long it was suspended.
local function lane_figure(lane)
    local run = labels.duration(lane.run_ns, lane.is_estimated)
    if lane.suspended_ns > 0 and lane.suspended_ns >= lane.run_ns then
        return html.duration(lane.suspended_ns), "suspended"
    end
    return run
end

local function lane_label(lane)
    local name = labels.node(lane.id, lane.name)
    local waited = ("suspended for %s"):format(html.duration(lane.suspended_ns))
    if #lane.spans == 0 then
        return ("Node %s: %s"):format(name, waited)
    end
    return ("Node %s: ran for %s in %s%s"):format(name, labels.duration(lane.run_ns, lane.is_estimated),
        html.counted(#lane.spans, "attempt"), lane.suspended_ns > 0 and ", " .. waited or "")
end

local function lane_row(lane, trace, scale, background)
    local parts = { background }
    for _, span in ipairs(lane.spans) do
        span_bars(span, trace, scale, parts)
    end
    for _, suspension in ipairs(lane.suspensions) do
        parts[#parts + 1] = suspension_bar(suspension, trace, scale)
    end
    local figure, what = lane_figure(lane)
    return html.element("div", { class = "row" },
        html.element("div", { class = "label" }, labels.node_label(lane.id, lane.name)),
        svg.chart("lane", lane_height, lane_label(lane), parts),
        html.element("div", { class = "figures" }, what and html.element("small", nil, what .. " ") or "",
            html.element("b", nil, html.escape(figure)))) .. "\n"
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

local function left_out_note(trace, lane_count, left_out)
    local parts = {}
    if lane_count > lane_limit then
        parts[#parts + 1] = html.counted(lane_count - lane_limit, "more node")
    end
    if left_out > 0 then
        parts[#parts + 1] = html.counted(left_out, "shorter attempt") .. " and suspensions"
    end
    if #parts == 0 then
        return ""
    end
    return html.element("p", { class = "note" }, "Not drawn: ", table.concat(parts, ", "), ". See ",
        html.element("code", nil, "tracereel show " .. html.escape(trace.trace_id)), ".")
end

-- What there is without a script.
local function picture(trace)
    local spans = trace_data.longest(trace.spans, span_limit)
    local suspensions = trace_data.longest(trace.suspensions, span_limit)
    local drawn = setmetatable({ spans = spans, suspensions = suspensions }, { __index = trace })
    local scale = folded_time.scale(drawn)
    local background = ground(scale)
    local lanes = lanes_of(spans, suspensions)
    local rows = { scale_row(scale) }
    for lane_index = 1, math.min(#lanes, lane_limit) do
        rows[#rows + 1] = lane_row(lanes[lane_index], trace, scale, background)
    end
    return html.element("div", { class = "waterfall" }, "\n", rows) .. left_out_note(trace, #lanes,
        #trace.spans - #spans + #trace.suspensions - #suspensions + trace.left_out_count)
end

local function details_of(trace)
    local details = { trace.status, "began " .. labels.time(trace.start_ns) }
    if trace.suspended_ns and trace.suspended_ns > 0 then
        details[#details + 1] = "suspended " .. html.duration(trace.suspended_ns)
    end
    if trace.path then
        details[#details + 1] = "critical path: ran " .. html.duration(trace.critical_ns)
        for _, part in ipairs(path_parts) do
            local ns = trace.path[part.key .. "_ns"] or 0
            details[#details + 1] = ns ~= 0 and part.label .. " " .. html.duration(ns) or nil
        end
    end
    return details
end

-- How a trace's line begins: its own words are for people, and come first.
local function trace_element(trace, index, drawn_count, open_count)
    local without_script = index <= drawn_count and picture(trace)
        or html.element("p", { class = "note unscripted" }, "Drawn by the page's script; or see ",
            html.element("code", nil, "tracereel show " .. html.escape(trace.trace_id)), ".")
    return html.element("details", { class = "trace", id = "trace-" .. trace.trace_id, open = index <= open_count,
        ["data-trace"] = index - 1 },
        html.element("summary", nil,
            html.element("b", nil, html.escape(html.duration(trace.makespan_ns)), trace.is_open and " so far" or ""),
            " ", html.element("code", nil, html.escape(trace.own_id or trace.trace_id)), " ",
            html.element("span", { class = "detail" }, labels.listed(table.unpack(details_of(trace))))), "\n",
        html.element("div", { class = "picture" }, without_script)) .. "\n"
end

local function legend(views)
    local items = {
        { "run", "run" }, { "queue", "ready, not started" }, { "suspended", "suspended" },
        { "retry", "failed attempt" }, { "critical", "on the critical path" },
    }
    for _, view in ipairs(views) do
        for _, span in ipairs(items[6] and {} or view.spans) do
            items[6] = items[6] or span.estimated and { "estimated", "start estimated" } or nil
        end
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

---@param views tracereel.trace_view[]
---@param section { title: string, note: string, drawn_count: integer, open_count: integer } how many are drawn without
---  a script, and how many of them are open at first
function waterfall.section(views, section)
    if #views == 0 then
        return ""
    end
    local elements = {}
    for index, view in ipairs(views) do
        elements[index] = trace_element(view, index, section.drawn_count, section.open_count)
    end
    local hint = html.element("p", { class = "note for-scripts" }, "Drag over a stretch to zoom; Ctrl and wheel, two "
        .. "fingers, or + and − zoom; Shift and drag move; 0 shows all. Tap an attempt, or go to it with the arrow "
        .. "keys, for what is known of it.")
    return labels.section("worst", section.title, section.note .. " The shaded stretches are folded: nothing ran while "
        .. "they lasted, and their length is written above.", hint, hatch, legend(views), "\n", elements)
end

return waterfall
