-- XES (IEEE 1849): a trace for each trace, with an event for each start and end of an attempt, each suspension and
-- resumption, and each record of a loop.
local json_text = require "tracereel.export.json_text"
local tracereel = require "tracereel"

local xes = { place = 8, note = "IEEE XES event log", needs_times = true }

local Xes = {}
Xes.__index = Xes

local head = [[
<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<global scope="trace">
<string key="concept:name" value="unknown"/>
</global>
<global scope="event">
<string key="concept:name" value="unknown"/>
<string key="lifecycle:transition" value="unknown"/>
<date key="time:timestamp" value="1970-01-01T00:00:00Z"/>
</global>
<classifier name="Activity" keys="concept:name"/>
<string key="lifecycle:model" value="standard"/>
]]

local escapes = {
    ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["\t"] = "&#9;", ["\n"] = "&#10;",
    ["\r"] = "&#13;",
}

-- What XML 1.0 has no way to write: control characters, and two characters at the end of the first plane.
local function escaped(value)
    if not value:find('[&<>"%c\x80-\xFF]') then
        return value
    end
    local valid = json_text.valid_utf8(value):gsub('[&<>"\t\n\r]', escapes)
    valid = valid:gsub("[\0-\8\11\12\14-\31]", "\u{FFFD}")
    return (valid:gsub("\u{FFFE}", "\u{FFFD}"):gsub("\u{FFFF}", "\u{FFFD}"))
end

local function attribute(kind, key, value)
    return "<" .. kind .. ' key="' .. escaped(key) .. '" value="' .. value .. '"/>\n'
end

local function text(key, value)
    return value ~= nil and attribute("string", key, escaped(value)) or ""
end

-- XES has 64 bits with a sign: what is larger is a text of its digits.
local function unsigned(key, value)
    return value and attribute(value < 0 and "string" or "int", key, tracereel.unsigned(value)) or ""
end

local function time(key, ns)
    return ns ~= nil and attribute("date", key, tracereel.time(ns)) or ""
end

-- Marks are there only where they hold.
local function mark(key, value)
    return value and attribute("boolean", key, "true") or ""
end

-- A value of a user's metadata, with the type that it has.
local function value_of_metadata(key, value)
    if type(value) == "string" then
        return text(key, value)
    elseif type(value) == "boolean" then
        return attribute("boolean", key, tostring(value))
    elseif math.type(value) == "integer" then
        return attribute("int", key, ("%d"):format(value))
    elseif math.type(value) == "float" then
        return attribute("float", key, ("%.17g"):format(value))
    end
    return ""
end

-- Within one instant: what ends, then loops, then what begins. An attempt that takes no time ends where it begins,
-- unless it waits meanwhile.
local phase = { resumed = 1, ended = 2, looped = 3, scheduled = 4, started = 5, suspended = 6, resumed_at_once = 7,
    ended_at_once = 8 }

-- The events of one trace, to be put into order.
local Story = {}
Story.__index = Story

---@param name string the event's concept:name
---@param instance string|nil
---@param transition string of the standard lifecycle
function Story:add(ns, order, name, instance, transition, attributes)
    self[#self + 1] = {
        ns = ns, order = order, number = #self,
        text = "<event>\n" .. text("concept:name", name) .. text("concept:instance", instance)
            .. text("lifecycle:transition", transition) .. time("time:timestamp", ns) .. attributes .. "</event>\n",
    }
end

local function is_earlier(a, b)
    if a.ns ~= b.ns then
        return math.ult(a.ns, b.ns)
    elseif a.order ~= b.order then
        return a.order < b.order
    end
    return a.number < b.number
end

local function ends_of(attempt)
    if attempt.is_open then
        return nil
    elseif attempt.outcome == "done" then
        return "complete", mark("tracereel.clock_step", attempt.is_clock_step)
    end
    local problem = attempt.error
    return "ate_abort", text("tracereel.outcome", attempt.outcome)
        .. text("tracereel.error", problem and problem.message) .. text("tracereel.kind", attempt.kind)
        .. mark("tracereel.clock_step", attempt.is_clock_step)
end

local function add_attempt(story, label, attempt, waits_at)
    local instance = attempt.instance
    if attempt.scheduled_ns then
        story:add(attempt.scheduled_ns, phase.scheduled, label, instance, "schedule", "")
    end
    if not attempt.is_cut then
        story:add(attempt.start_ns, phase.started, label, instance, "start", text("org:resource", attempt.resource)
            .. unsigned("tracereel.attempt", attempt.number) .. mark("tracereel.estimated", attempt.is_estimated))
    end
    local transition, attributes = ends_of(attempt)
    if transition then
        local is_instant = attempt.end_ns == attempt.start_ns and not attempt.is_cut
        local order = not is_instant and phase.ended or waits_at[attempt.end_ns] and phase.ended_at_once
            or phase.started
        story:add(attempt.end_ns, order, label, instance, transition, attributes)
    end
end

local function add_node(story, label, node)
    local waits_at, instance = {}, node.instance
    for _, suspension in ipairs(node.suspensions) do
        local start_ns, end_ns = suspension.start_ns, suspension.end_ns
        waits_at[start_ns] = true
        story:add(start_ns, phase.suspended, label, instance, "suspend",
            text("tracereel.wait", suspension.wait))
        if not suspension.is_open then
            story:add(end_ns, start_ns == end_ns and phase.resumed_at_once or phase.resumed, label, instance, "resume",
                "")
        end
    end
    for _, attempt in ipairs(node.attempts) do
        add_attempt(story, label, attempt, waits_at)
    end
    for _, event in ipairs(node.loop_events) do
        story:add(event.timestamp_ns, phase.looped, label, instance, "unknown",
            unsigned("tracereel.iteration", event.iteration) .. mark("tracereel.loop_exit", event.is_exit))
    end
end

-- No element has a key twice.
local function is_ours(key)
    return type(key) ~= "string" or key == "concept:name" or key:find("^tracereel%.") ~= nil
end

-- The user's own fields: the metadata where it is a JSON object, each value under its key.
local function user_metadata(context, trace)
    local fields, whole = context.metadata_of(trace)
    if not fields then
        return text("tracereel.metadata", whole)
    end
    local parts = {}
    for key, value in tracereel.sorted(fields) do
        if not is_ours(key) then
            parts[#parts + 1] = value_of_metadata(key, value)
        end
    end
    return table.concat(parts)
end

local function of_trace(context, trace_stats)
    local trace, problem = trace_stats.trace, trace_stats.failure
    return text("concept:name", context.own_id(trace) or trace.id)
        .. text("tracereel.pipeline", context.pipeline_of(trace))
        .. text("tracereel.status", trace.held and "held" or context.status_of(trace))
        .. time("tracereel.start", trace_stats.is_start_known and trace.start_ns or nil)
        .. time("tracereel.end", not trace.open and trace.last_ns or nil)
        .. text("tracereel.error", problem and problem.message)
        .. text("tracereel.parent", context.is_imported() and trace.parent or nil)
        .. mark("tracereel.tainted", trace.tainted)
        .. user_metadata(context, trace)
end

---@param trace_stats tracereel.export.stats
function Xes:trace(trace_stats)
    local context = self.context
    local story = setmetatable({}, Story)
    for _, node in ipairs(trace_stats.nodes) do
        add_node(story, context.node_label(node.id), node)
    end
    table.sort(story, is_earlier)
    context.write("<trace>\n", of_trace(context, trace_stats))
    for _, event in ipairs(story) do
        context.write(event.text)
    end
    context.write("</trace>\n")
end

function Xes:finish()
    self.context.write("</log>\n")
end

function xes.new(context)
    context.write(head)
    return setmetatable({ context = context }, Xes)
end

return xes
